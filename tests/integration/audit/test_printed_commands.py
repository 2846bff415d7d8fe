"""Every command of a report, of its findings and of its plan, changes what it says, and no more."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from botocore import xform_name
from botocore.exceptions import ClientError

from local_aws.accounts.file import AccountFile
from local_aws.accounts.reading import REPORT_ACCOUNT, parse_account, read_account
from local_aws.server import EmbeddedAws
from tests.integration.audit.account_snapshot import Snapshot, changed, snapshot
from tests.integration.audit.auditing import Auditor
from tests.integration.audit.clients import OnceClients
from tests.integration.audit.printed_commands import PrintedCall, parse_command
from tests.integration.audit.printing_accounts import ACCOUNTS
from tests.integration.local_aws.conftest import options_of
from thriftline.audit.domain.action_plan import plan_actions
from thriftline.audit.domain.audit import audit
from thriftline.audit.domain.parameters import AuditParameters, Mode
from thriftline.audit.reports.documents import action_document, finding_document
from thriftline.audit.reports.lifecycles import BucketLifecycles
from thriftline.money.price_catalogue import price_catalogue

LOADED: dict[str, Callable[[], AccountFile]] = {
    "report": lambda: read_account(REPORT_ACCOUNT),
    **{make.__name__: lambda make=make: parse_account(make(), make.__name__) for make in ACCOUNTS},  # type: ignore[misc]
}
# What an account was written for is printed, or nothing would be tried.
AT_LEAST = {
    "left_running_account": frozenset({"UpdateTrainingJob", "DeleteApp", "DeleteCluster"}),
    "buckets_account": frozenset({"PutBucketLifecycleConfiguration", "AbortMultipartUpload"}),
}
SIZE_DEFAULT = "TransitionDefaultMinimumObjectSize"
Effect = Callable[[dict[str, Any], Snapshot, Snapshot], set[str]]


class PrintedWorld:
    """One account, its report, and the means to run what the report prints."""

    def __init__(self, aws: EmbeddedAws, account: AccountFile) -> None:
        self.aws = aws
        self.clients = OnceClients(account.region)
        self._keep_size_defaults()
        auditor = Auditor(aws, self.clients, account.account_id, account.now)
        found = auditor.inventory()
        told = audit(found, price_catalogue(), AuditParameters()).findings
        day = found.now.date()
        whole = BucketLifecycles(told)
        self.findings = [
            finding_document(one, counted=True, first_told=day, is_new=True, lifecycles=whole)
            for one in told
        ]
        plan = plan_actions(told, found, AuditParameters(), Mode.ACT)
        self.actions = [
            action_document(index, one, whole) for index, one in enumerate(plan.actions)
        ]

    def commands(self) -> Iterator[tuple[str, list[PrintedCall]]]:
        """Yields the whole commands that a rule, or the plan, prints; what deletes comes last."""
        by_rule: dict[str, list[PrintedCall]] = {}
        for name, lines in self._lines():
            whole = [parse_command(line) for line in lines if not line.startswith("#")]
            by_rule.setdefault(name, []).extend(whole)
        yield from sorted(by_rule.items(), key=lambda row: _deletes(row[1]))

    def _lines(self) -> Iterator[tuple[str, list[str]]]:
        """Yields lines by who prints them; a line of the plan that a finding prints comes once."""
        printed = {line for one in self.findings for line in one.change.cli}
        for action in self.actions:
            yield action.action, [line for line in action.cli if line not in printed]
        for finding in self.findings:
            yield finding.rule, list(finding.change.cli)

    def run(self, call: PrintedCall) -> None:
        getattr(self.clients.client(call.service), xform_name(call.operation))(**call.parameters)

    def look(self) -> Snapshot:
        """Returns the account as it is when every change under way has ended."""
        self.aws.clock.advance(timedelta(minutes=30))
        return snapshot(self.clients.client)

    def _keep_size_defaults(self) -> None:
        """Gives every bucket with rules the default of size that S3 does not set by itself."""
        s3 = self.clients.client("s3")
        for name, rules in snapshot(self.clients.client).items():
            kind, _, bucket = name.partition("/")
            if kind == "lifecycle" and rules:
                s3.put_bucket_lifecycle_configuration(
                    Bucket=bucket,
                    LifecycleConfiguration={"Rules": rules["Rules"]},
                    TransitionDefaultMinimumObjectSize="varies_by_storage_class",
                )


def _deletes(calls: list[PrintedCall]) -> bool:
    return any(call.operation.startswith("Delete") for call in calls)


@pytest.fixture(scope="module", params=LOADED)
def world(request: pytest.FixtureRequest) -> Iterator[PrintedWorld]:
    account = LOADED[request.param]()
    with pytest.MonkeyPatch.context() as patch, EmbeddedAws(options_of(account)) as aws:
        patch.setenv("AWS_ENDPOINT_URL", aws.endpoint)
        patch.setenv("AWS_ACCESS_KEY_ID", "testing")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
        yield PrintedWorld(aws, account)


def test_every_printed_command_is_taken_and_changes_what_it_says(
    world: PrintedWorld, request: pytest.FixtureRequest
) -> None:
    wrong = []
    before = world.look()
    printed = {call.operation for _, calls in world.commands() for call in calls}
    account = request.node.callspec.params["world"]
    assert AT_LEAST.get(account, frozenset()) <= printed
    for rule, calls in world.commands():
        for call in calls:
            try:
                world.run(call)
            except ClientError as error:
                if not _has_no_data(error):
                    wrong.append(f"{rule}: {call}: {error}")
        after = world.look()
        expected = {
            name
            for call in calls
            for name in EFFECTS[call.operation](call.parameters, before, after)
        }
        if (found := changed(before, after)) != expected:
            wrong.append(f"{rule} changed {sorted(found)} and not {sorted(expected)}")
        before = after
    assert not wrong


def _has_no_data(error: ClientError) -> bool:
    """Cost Explorer says so of an account that it has no recommendation for."""
    return error.response["Error"]["Code"] == "DataUnavailableException"


def _nothing(_: dict[str, Any], __: Snapshot, ___: Snapshot) -> set[str]:
    return set()


def _gone(kind: str, member: str) -> Effect:
    """What is named and its tags are gone."""

    def effect(asked: dict[str, Any], before: Snapshot, after: Snapshot) -> set[str]:
        name = f"{kind}{asked[member]}"
        assert name in before
        assert name not in after
        tags = {
            one
            for one in before
            if one.startswith("tags/") and one.endswith((f":{name}", f"/{name}"))
        }
        return {name, *tags}

    return effect


def _becomes(kind: str, member: str, value: Callable[[dict[str, Any]], Any]) -> Effect:
    """What is named gets a value."""

    def effect(asked: dict[str, Any], before: Snapshot, after: Snapshot) -> set[str]:
        name = f"{kind}{asked[member]}"
        assert after[name] == value(asked)
        return {name} if before.get(name) != after[name] else set()

    return effect


def _tagged(kind: str, resource: str, tags: Callable[[dict[str, Any]], dict[str, str]]) -> Effect:
    """The tags are there, with all that were there before."""

    def effect(asked: dict[str, Any], before: Snapshot, after: Snapshot) -> set[str]:
        name = f"{kind}{asked[resource]}"
        assert after[name] == before[name] | tags(asked)
        return {name}

    return effect


def _rules_added(asked: dict[str, Any], before: Snapshot, after: Snapshot) -> set[str]:
    """Of several findings on a bucket the first command sets the rules of all."""
    name = f"lifecycle/{asked['Bucket']}"
    if before[name] == after[name]:
        return set()
    there, now = before[name].get("Rules", []), after[name]["Rules"]
    assert {one["ID"] for one in there} < {one["ID"] for one in now}
    if there:
        assert after[name][SIZE_DEFAULT] == before[name][SIZE_DEFAULT]
    ours = [one for one in now if one["ID"] not in {row["ID"] for row in there}]
    assert all(one["ID"].startswith("thriftline-") for one in ours)
    return {name}


def _profile_made(asked: dict[str, Any], before: Snapshot, after: Snapshot) -> set[str]:
    (arn,) = [
        name
        for name in after.keys() - before.keys()
        if "profile/" in name
        and not name.startswith("tags/")
        and after[name]["inferenceProfileName"] == asked["inferenceProfileName"]
    ]
    return {arn, f"tags/{arn}"}


def _weights_changed(asked: dict[str, Any], _: Snapshot, after: Snapshot) -> set[str]:
    name = f"endpoint/{asked['EndpointName']}"
    weights = {
        one["VariantName"]: one["CurrentWeight"] for one in after[name]["ProductionVariants"]
    }
    wanted = asked["DesiredWeightsAndCapacities"]
    assert weights == {one["VariantName"]: one["DesiredWeight"] for one in wanted}
    return {name}


def _upload_gone(asked: dict[str, Any], before: Snapshot, after: Snapshot) -> set[str]:
    name = f"upload/{asked['Bucket']}/{asked['UploadId']}"
    assert before[name] == asked["Key"]
    assert name not in after
    return {name}


def _policy_put(asked: dict[str, Any], _: Snapshot, after: Snapshot) -> set[str]:
    name = f"policy/{asked['ResourceId']}/{asked['PolicyName']}"
    key = "TargetTrackingScalingPolicyConfiguration"
    assert after[name][key] == asked[key]
    return {name}


def _target_gone(asked: dict[str, Any], before: Snapshot, after: Snapshot) -> set[str]:
    resource = asked["ResourceId"]
    gone = {
        name
        for name in before
        if name == f"target/{resource}" or name.startswith(f"policy/{resource}/")
    }
    assert gone
    assert not gone & after.keys()
    return gone


def _app_gone(asked: dict[str, Any], before: Snapshot, after: Snapshot) -> set[str]:
    name = f"app/{asked['SpaceName']}/{asked['AppName']}"
    assert name in before
    assert name not in after
    return {name}


def _pairs(tags: list[dict[str, str]]) -> dict[str, str]:
    return {tag.get("Key") or tag["key"]: tag.get("Value") or tag["value"] for tag in tags}


EFFECTS: dict[str, Effect] = {
    "AbortMultipartUpload": _upload_gone,
    "AddTags": _tagged("tags/", "ResourceArn", lambda asked: _pairs(asked["Tags"])),
    "CreateInferenceProfile": _profile_made,
    "DeleteApp": _app_gone,
    "DeleteCluster": _gone("cluster/", "ClusterName"),
    "DeleteCustomModel": _gone("", "modelIdentifier"),
    "DeleteCustomModelDeployment": _gone("", "customModelDeploymentIdentifier"),
    "DeleteEndpoint": _gone("endpoint/", "EndpointName"),
    "DeleteImportedModel": _gone("", "modelIdentifier"),
    "DeleteInferenceComponent": _gone("inference-component/", "InferenceComponentName"),
    "DeleteProvisionedModelThroughput": _gone("", "provisionedModelId"),
    "DeregisterScalableTarget": _target_gone,
    "DescribeNotebookInstance": _nothing,
    "DescribeTrainingJob": _nothing,
    "FilterLogEvents": _nothing,
    "GetCostAndUsage": _nothing,
    "GetSavingsPlansPurchaseRecommendation": _nothing,
    "PutBucketLifecycleConfiguration": _rules_added,
    "PutBucketTagging": _tagged(
        "bucket-tags/", "Bucket", lambda asked: _pairs(asked["Tagging"]["TagSet"])
    ),
    "PutRetentionPolicy": _becomes(
        "log-group/", "logGroupName", lambda asked: asked["retentionInDays"]
    ),
    "PutScalingPolicy": _policy_put,
    "RegisterScalableTarget": _becomes(
        "target/", "ResourceId", lambda asked: [asked["MinCapacity"], asked["MaxCapacity"]]
    ),
    "StopNotebookInstance": _becomes("notebook/", "NotebookInstanceName", lambda _: "Stopped"),
    "StopTrainingJob": _becomes("training-job/", "TrainingJobName", lambda _: "Stopped"),
    "TagResource": _tagged("tags/", "resourceARN", lambda asked: _pairs(asked["tags"])),
    "UpdateTrainingJob": _becomes("warm-pool/", "TrainingJobName", lambda _: "Terminated"),
    "UpdateEndpointWeightsAndCapacities": _weights_changed,
}
