"""The generated documents are those of the models: run `make docs` when this fails."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from jsonschema import Draft202012Validator, ValidationError

from tests.unit.audit.audit_reports import REPORTS, report_account_report
from tests.unit.runs.sample_results import ENDINGS, succeeded
from thriftline.audit.schemas.report import AuditReport
from thriftline.runs.schemas.result import Result
from thriftline.runs.schemas.run_spec import RunSpec
from thriftline.serving.schemas.serve_spec import ServeSpec
from thriftline.serving.schemas.serve_yaml import parse_serve_yaml
from tools import write_cli_page, write_instances, write_schemas


def test_the_page_of_the_command_line_is_its_parsers() -> None:
    assert write_cli_page.PAGE.read_text(encoding="utf-8") == write_cli_page.page()


def test_the_published_schema_is_the_models() -> None:
    published = write_schemas.RESULT_SCHEMA.read_text(encoding="utf-8")
    assert published == write_schemas.result_schema()


def test_the_published_schema_of_audits_is_the_models() -> None:
    published = write_schemas.REPORT_SCHEMA.read_text(encoding="utf-8")
    assert published == write_schemas.report_schema()


def test_the_published_schemas_of_live_quality_are_the_models() -> None:
    reference = write_schemas.REFERENCE_SCHEMA.read_text(encoding="utf-8")
    assert reference == write_schemas.reference_schema()
    quality = write_schemas.QUALITY_SCHEMA.read_text(encoding="utf-8")
    assert quality == write_schemas.quality_schema()


def test_the_run_specs_page_is_the_models() -> None:
    published = write_schemas.RUN_SPEC_TABLE.read_text(encoding="utf-8")
    assert published == write_schemas.run_spec_table()


def test_the_serve_specs_page_is_the_models() -> None:
    published = write_schemas.SERVE_SPEC_TABLE.read_text(encoding="utf-8")
    assert published == write_schemas.serve_spec_table()


def test_the_example_of_the_serve_specs_page_is_one() -> None:
    example = write_schemas.serve_spec_table().partition("```yaml\n")[2].partition("```")[0]
    assert parse_serve_yaml(example.encode()).spec.rollout.type == "canary"


@pytest.mark.parametrize(
    ("page", "spec"),
    [
        (write_schemas.run_spec_table(), RunSpec()),
        (write_schemas.serve_spec_table(), ServeSpec()),
    ],
)
def test_the_page_has_every_key_of_the_spec(page: str, spec: RunSpec | ServeSpec) -> None:
    for name, value in spec.model_dump().items():
        keys = value if isinstance(value, dict) else [name]
        # A section that may be absent has a table and no row.
        assert all(
            f"| `{key}` | " in page or f"## `{key}`" in page or f"## `{name}.{key}`" in page
            for key in keys
        )


@pytest.mark.parametrize("ending", ENDINGS)
def test_every_ending_is_valid_by_the_published_schema(ending: Callable[[], Result]) -> None:
    schema = json.loads(write_schemas.RESULT_SCHEMA.read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    document = json.loads(ending().model_dump_json())
    Draft202012Validator(schema).validate(document)


@pytest.mark.parametrize(
    "keys",
    [
        ("run_id",),
        ("status",),
        ("reason",),
        ("error",),
        ("dataset", "codes"),
        ("dataset", "rows"),
        ("dataset", "splits"),
        ("plan", "worst_case_usd"),
        ("plan", "expected_usd"),
        ("cost", "billed_seconds"),
        ("cost", "usd"),
        ("cost", "spot_saving"),
        ("metrics",),
        ("comparison",),
        ("model_package_arn",),
        ("attempts",),
    ],
)
def test_the_schema_asks_for_what_others_rely_on(keys: tuple[str, ...]) -> None:
    schema = json.loads(write_schemas.RESULT_SCHEMA.read_text(encoding="utf-8"))
    _refuses(schema, json.loads(succeeded().model_dump_json()), keys)


def _refuses(schema: Any, document: Any, keys: tuple[str | int, ...]) -> None:
    """Takes the part away that the keys lead to; the schema must miss it."""
    part = document
    for key in keys[:-1]:
        part = part[key]
    del part[keys[-1]]
    with pytest.raises(ValidationError):
        Draft202012Validator(schema).validate(document)


@pytest.mark.parametrize("report", REPORTS)
def test_every_audit_is_valid_by_the_published_schema(report: Callable[[], AuditReport]) -> None:
    schema = json.loads(write_schemas.REPORT_SCHEMA.read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    Draft202012Validator(schema).validate(json.loads(report().model_dump_json()))


@pytest.mark.parametrize(
    "keys",
    [
        ("generated_at",),
        ("window", "start"),
        ("findings", 0, "rule"),
        ("findings", 0, "resource_type"),
        ("findings", 0, "resource"),
        ("findings", 0, "region"),
        ("findings", 0, "account"),
        ("findings", 0, "confidence"),
        ("findings", 0, "severity"),
        ("findings", 0, "evidence"),
        ("findings", 0, "monthly_usd"),
        ("findings", 0, "change"),
        ("planned_actions", 0, "action"),
        ("planned_actions", 0, "resource"),
        ("planned_actions", 0, "reason"),
        ("unknown",),
        ("totals",),
        ("reconciliation", "explained_usd"),
        ("reconciliation", "billed_usd"),
        ("reconciliation", "residual_usd"),
    ],
)
def test_the_schema_of_audits_asks_for_what_others_rely_on(keys: tuple[str | int, ...]) -> None:
    schema = json.loads(write_schemas.REPORT_SCHEMA.read_text(encoding="utf-8"))
    _refuses(schema, json.loads(report_account_report().model_dump_json()), keys)


def test_the_table_of_instances_is_what_its_tool_writes() -> None:
    published = write_instances.TARGET.read_text(encoding="utf-8")
    assert published == write_instances.document()
