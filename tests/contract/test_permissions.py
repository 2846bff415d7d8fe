"""What each role may do: no more than its code does, and nothing in an account of others."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore import xform_name

from tests.contract.conftest import actions_of, functions_of, load_cloudformation, statements_of
from thriftline.audit.domain.action_kinds import ACTION_SPECS

ROOT = Path(__file__).parents[2]
READS = re.compile(r":(List|Describe|Get|Search)")


def test_no_function_may_do_everything(template: dict[str, Any]) -> None:
    for name, properties in functions_of(template).items():
        for statement in _statements(properties):
            actions = actions_of(statement)
            assert not [action for action in actions if "*" in action], name
            if statement["Resource"] == "*":
                # Listing and metrics have no resource-level permissions; what publishes metrics
                # says into which namespace.
                publishes = actions == ["cloudwatch:PutMetricData"] and _one_namespace(statement)
                assert publishes or all(READS.search(one) for one in actions), (name, actions)


def _one_namespace(statement: dict[str, Any]) -> bool:
    condition = statement.get("Condition", {}).get("StringEquals", {})
    return isinstance(condition.get("cloudwatch:namespace"), str)


def test_what_audits_share_can_only_read(template: dict[str, Any]) -> None:
    document = template["Resources"]["AuditReadPolicy"]["Properties"]["PolicyDocument"]
    (statement,) = document["Statement"]
    assert [action for action in statement["Action"] if not READS.search(action)] == []


def test_only_what_acts_and_restores_may_change_an_endpoint(template: dict[str, Any]) -> None:
    changing = {
        name
        for name, properties in functions_of(template).items()
        for action in _actions(properties)
        if re.search(r":(Create|Delete|Update)\w*(Endpoint|InferenceComponent)", action)
    }
    assert changing == {
        "ActOnPlanFunction",
        "ActOnScheduleFunction",
        "ChangeScheduleFunction",
        "SettleDeploymentFunction",
        "RestoreEndpointFunction",
        "PrepareDeploymentFunction",
        "StartDeploymentFunction",
        # Who puts scaling back must be allowed to do what scaling will do.
        "RecordDeploymentFunction",
        # Weights, and the variants of an experiment.
        "OpenExperimentFunction",
        "StartExperimentFunction",
        "EndExperimentFunction",
    }


def test_a_deployment_deletes_nothing_but_its_own_alarms(template: dict[str, Any]) -> None:
    """What serves, or has served, is what a rollback needs."""
    deleting = {
        (name, action, *_resources(statement))
        for name, properties in functions_of(template).items()
        if "Deployment" in name and name != "SettleDeploymentFunction"
        for statement in _statements(properties)
        for action in actions_of(statement)
        if re.search(r":(Delete|Stop|Terminate)", action)
    }
    assert {one[:2] for one in deleting} == {
        ("RecordDeploymentFunction", "cloudwatch:DeleteAlarms"),
    }
    assert all(one[2].endswith(":alarm:*-d-*") for one in deleting)


def test_only_an_endpoint_with_the_stacks_tag_is_changed_or_asked(template: dict[str, Any]) -> None:
    tagged = ("UpdateEndpoint", "UpdateInferenceComponent", "InvokeEndpoint")
    for name in ("StartDeploymentFunction", "PollDeploymentFunction"):
        for statement in _statements(functions_of(template)[name]):
            of_config = all(":endpoint-config/" in one for one in _resources(statement))
            changes = any(one.partition(":")[2] in tagged for one in actions_of(statement))
            if changes and not of_config:
                of = statement["Condition"]["StringEquals"]
                assert of["aws:ResourceTag/thriftline:stack"].value == "AWS::StackName", name


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
        in_own_account = set(_actions(functions_of(template)[function])) - OF_THE_STACK
        there = set(_actions(member[role]["Properties"]))
        assert there - OF_THE_STACK == in_own_account, role
        # What is in a bucket of that account is listed; objects are the stack's own.
        assert there & OF_THE_STACK <= {"s3:ListBucket"}, role


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


def _statements(properties: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for policy in properties.get("Policies", []):
        document = policy.get("PolicyDocument", policy) if isinstance(policy, dict) else {}
        yield from statements_of(document)


def _actions(properties: dict[str, Any]) -> Iterator[str]:
    for statement in _statements(properties):
        yield from actions_of(statement)


def _resources(statement: dict[str, Any]) -> list[str]:
    """Returns the resources of a statement as the template writes them, without their tags."""
    named = statement["Resource"]
    some = named if isinstance(named, list) else [named]
    return [str(getattr(one, "value", one)) for one in some]


def test_only_who_starts_something_may_pass_its_role(template: dict[str, Any]) -> None:
    passing = [
        (name, *_resources(statement))
        for name, properties in functions_of(template).items()
        for statement in _statements(properties)
        if "iam:PassRole" in actions_of(statement)
    ]
    # A model that was deleted is made again with the role that it had, if it is among those named.
    assert passing == [
        ("StartPreparationFunction", "PreparationJobRole.Arn"),
        ("StartPreparationFunction", "PreparationProcessingRole.Arn"),
        ("StartTrainingFunction", "TrainingRole.Arn"),
        ("StartTrainingFunction", "BedrockRole.Arn"),
        # What judges the answers of a model is no job that trains.
        ("PollTrainingFunction", "BedrockJudgeRole.Arn"),
        ("RegisterModelFunction", "ScheduleRole.Arn"),
        ("RestoreEndpointFunction", "RestorableRoleArns"),
        ("PrepareDeploymentFunction", "ServingRole.Arn"),
        ("StartDeploymentFunction", "ServingRole.Arn"),
        ("StartExperimentFunction", "ServingRole.Arn"),
        ("ActOnScheduleFunction", "ServingRole.Arn"),
        ("SettleDeploymentFunction", "ServingScheduleRole.Arn"),
        ("ChangeScheduleFunction", "ServingScheduleRole.Arn"),
    ]


def test_a_stack_without_bedrock_has_no_role_and_no_permission_to_train_there(
    template: dict[str, Any],
) -> None:
    """What audits look at, and may do about it, is of the account and not of this way to train."""
    resources = template["Resources"]
    for name in ("BedrockRole", "ScheduleRole", "SweepBedrockFunction"):
        assert resources[name]["Condition"] == "MayUseBedrock"
    guarded = 0
    for name, properties in functions_of(template).items():
        for policy in properties.get("Policies", []) if name not in ACTING else ():
            statements = policy.get("Statement", ()) if isinstance(policy, dict) else ()
            for one in statements:
                condition, statement = getattr(one, "value", (None, one))[:2]
                words = f"{actions_of(statement)} {_resources(statement)}"
                if "bedrock:" in words or "BedrockRole" in words:
                    guarded += 1
                    assert condition == "MayUseBedrock", (name, actions_of(statement))
    assert guarded


@pytest.mark.parametrize(
    ("condition", "resources", "words"),
    [
        (
            "HasEmrServerless",
            ("PreparationApplication", "PreparationJobRole"),
            re.compile(r"emr-serverless:|PreparationJobRole"),
        ),
        (
            "HasProcessing",
            ("PreparationProcessingRole",),
            re.compile(r"sagemaker:\w+ProcessingJob|PreparationProcessingRole"),
        ),
    ],
)
def test_a_stack_without_an_engine_has_no_role_and_no_permission_of_it(
    template: dict[str, Any], condition: str, resources: tuple[str, ...], words: re.Pattern[str]
) -> None:
    for name in resources:
        assert template["Resources"][name]["Condition"] == condition
    guarded: dict[str, set[str]] = {}
    for name, properties in functions_of(template).items():
        for policy in properties.get("Policies", []) if name not in ACTING else ():
            for one in policy.get("Statement", ()) if isinstance(policy, dict) else ():
                needs, statement = getattr(one, "value", (None, one))[:2]
                if words.search(f"{actions_of(statement)} {_resources(statement)}"):
                    assert needs == condition, (name, actions_of(statement))
                    guarded.setdefault(name, set()).update(actions_of(statement))
    assert {name for name, may in guarded.items() if words.search(" ".join(may))} >= {
        "StartPreparationFunction",
        "PollPreparationFunction",
        "CleanUpFunction",
        "SettleBudgetFunction",
        "SweepLedgerFunction",
    }
    # Only who starts an attempt may, and nobody does who only settles.
    starting = {name for name, may in guarded.items() if "iam:PassRole" in may}
    assert starting == {"StartPreparationFunction"}


def test_what_runs_on_bedrock_is_changed_only_where_it_is_the_stacks_own(
    template: dict[str, Any],
) -> None:
    changing = [
        (name, statement)
        for name, properties in functions_of(template).items()
        for statement in _statements(properties)
        if name not in ACTING
        and any(re.match(r"bedrock:(Delete|Stop|Update)", one) for one in actions_of(statement))
    ]
    assert changing
    for name, statement in changing:
        of = statement["Condition"]["StringEquals"]["aws:ResourceTag/thriftline:stack"]
        assert of.value == "AWS::StackName", name
    tagging = [
        statement
        for name, properties in functions_of(template).items()
        for statement in _statements(properties)
        if name not in ACTING and actions_of(statement) == ["bedrock:TagResource"]
    ]
    assert tagging
    for statement in tagging:
        assert "aws:RequestTag/thriftline:stack" in statement["Condition"]["StringEquals"]


def test_bedrocks_jobs_read_their_data_and_write_their_results_only(
    template: dict[str, Any],
) -> None:
    role = template["Resources"]["BedrockRole"]["Properties"]
    (trust,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"Service": "bedrock.amazonaws.com"}
    assert trust["Condition"]["StringEquals"]["aws:SourceAccount"].value == "AWS::AccountId"
    assert trust["Condition"]["ArnEquals"]["aws:SourceArn"].value.endswith(
        ":${AWS::AccountId}:model-customization-job/*"
    )
    objects = {
        (action, *_resources(statement))
        for statement in _statements(role)
        for action in actions_of(statement)
        if re.match(r"s3:\w+Object", action)
    }
    assert objects == {
        ("s3:GetObject", "${ArtifactsBucket.Arn}/scratch/*/bedrock/*"),
        ("s3:PutObject", "${ArtifactsBucket.Arn}/training/*"),
    }
    network = [one for one in _statements(role) if actions_of(one)[0].startswith("ec2:")]
    assert all(one.get("Condition") or _is_of_the_account(one) for one in network)


def _is_of_the_account(statement: dict[str, Any]) -> bool:
    return all("${AWS::AccountId}" in one for one in _resources(statement))


@pytest.mark.parametrize("path", ["template.yaml", "docs/member_account.yaml"])
def test_no_role_may_pass_any_role(path: str) -> None:
    loaded = load_cloudformation(ROOT / path)
    passing = [
        one for one in _all_statements(loaded["Resources"]) if "iam:PassRole" in actions_of(one)
    ]
    assert passing
    for statement in passing:
        assert not [one for one in _resources(statement) if "*" in one], statement
        (passed, *_) = _resources(statement)
        service = {
            "BedrockRole.Arn": "bedrock",
            "BedrockJudgeRole.Arn": "bedrock",
            "ScheduleRole.Arn": "scheduler",
            "ServingScheduleRole.Arn": "scheduler",
            "PreparationJobRole.Arn": "emr-serverless",
        }.get(passed, "sagemaker")
        assert statement["Condition"]["StringEquals"] == {
            "iam:PassedToService": f"{service}.amazonaws.com"
        }
    named = loaded["Parameters"]["RestorableRoleArns"]
    assert named["Default"] == ""
    account = "arn:aws:iam::111122223333:role/"
    assert re.fullmatch(named["AllowedPattern"], f"{account}service-role/hosting-*")
    for every in ("*", f"{account}*", f"{account}a*b", "arn:aws:iam::*:role/hosting"):
        assert not re.fullmatch(named["AllowedPattern"], every), every


def _all_statements(resources: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for resource in resources.values():
        properties = resource["Properties"]
        yield from _statements(properties)
        if resource["Type"] == "AWS::IAM::ManagedPolicy":
            yield from statements_of(properties["PolicyDocument"])


@pytest.mark.parametrize("path", ["template.yaml", "docs/member_account.yaml"])
def test_what_names_no_resource_reaches_no_other_account(path: str) -> None:
    """A bucket's ARN names no account, so that a bucket of somebody else would match too."""
    wide = [
        statement
        for statement in _all_statements(load_cloudformation(ROOT / path)["Resources"])
        if any(one == "*" or one.endswith(":s3:::*") for one in _resources(statement))
    ]
    assert wide
    for statement in wide:
        conditions = statement.get("Condition", {})
        (account,) = [
            pairs["aws:ResourceAccount"]
            for pairs in conditions.values()
            if "aws:ResourceAccount" in pairs
        ]
        assert account.value == "AWS::AccountId", statement
        if any(one.endswith(":s3:::*") for one in _resources(statement)):
            assert "aws:ResourceAccount" in conditions["StringEquals"]


def test_only_what_acts_writes_what_is_saved(template: dict[str, Any]) -> None:
    """Of every role: the saved copies are what brings an endpoint back."""
    writing = set()
    roles = {
        **functions_of(template),
        "TrainingRole": template["Resources"]["TrainingRole"]["Properties"],
        "BedrockRole": template["Resources"]["BedrockRole"]["Properties"],
        "ServingRole": template["Resources"]["ServingRole"]["Properties"],
    }
    for name, properties in roles.items():
        for statement in _statements(properties):
            changes = any(
                re.match(r"s3:(Put|Delete)Object", action) for action in actions_of(statement)
            )
            if changes and any(_may_be_saved(one) for one in _resources(statement)):
                writing.add(name)
    assert writing == {"ActOnPlanFunction"}


def _may_be_saved(resource: str) -> bool:
    _, has_bucket, key = resource.partition("${ArtifactsBucket.Arn}/")
    pattern = key.partition("*")[0]
    return resource == "*" or (
        bool(has_bucket) and ("saved/".startswith(pattern) or pattern.startswith("saved/"))
    )


ACTING = ("MarkOnPlanFunction", "ActOnPlanFunction", "RestoreEndpointFunction")
STEPS = {
    "MarkOnPlanFunction": "thriftline.audit.steps.acting.mark_endpoint",
    "ActOnPlanFunction": "thriftline.audit.steps.act_on_plan",
    "RestoreEndpointFunction": "thriftline.audit.steps.restore_endpoint",
}
# What boto3 calls otherwise than IAM does.
CALLED = {
    "bedrock:InvokeModel": "converse",
    "lambda:InvokeFunction": "invoke",
    "s3:AbortMultipartUpload": "upload",
    "s3:GetObjectVersion": "get_object",
    "s3:ListBucketVersions": "list_object_versions",
    "s3:PutLifecycleConfiguration": "PutBucketLifecycleConfiguration",
    "s3:GetLifecycleConfiguration": "get_bucket_lifecycle_configuration",
    "s3:ListAllMyBuckets": "list_buckets",
    "s3:ListBucket": "list_objects_v2",
    "s3:ListBucketMultipartUploads": "list_multipart_uploads",
    "s3:ListMultipartUploadParts": "list_parts",
}


@pytest.mark.parametrize("function", ACTING)
def test_what_acts_may_read_what_its_code_reads_and_no_more(
    template: dict[str, Any], function: str
) -> None:
    """That it may read all that it calls is held by the calls that the acting tests record."""
    reading = {one for one in _actions(functions_of(template)[function]) if READS.search(one)}
    code = _source_behind(STEPS[function], is_acting=function == "ActOnPlanFunction")
    # SageMaker describes the key for its own grant.
    unused = {one for one in reading - OF_THE_STACK - {"kms:DescribeKey"} if not _calls(code, one)}
    assert unused == set()
    audits = {"ce:GetCostAndUsage", "s3:ListAllMyBuckets", "sagemaker:Search", "tag:GetResources"}
    assert not reading & audits


def _calls(code: str, action: str) -> bool:
    operation = action.partition(":")[2]
    words = (
        rf"\b{CALLED.get(action, xform_name(operation))}\b",
        f'"{operation}"',
        # Jobs of all kinds are listed by one line, from the kind's name.
        f'"{operation.removeprefix("List").removesuffix("s")}":',
    )
    return any(re.search(word, code) for word in words)


def _source_behind(module: str, *, is_acting: bool) -> str:
    """Returns the source of a module, and of the audit and the adapters that it imports."""
    waiting, seen = [module], dict[str, str]()
    if is_acting:
        codes = [step.code.partition(":")[0] for spec in ACTION_SPECS for step in spec.steps]
        waiting += [f"thriftline.audit.steps.acting.{code}" for code in codes]
    while waiting:
        name = waiting.pop()
        path = ROOT / "functions" / f"{name.replace('.', '/')}.py"
        if name not in seen and path.exists():
            seen[name] = path.read_text()
            waiting += re.findall(
                r"^from (thriftline\.(?:audit|core\.aws)\.\S+) import", seen[name], re.MULTILINE
            )
    return "\n".join(seen.values())
