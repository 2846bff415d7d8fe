"""The template against the handlers, and against what it promises about safety."""

import importlib
import inspect
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.contract.conftest import API_HANDLER, functions_of
from thriftline.core.settings import Settings

HANDLERS = Path(__file__).parents[2] / "functions/thriftline/handlers"
KEEP = {
    "DataBucket",
    "ArtifactsBucket",
    "EndpointsTable",
    "LedgerTable",
    "RunsTable",
    "TrainingRepository",
}


def snake(logical_id: str) -> str:
    stem = logical_id.removesuffix("Function")
    return re.sub(r"(?<!^)(?=[A-Z])", "_", stem).lower()


def test_every_handler_string_names_a_handler(template: dict[str, Any]) -> None:
    for name, properties in functions_of(template).items():
        module_name, _, attribute = properties["Handler"].rpartition(".")
        module = importlib.import_module(module_name)
        assert callable(getattr(module, attribute)), name
        if properties["Handler"] == API_HANDLER:
            continue
        assert module_name.rsplit(".", 1)[-1] == snake(name)


def test_every_handler_module_is_a_function_of_the_template(template: dict[str, Any]) -> None:
    import pkgutil

    from thriftline import handlers

    modules = {module.name for module in pkgutil.iter_modules(handlers.__path__)}
    assert modules == {
        snake(name)
        for name, properties in functions_of(template).items()
        if properties["Handler"] != API_HANDLER
    }


def test_every_function_has_its_own_log_group_with_retention(template: dict[str, Any]) -> None:
    groups = [f["LoggingConfig"]["LogGroup"].value for f in functions_of(template).values()]
    assert len(set(groups)) == len(groups)
    for group in groups:
        assert "RetentionInDays" in template["Resources"][group]["Properties"]


def test_every_variable_of_the_settings_is_given_to_some_function(template: dict[str, Any]) -> None:
    """And none is given that nobody reads."""
    read = set(re.findall(r'"([A-Z][A-Z_]+)"', inspect.getsource(Settings))) - {"AWS_REGION"}
    common = set(template["Globals"]["Function"]["Environment"]["Variables"])
    given = {
        name
        for properties in functions_of(template).values()
        for name in properties.get("Environment", {}).get("Variables", {})
    } | common
    assert read == given - {"POWERTOOLS_LOG_LEVEL"}


@pytest.mark.parametrize("module", sorted(HANDLERS.glob("[a-z]*.py")), ids=lambda path: path.stem)
def test_a_function_has_every_variable_that_its_wiring_asks_for(
    template: dict[str, Any], module: Path
) -> None:
    """A variable that is missing shows in the first run only, and every one then fails."""
    (properties,) = [
        one
        for one in functions_of(template).values()
        if one["Handler"].endswith(f".{module.stem}.lambda_handler")
    ]
    common = template["Globals"]["Function"]["Environment"]["Variables"]
    given = {*common, *properties.get("Environment", {}).get("Variables", {}), "AWS_REGION"}
    asked = {name for wired in _wired(module.read_text()) for name in _variables(wired, set())}
    assert asked - given == set()


def _wired(source: str) -> list[Callable[..., Any]]:
    """Returns the functions of the wiring that a handler calls."""
    aliases = dict(re.findall(r"from thriftline\.wiring import (\w+) as (\w+)", source))
    found = [
        getattr(importlib.import_module(f"thriftline.wiring.{name}"), called)
        for name, alias in aliases.items()
        for called in set(re.findall(rf"\b{alias}\.(\w+)\(", source))
    ]
    settings = [name for alias in aliases.values() for name in _settings(alias, source)]
    return [one for one in found if one.__name__ != "settings"] + [
        getattr(Settings, name).fget for name in settings
    ]


def _settings(alias: str, source: str) -> list[str]:
    return re.findall(rf"\b{alias}\.settings\(\)\.(\w+)", source)


def _variables(wired: Callable[..., Any], seen: set[str]) -> set[str]:
    """Returns the variables that a function asks for, itself or by others of its module."""
    plain = inspect.unwrap(wired)
    source = inspect.getsource(plain)
    seen.add(plain.__name__)
    found = set(re.findall(r'_require\("([A-Z_]+)"\)', source))
    for name in re.findall(r"\bsettings\(\)\.(\w+)", source):
        found |= _variables(getattr(Settings, name).fget, seen)
    for name in set(re.findall(r"\b(\w+)\(\)", source)) - seen - {"settings"}:
        other = plain.__globals__.get(name)
        if getattr(other, "__module__", "").startswith("thriftline.wiring"):
            found |= _variables(other, seen)
    return found


def test_what_holds_data_survives_the_stack(template: dict[str, Any]) -> None:
    kept = {
        name
        for name, resource in template["Resources"].items()
        if resource.get("DeletionPolicy") == "Retain"
    }
    assert kept == KEEP


@pytest.mark.parametrize("bucket", ["DataBucket", "ArtifactsBucket"])
def test_buckets_are_private_encrypted_versioned_and_tls_only(
    template: dict[str, Any], bucket: str
) -> None:
    properties = template["Resources"][bucket]["Properties"]
    assert set(properties["PublicAccessBlockConfiguration"].values()) == {True}
    assert properties["VersioningConfiguration"]["Status"] == "Enabled"
    assert properties["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    statement = template["Resources"][f"{bucket}Policy"]["Properties"]["PolicyDocument"][
        "Statement"
    ][0]
    assert statement["Effect"] == "Deny"
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_only_the_data_bucket_sends_events(template: dict[str, Any]) -> None:
    """Else an output could start a run."""
    resources = template["Resources"]
    assert "NotificationConfiguration" in resources["DataBucket"]["Properties"]
    assert "NotificationConfiguration" not in resources["ArtifactsBucket"]["Properties"]


def test_what_marks_and_acts_exists_only_where_the_mode_says_so(template: dict[str, Any]) -> None:
    conditions = {
        name: resource.get("Condition")
        for name, resource in template["Resources"].items()
        if "OnPlan" in name or name.startswith("RestoreEndpoint")
    }
    assert conditions == {
        "MarkOnPlanFunction": "MayMark",
        "MarkOnPlanLogs": "MayMark",
        "ActOnPlanFunction": "MayAct",
        "ActOnPlanLogs": "MayAct",
        "RestoreEndpointFunction": "MayAct",
        "RestoreEndpointLogs": "MayAct",
        "RestoreEndpointStateMachine": "MayAct",
        "RestoreEndpointStateMachineLogs": "MayAct",
    }
    assert template["Outputs"]["RestoreEndpointFunctionName"]["Condition"] == "MayAct"
    assert template["Parameters"]["AuditMode"]["Default"] == "report"


def test_an_image_stays_what_its_tag_named(template: dict[str, Any]) -> None:
    repository = template["Resources"]["TrainingRepository"]["Properties"]
    assert repository["ImageTagMutability"] == "IMMUTABLE"


def test_logs_lie_under_the_given_key(template: dict[str, Any]) -> None:
    groups = {
        name: resource["Properties"]
        for name, resource in template["Resources"].items()
        if resource["Type"] == "AWS::Logs::LogGroup"
    }
    assert groups
    for name, properties in groups.items():
        key = properties["KmsKeyId"]
        condition, given, _ = key.value
        assert (key.tag, condition, given.value) == ("If", "HasKmsKey", "KmsKeyArn"), name


def test_the_rules_for_uploads_divide_all_keys_between_them(template: dict[str, Any]) -> None:
    resources = template["Resources"]
    starts = resources["TrainingStateMachine"]["Properties"]["Events"]["Upload"]["Properties"]
    explains = resources["ExplainUploadFunction"]["Properties"]["Events"]["OtherUpload"][
        "Properties"
    ]
    wanted = [part["wildcard"] for part in starts["Pattern"]["detail"]["object"]["key"]]
    (others,) = explains["Pattern"]["detail"]["object"]["key"]
    # A serve.yaml is at its place and starts nothing: neither a run nor an answer.
    assert others["anything-but"]["wildcard"] == [*wanted, "datasets/*/serve.yaml"]


def test_every_parameter_says_what_it_is_for_and_has_a_default(template: dict[str, Any]) -> None:
    for name, parameter in template["Parameters"].items():
        assert parameter["Description"], name
        assert "Default" in parameter, name
