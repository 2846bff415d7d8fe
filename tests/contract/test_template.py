"""The template against the handlers, and against what it promises about safety."""

import importlib
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.contract.conftest import load_cloudformation
from thriftline.core.settings import Settings

ROOT = Path(__file__).parents[2]
READS = re.compile(r":(List|Describe|Get|Search)")
KEEP = {"DataBucket", "ArtifactsBucket", "RunsTable", "TrainingRepository"}


def functions(template: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        name: resource["Properties"]
        for name, resource in template["Resources"].items()
        if resource["Type"] == "AWS::Serverless::Function"
    }


def snake(logical_id: str) -> str:
    stem = logical_id.removesuffix("Function")
    return re.sub(r"(?<!^)(?=[A-Z])", "_", stem).lower()


def test_every_handler_string_names_a_handler(template: dict[str, Any]) -> None:
    for name, properties in functions(template).items():
        module_name, _, attribute = properties["Handler"].rpartition(".")
        module = importlib.import_module(module_name)
        assert callable(getattr(module, attribute)), name
        assert module_name.rsplit(".", 1)[-1] == snake(name)


def test_every_handler_module_is_a_function_of_the_template(template: dict[str, Any]) -> None:
    import pkgutil

    from thriftline import handlers

    modules = {module.name for module in pkgutil.iter_modules(handlers.__path__)}
    assert modules == {snake(name) for name in functions(template)}


def test_every_function_has_its_own_log_group_with_retention(template: dict[str, Any]) -> None:
    groups = [f["LoggingConfig"]["LogGroup"].value for f in functions(template).values()]
    assert len(set(groups)) == len(groups)
    for group in groups:
        assert "RetentionInDays" in template["Resources"][group]["Properties"]


def test_every_variable_of_the_settings_is_given_to_some_function(template: dict[str, Any]) -> None:
    """And none is given that nobody reads."""
    read = set(re.findall(r'"([A-Z][A-Z_]+)"', inspect.getsource(Settings))) - {"AWS_REGION"}
    common = set(template["Globals"]["Function"]["Environment"]["Variables"])
    given = {
        name
        for properties in functions(template).values()
        for name in properties.get("Environment", {}).get("Variables", {})
    } | common
    assert read == given - {"POWERTOOLS_LOG_LEVEL"}


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


def test_no_function_may_do_everything(template: dict[str, Any]) -> None:
    for name, properties in functions(template).items():
        for policy in properties.get("Policies", []):
            for statement in policy.get("Statement", []) if isinstance(policy, dict) else []:
                actions = statement["Action"]
                actions = [actions] if isinstance(actions, str) else actions
                assert not [action for action in actions if "*" in action], name
                if statement["Resource"] == "*":
                    # Listing and metrics have no resource-level permissions.
                    assert all(READS.search(action) for action in actions), (name, actions)


def test_what_audits_share_can_only_read(template: dict[str, Any]) -> None:
    document = template["Resources"]["AuditReadPolicy"]["Properties"]["PolicyDocument"]
    (statement,) = document["Statement"]
    assert [action for action in statement["Action"] if not READS.search(action)] == []


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
    }
    assert template["Outputs"]["RestoreEndpointFunctionName"]["Condition"] == "MayAct"
    assert template["Parameters"]["AuditMode"]["Default"] == "report"


def test_only_what_acts_and_restores_may_change_an_endpoint(template: dict[str, Any]) -> None:
    changing = {
        name
        for name, properties in functions(template).items()
        for action in _actions(properties)
        if re.search(r":(Create|Delete|Update)\w*(Endpoint|InferenceComponent)", action)
    }
    assert changing == {"ActOnPlanFunction", "RestoreEndpointFunction"}


def test_the_roles_of_a_member_account_may_what_the_functions_may(
    template: dict[str, Any],
) -> None:
    member = load_cloudformation(ROOT / "docs/member_account.yaml")["Resources"]
    read = template["Resources"]["AuditReadPolicy"]
    assert (
        member["AuditReadPolicy"]["Properties"]["PolicyDocument"]["Statement"][0]["Action"]
        == (read["Properties"]["PolicyDocument"]["Statement"][0]["Action"])
    )
    for role, function in (
        ("MarkRole", "MarkOnPlanFunction"),
        ("ActRole", "ActOnPlanFunction"),
        ("RestoreRole", "RestoreEndpointFunction"),
    ):
        in_own_account = set(_actions(functions(template)[function])) - OF_THE_STACK
        assert set(_actions(member[role]["Properties"])) == in_own_account, role


# What the functions need in the stack's own account only.
OF_THE_STACK = {
    "events:PutEvents",
    "s3:DeleteObject",
    "s3:GetObject",
    "s3:ListBucket",
    "s3:PutObject",
    "sns:Publish",
    "sts:AssumeRole",
}


def _actions(properties: dict[str, Any]) -> Iterator[str]:
    for policy in properties.get("Policies", []):
        document = policy.get("PolicyDocument", policy) if isinstance(policy, dict) else {}
        for statement in document.get("Statement", []):
            actions = statement["Action"]
            yield from [actions] if isinstance(actions, str) else actions


def test_only_start_training_may_pass_the_training_role(template: dict[str, Any]) -> None:
    passing = [
        name
        for name, properties in functions(template).items()
        for policy in properties.get("Policies", [])
        if isinstance(policy, dict)
        for statement in policy["Statement"]
        if "iam:PassRole" in statement["Action"]
    ]
    # A model that was deleted is made again with its own role, which may be any.
    assert passing == ["StartTrainingFunction", "RestoreEndpointFunction"]


def test_the_rules_for_uploads_divide_all_keys_between_them(template: dict[str, Any]) -> None:
    resources = template["Resources"]
    starts = resources["TrainingStateMachine"]["Properties"]["Events"]["Upload"]["Properties"]
    explains = resources["ExplainUploadFunction"]["Properties"]["Events"]["OtherUpload"][
        "Properties"
    ]
    wanted = [part["wildcard"] for part in starts["Pattern"]["detail"]["object"]["key"]]
    (others,) = explains["Pattern"]["detail"]["object"]["key"]
    assert others["anything-but"]["wildcard"] == wanted


def test_every_parameter_says_what_it_is_for_and_has_a_default(template: dict[str, Any]) -> None:
    for name, parameter in template["Parameters"].items():
        assert parameter["Description"], name
        assert "Default" in parameter, name
