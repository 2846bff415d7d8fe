"""Writes the documents that are made of the models: JSON Schemas, the run spec's keys.

make docs
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from thriftline.audit.schemas.report import AuditReport
from thriftline.evaluation.reference_document import Reference
from thriftline.runs.schemas.result import Result
from thriftline.runs.schemas.run_spec import AUTO, RunSpec
from thriftline.runs.trainers.registry import TRAINERS
from thriftline.serving.schemas.quality import HourQuality
from thriftline.serving.schemas.serve_spec import ServeSpec

ROOT = Path(__file__).parents[1]
RESULT_SCHEMA = ROOT / "docs" / "schemas" / "result.schema.json"
REPORT_SCHEMA = ROOT / "docs" / "schemas" / "report.schema.json"
REFERENCE_SCHEMA = ROOT / "docs" / "schemas" / "reference.schema.json"
QUALITY_SCHEMA = ROOT / "docs" / "schemas" / "quality.schema.json"
RUN_SPEC_TABLE = ROOT / "docs" / "run_spec.md"
SERVE_SPEC_TABLE = ROOT / "docs" / "serve_spec.md"

_INTRODUCTION = """\
# The run spec

`run.yaml` lies beside the data, under `datasets/{project}/run.yaml`. Every key may be left out, and
so may the file: the defaults below then hold. An unknown key, a wrong type or an impossible value
rejects the run with a message that names the key, what was given and what is allowed; nothing is
spent.

```yaml
columns:
  text: sentence
  label: sentiment
hyperparameters:
  epochs: 4
budget:
  max_usd: 5
gate:
  minimum: 0.8
```

"""
_SERVING_INTRODUCTION = """\
# The serve spec

`serve.yaml` lies beside the data, under `datasets/{project}/serve.yaml`, and starts no run: a
deployment of the project reads it. Every key may be left out, and so may the file: the defaults
below then hold. An unknown key, a wrong type, an impossible value or a combination that SageMaker
refuses, or takes and then does something else, refuses the deployment with a message that names the
line, the key, the rule and the fix; nothing is spent.

```yaml
kind: real-time
instance:
  type: ml.m5.large
  count: 2
rollout:
  type: canary
  percent: 50
  wait_seconds: 600
alarms:
  error_share: 0.02
budget:
  max_rollout_usd: 2
```

"""
# Keys of a JSON Schema that bound a value from below and from above, and what they count.
_BOUNDS = (
    ("minimum", "maximum", "", "at least", "at most"),
    ("exclusiveMinimum", "maximum", "", "more than", "at most"),
    ("minimum", "exclusiveMaximum", "", "at least", "less than"),
    ("minLength", "maxLength", " characters", "at least", "at most"),
    ("minItems", "maxItems", " entries", "at least", "at most"),
)
_PATTERNS = {
    "base_model_revision": "40 hexadecimal digits",
    "base_model": "hub id such as `org/name`, or `s3://bucket/prefix/`",
    "instance_type": "`ml.{family}.{size}`",
    "type": "`ml.{family}.{size}`",
    "endpoint": "1 to 63 letters, digits and inner hyphens",
    "on": "`cron(...)`, six fields",
    "off": "`cron(...)`, six fields",
    "kms_key": "ARN or id of a key",
    "node_type": "`{family}.{size}`",
    "spark_version": "`{version}.x-scala{version}`",
    "instance_profile_arn": "ARN of an instance profile",
    "policy_id": "id of a cluster policy",
    "training_plan": "`arn:aws:sagemaker:{region}:{account}:training-plan/{name}`",
    "file_system_id": "`fs-{id}`",
    "directory_path": "a path from `/` on",
    "bucket": "`{name}--{zone id}--x-s3`",
    "trainer": ", ".join(f"`{name}`" for name in (AUTO, *sorted(TRAINERS))),
}
_TYPES = {
    "integer": "whole number",
    "number": "number",
    "string": "text",
    "boolean": "true or false",
    "object": "map of texts",
}


def result_schema() -> str:
    """Returns the JSON Schema of ``result.json``."""
    return _schema(
        Result,
        "result",
        "runs/{run_id}/result.json: how a run ended. What is unknown is null, never "
        "0. Money is US dollars as decimal strings; shares are between 0 and 1; times are UTC.",
    )


def report_schema() -> str:
    """Returns the JSON Schema of an audit's ``report.json``."""
    return _schema(
        AuditReport,
        "report",
        "audits/{audit_id}/report.json: what an audit says. What is unknown is null, never 0. "
        "Money is US dollars as decimal strings; times are UTC.",
    )


def reference_schema() -> str:
    """Returns the JSON Schema of a model's ``reference.json``."""
    return _schema(
        Reference,
        "reference",
        "training/{run_id}/reference.json: how the test split looked to a model. What is unknown "
        "is null, never 0. It holds no text and no word.",
    )


def quality_schema() -> str:
    """Returns the JSON Schema of an hour's document of live quality."""
    return _schema(
        HourQuality,
        "quality",
        "serving/{endpoint}/quality/{hour}.json: what an hour's captured requests add up to, and "
        "the verdict on the window that ends with it. What is unknown is null, never 0; times are "
        "UTC. It holds no text.",
    )


def _schema(model: type[BaseModel], name: str, description: str) -> str:
    schema = model.model_json_schema(mode="serialization")
    document = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:thriftline:schemas:{name}:1.0",
        **schema,
        "title": f"Thriftline {name}",
        "description": description,
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def run_spec_table() -> str:
    """Returns the page with every key of ``run.yaml``."""
    return _spec_table(RunSpec, _INTRODUCTION)


def serve_spec_table() -> str:
    """Returns the page with every key of ``serve.yaml``."""
    return _spec_table(ServeSpec, _SERVING_INTRODUCTION)


def _spec_table(spec: type[BaseModel], introduction: str) -> str:
    lines = [introduction.rstrip(), ""]
    lines += _table("At the top", _leaves(spec))
    for name, field in spec.model_fields.items():
        if section := _section_of(field):
            lines += _table(f"`{name}`", _leaves(section), section.__doc__ or "")
            lines += _inner_tables(name, section)
    return "\n".join(lines).rstrip() + "\n"


def _inner_tables(path: str, section: type[BaseModel]) -> Iterator[str]:
    """Yields the tables of the sections in a section, and of the entries of its lists."""
    for name, field in section.model_fields.items():
        if entry := _entry_of(field.annotation):
            each = "" if _section_of(field) else ", each entry"
            yield from _table(f"`{path}.{name}`{each}", _leaves(entry), entry.__doc__ or "")
            yield from _inner_tables(f"{path}.{name}", entry)


def _section_of(field: FieldInfo) -> type[BaseModel] | None:
    """Returns the model of a section, which may be absent from the file."""
    for kind in (field.annotation, *get_args(field.annotation)):
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            return kind
    return None


def _entry_of(annotation: Any) -> type[BaseModel] | None:
    """Returns the model of the entries of a list, at whatever depth of the annotation."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(filter(None, map(_entry_of, get_args(annotation))), None)


def _leaves(model: type[BaseModel]) -> Iterator[tuple[str, FieldInfo, dict[str, Any]]]:
    properties = model.model_json_schema()["properties"]
    for name, field in model.model_fields.items():
        if _section_of(field) is None:
            yield name, field, properties[name]


def _table(
    title: str, leaves: Iterator[tuple[str, FieldInfo, dict[str, Any]]], about: str = ""
) -> list[str]:
    rows = [
        f"| `{name}` | {_default(field)} | {_allowed(name, schema)} | {field.description or ''} |"
        for name, field, schema in leaves
    ]
    return [
        f"## {title}",
        "",
        *([about.splitlines()[0], ""] if about else []),
        "| key | default | allowed | what it means |",
        "| --- | --- | --- | --- |",
        *rows,
        "",
    ]


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "must be given"
    value = field.get_default(call_default_factory=True)
    if value is None:
        return "none"
    if isinstance(value, tuple):
        return "`[" + ", ".join(str(one) for one in value) + "]`"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _allowed(name: str, schema: dict[str, Any]) -> str:
    """Says what a key takes: the choices, or the type and its bounds."""
    if "oneOf" in schema:  # a value, or a word in its place
        value, word = schema["oneOf"]
        return f"{_allowed(name, word)}, or {_allowed(name, value)}"
    options = [one for one in schema.get("anyOf", [schema]) if one.get("type") != "null"]
    # A decimal may be written as number or text; the number's bounds are the same.
    chosen = options[0]
    if "enum" in chosen:
        return ", ".join(f"`{value}`" for value in chosen["enum"])
    if "const" in chosen:
        return f"`{chosen['const']}`"
    if "pattern" in chosen:
        return _PATTERNS[name]
    if chosen["type"] == "array":
        return ", ".join([_list_of(chosen["items"]), *_bounds(chosen)])
    return ", ".join([_TYPES[chosen["type"]], *_bounds(chosen)])


def _list_of(items: dict[str, Any]) -> str:
    if "enum" in items:
        return "list of " + ", ".join(f"`{value}`" for value in items["enum"])
    if "$ref" in items:
        return "list of entries, see below"
    bounds = " (" + ", ".join(_bounds(items)) + ")" if items["type"] != "string" else ""
    return f"list of {_TYPES[items['type']]}s{bounds}"


def _bounds(schema: dict[str, Any]) -> Iterator[str]:
    told: set[str] = set()
    for low, high, what, least, most in _BOUNDS:
        keys = {low, high} & schema.keys()
        if keys == {low, high}:
            told |= keys
            inclusive = {low, high} == {"minimum", "maximum"} or what
            if inclusive:
                yield f"{_shown(schema[low])} to {_shown(schema[high])}{what}"
            else:
                yield f"{least} {_shown(schema[low])}, {most} {_shown(schema[high])}{what}"
    for low, high, what, least, most in _BOUNDS:
        for key, word in ((low, least), (high, most)):
            if key in schema and key not in told:
                told.add(key)
                yield f"{word} {_shown(schema[key])}{what}"


def _shown(value: float) -> str:
    return f"{int(value):,}" if value == int(value) else str(value)


def main() -> None:
    """Writes them all."""
    for path, text in (
        (RESULT_SCHEMA, result_schema()),
        (REPORT_SCHEMA, report_schema()),
        (REFERENCE_SCHEMA, reference_schema()),
        (QUALITY_SCHEMA, quality_schema()),
        (RUN_SPEC_TABLE, run_spec_table()),
        (SERVE_SPEC_TABLE, serve_spec_table()),
    ):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
