"""Actions on buckets, logs, notebooks and tags: done only if they still hold, each with an undo."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local_aws.http.faults import AwsFault
from local_aws.server import EmbeddedAws
from tests.integration.audit.acting_account import acting_account, hosting_endpoint, plain_endpoint
from tests.integration.audit.acting_world import ARTIFACTS, ActingWorld, FakeTopic, acting_options
from tests.integration.local_aws.sample_account import ACCOUNT, NOW, REGION, ago, job
from tests.unit.audit.accounts import bucket, training_job
from thriftline.audit.aws.acting.bucket_rules import LifecycleConfiguration
from thriftline.audit.aws.acting.references import read_references
from thriftline.audit.aws.collectors.prefixes import read_prefix
from thriftline.audit.domain.action_plan import plan_actions
from thriftline.audit.domain.actions import ActionPlan
from thriftline.audit.domain.audit import audit
from thriftline.audit.domain.findings import ActionKind, Confidence
from thriftline.audit.domain.inventory import Inventory
from thriftline.audit.domain.lifecycle import expiration_rule
from thriftline.audit.domain.parameters import Mode
from thriftline.audit.domain.resources.notebooks import Notebook
from thriftline.audit.domain.resources.storage import BucketPrefix, IncompleteUpload, LogGroup
from thriftline.core.errors import ServiceUnavailableError
from thriftline.money.price_catalogue import price_catalogue

GB = 10**9
OWN_RULE = {
    "ID": "keep",
    "Status": "Enabled",
    "Filter": {"And": {"Prefix": "logs/", "ObjectSizeGreaterThan": 131072}},
    "Expiration": {"Days": 400},
}
LOGS = ("/ml/quiet", "/ml/kept", "/ml/set", "/ml/unread", "/ml/rehearsed")
NOTEBOOKS = ("idle-book", "kept-book", "busy-book")
# What must be asked before anything is called an orphan.
_REFERRING = {
    *("ListModels", "DescribeModel", "ListEndpoints", "DescribeEndpoint"),
    *("DescribeEndpointConfig", "ListInferenceComponents", "DescribeInferenceComponent"),
    *("ListModelPackageGroups", "ListModelPackages", "DescribeModelPackage"),
    *("ListTrainingJobs", "DescribeTrainingJob"),
}
BUCKETS = (
    "ml-merge",
    "ml-refused",
    "ml-artifacts",
    "ml-rehearsed",
    "ml-old",
    "ml-plain",
    "ml-spent",
)


def _bucket(name: str) -> dict[str, Any]:
    return {
        "name": name,
        "objects": 8,
        "bytes": {"StandardStorage": 4 * GB},
        "versioning": True,
        "lifecycle_rules": [OWN_RULE],
        "incomplete_uploads": [
            {"key": "big/old", "initiated": ago(days=40), "bytes": 1000},
            {"key": "big/new", "initiated": ago(days=1), "bytes": 1000},
        ],
        "prefixes": [
            {"prefix": f"checkpoints/{job}/", "bytes": GB, "last_modified": ago(days=60)}
            for job in ("lost", "loved", "used")
        ]
        + [{"prefix": "checkpoints/fresh/", "bytes": GB, "last_modified": ago(days=2)}],
    }


class SilentTopic(FakeTopic):
    """Takes no message."""

    def publish(self, subject: str, message: str) -> None:
        raise ServiceUnavailableError("the topic is away")


@pytest.fixture(scope="module")
def account() -> Iterator[EmbeddedAws]:
    document = acting_account(
        plain_endpoint("served"),
        hosting_endpoint("hosting"),
        training_jobs=[job("running", status="InProgress", ended=None)],
        buckets=[_bucket(name) for name in BUCKETS],
        models=[
            {
                "name": "served-blue",
                "created": ago(days=90),
                "artifact_s3_uri": "s3://ml-artifacts/checkpoints/used/model.tar.gz",
                "in_registry": True,
            }
        ],
        notebooks=[
            {
                "name": name,
                "instance_type": "ml.t3.medium",
                "status": "InService",
                "last_modified": ago(days=9),
            }
            for name in NOTEBOOKS
        ],
        log_groups=[{"name": name, "bytes": 5000} for name in LOGS],
    )
    with EmbeddedAws(acting_options(document)) as embedded:
        yield embedded


@pytest.fixture
def world(account: EmbeddedAws, monkeypatch: pytest.MonkeyPatch) -> Iterator[ActingWorld]:
    monkeypatch.setenv("AWS_ENDPOINT_URL", account.endpoint)
    yield ActingWorld(account, default_tags=(("team", "unknown"), ("cost", "ml")))
    account.faults.clear()


def _only(world: ActingWorld, found: Inventory, kind: ActionKind, *, by_hand: bool = False) -> str:
    """Plans one kind of action about an inventory, and returns the audit.

    By hand: a person vouches for what is known with low confidence only.
    """
    told = audit(found, price_catalogue(), world.parameters).findings
    sure = [replace(one, confidence=Confidence.HIGH) if by_hand else one for one in told]
    plan = plan_actions(sure, found, world.parameters, Mode.ACT)
    chosen = tuple(one for one in plan.actions if one.action is kind)
    assert len(chosen) == 1
    return world.begin(ActionPlan(chosen, (), ()))


def _rules(world: ActingWorld, name: str) -> list[dict[str, Any]]:
    answer = world.aws.client("s3").get_bucket_lifecycle_configuration(Bucket=name)
    return list(answer["Rules"])


def _seen_bucket(world: ActingWorld, name: str, **facts: Any) -> Inventory:
    dull = {
        "bytes_by_storage_type": {"StandardStorage": 4 * GB},
        "versioning": "Enabled",
        "lifecycle_rules": (json.dumps(OWN_RULE),),
    }
    return world.holding(buckets=(bucket(name, **(dull | facts)),))


def test_lifecycle_rules_are_merged_with_those_that_exist_by_then(world: ActingWorld) -> None:
    s3 = world.aws.client("s3")
    kind = ActionKind.APPLY_LIFECYCLE_RULES
    audit_id = _only(world, _seen_bucket(world, "ml-merge"), kind)
    late = {
        "ID": "late",
        "Status": "Enabled",
        "Filter": {"Prefix": "x/"},
        "Expiration": {"Days": 9},
    }
    s3.put_bucket_lifecycle_configuration(
        Bucket="ml-merge", LifecycleConfiguration={"Rules": [OWN_RULE, late]}
    )

    answer, again = world.act(audit_id), world.act(audit_id)

    record = world.record(audit_id)
    assert (answer.outcome, again) == ("done", answer)
    rules = _rules(world, "ml-merge")
    assert rules[:2] == [OWN_RULE, late]
    assert [rule["ID"] for rule in rules[2:]] == ["thriftline-expire-noncurrent-versions"]
    assert record.undo.startswith("aws s3api put-bucket-lifecycle-configuration")
    assert record.saved_uri is not None
    saved = world.artifacts.read(record.saved_uri.removeprefix(f"s3://{ARTIFACTS}/"))
    assert saved is not None
    undo = LifecycleConfiguration.of(saved).undo("ml-merge")
    s3.put_bucket_lifecycle_configuration(**undo.parameters)
    assert _rules(world, "ml-merge") == [OWN_RULE, late]


def test_old_rules_with_a_prefix_of_their_own_are_merged_as_s3_takes_them(
    world: ActingWorld,
) -> None:
    s3 = world.aws.client("s3")
    audit_id = _only(world, _seen_bucket(world, "ml-old"), ActionKind.APPLY_LIFECYCLE_RULES)
    old = {"ID": "old", "Status": "Enabled", "Prefix": "logs/", "Expiration": {"Days": 90}}
    s3.put_bucket_lifecycle_configuration(Bucket="ml-old", LifecycleConfiguration={"Rules": [old]})

    answer = world.act(audit_id)

    assert answer.outcome == "done", answer.reason
    assert _rules(world, "ml-old")[0] == {
        "ID": "old",
        "Status": "Enabled",
        "Filter": {"Prefix": "logs/"},
        "Expiration": {"Days": 90},
    }


def test_an_action_of_whose_rules_none_is_left_is_declined(world: ActingWorld) -> None:
    s3 = world.aws.client("s3")
    audit_id = _only(world, _seen_bucket(world, "ml-plain"), ActionKind.APPLY_LIFECYCLE_RULES)
    # Rules for old versions are all that was planned, and by now it keeps none.
    s3.put_bucket_versioning(Bucket="ml-plain", VersioningConfiguration={"Status": "Suspended"})

    answer = world.act(audit_id)

    assert answer.outcome == "declined"
    assert "None of the planned rules" in answer.reason
    assert _rules(world, "ml-plain") == [OWN_RULE]


def test_rules_that_cannot_be_read_are_not_replaced(world: ActingWorld) -> None:
    kind = ActionKind.APPLY_LIFECYCLE_RULES
    audit_id = _only(world, _seen_bucket(world, "ml-refused"), kind)
    fault = AwsFault("s3", "GetBucketLifecycleConfiguration", "InternalError", status=500)
    world.aws.faults.add(fault)

    answer = world.act(audit_id)

    assert answer.outcome == "declined"
    assert _rules(world, "ml-refused") == [OWN_RULE]


def test_a_rehearsal_of_rules_writes_nothing(world: ActingWorld) -> None:
    kind = ActionKind.APPLY_LIFECYCLE_RULES
    audit_id = _only(world, _seen_bucket(world, "ml-rehearsed"), kind)
    keys = [stored.key for stored in world.artifacts.list("")]

    rehearsal = world.act(audit_id, dry_run=True)

    assert _rules(world, "ml-rehearsed") == [OWN_RULE]
    assert [stored.key for stored in world.artifacts.list("")] == keys
    world.act(audit_id)
    made = [one.operation for one in world.record(audit_id).calls]
    assert [line.split()[2] for line in rehearsal.calls] == [
        *("put-object", "put-bucket-lifecycle-configuration")
    ]
    assert made == ["PutObject", "PutBucketLifecycleConfiguration"]


def test_only_uploads_that_are_still_old_are_aborted(world: ActingWorld) -> None:
    s3 = world.aws.client("s3")
    begun = {one["Key"]: one for one in s3.list_multipart_uploads(Bucket="ml-refused")["Uploads"]}
    # The audit took both for old; by now one is known to be young, and one is gone.
    planned = [
        IncompleteUpload(
            key=key, upload_id=upload, initiated=NOW - timedelta(days=40), size_bytes=None
        )
        for key, upload in [
            ("big/old", begun["big/old"]["UploadId"]),
            ("big/new", begun["big/new"]["UploadId"]),
            ("big/gone", "never-there"),
        ]
    ]
    found = _seen_bucket(world, "ml-refused", incomplete_uploads=tuple(planned))
    audit_id = _only(world, found, ActionKind.ABORT_UPLOADS)

    answer = world.act(audit_id)

    left = s3.list_multipart_uploads(Bucket="ml-refused")["Uploads"]
    assert answer.outcome == "done"
    assert [one["Key"] for one in left] == ["big/new"]
    rules = _rules(world, "ml-refused")
    assert rules[0] == OWN_RULE
    assert rules[1]["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 7}


def _orphan(world: ActingWorld, job: str) -> Inventory:
    prefix = f"checkpoints/{job}/"
    ended = NOW - timedelta(days=60)
    return world.holding(
        training_jobs=(
            training_job(
                job,
                created=ended,
                started=ended,
                ended=ended,
                checkpoint_s3_uri=f"s3://ml-artifacts/{prefix}",
            ),
        ),
        buckets=(
            bucket(
                "ml-artifacts",
                prefixes=(
                    BucketPrefix(
                        prefix=prefix,
                        size_bytes=GB,
                        bytes_by_class=(("STANDARD", GB),),
                        objects=3,
                        last_modified=ended,
                        written_by=job,
                        is_whole=True,
                    ),
                ),
            ),
        ),
    )


def test_what_nothing_refers_to_is_set_to_expire(world: ActingWorld) -> None:
    audit_id = _only(world, _orphan(world, "lost"), ActionKind.DELETE_ARTIFACTS)

    answer = world.act(audit_id)

    rules = _rules(world, "ml-artifacts")
    assert answer.outcome == "done", answer.reason
    assert rules[0] == OWN_RULE
    assert [(one["Filter"], one["Expiration"]) for one in rules[1:]] == [
        ({"Prefix": "checkpoints/lost/"}, {"Days": 1})
    ]
    assert "goes on until it is taken away" in answer.reason


def test_a_prefix_that_expired_is_known_to_be_empty(world: ActingWorld) -> None:
    found = read_prefix(world.aws.client("s3"), "ml-spent", "checkpoints/gone/", "job")
    assert isinstance(found, BucketPrefix)
    assert (found.objects, found.size_bytes, found.is_whole) == (0, 0, True)


@pytest.mark.parametrize("others", [(OWN_RULE,), ()], ids=["beside others", "alone"])
def test_a_spent_expiry_rule_is_taken_away_and_every_other_stays(
    world: ActingWorld, others: tuple[dict[str, Any], ...]
) -> None:
    s3 = world.aws.client("s3")
    ours = expiration_rule("checkpoints/gone/")
    found = _seen_bucket(world, "ml-spent", lifecycle_rules=(json.dumps(ours),), tags=())
    audit_id = _only(world, found, ActionKind.TAKE_EXPIRY_AWAY)
    s3.put_bucket_lifecycle_configuration(
        Bucket="ml-spent", LifecycleConfiguration={"Rules": [*others, ours]}
    )

    answer, again = world.act(audit_id), world.act(audit_id)

    assert (answer.outcome, again) == ("done", answer)
    if others:
        assert _rules(world, "ml-spent") == list(others)
    else:
        with pytest.raises(ClientError, match="NoSuchLifecycleConfiguration"):
            _rules(world, "ml-spent")
    assert world.record(audit_id).undo.startswith("aws s3api put-bucket-lifecycle-configuration")
    late = _only(world, found, ActionKind.TAKE_EXPIRY_AWAY)
    assert world.act(late).outcome == "declined"


@pytest.mark.parametrize(
    ("job", "why"), [("used", "refers to it now"), ("fresh", "Something was written")]
)
def test_what_is_used_or_written_by_now_is_not_set_to_expire(
    world: ActingWorld, job: str, why: str
) -> None:
    before = _rules(world, "ml-artifacts")
    audit_id = _only(world, _orphan(world, job), ActionKind.DELETE_ARTIFACTS)

    answer = world.act(audit_id)

    assert answer.outcome == "declined"
    assert why in answer.reason
    assert _rules(world, "ml-artifacts") == before


def test_without_a_whole_list_of_what_refers_nothing_expires(world: ActingWorld) -> None:
    before = _rules(world, "ml-artifacts")
    world.aws.calls.clear()
    read_references(world.clients, world.now)
    asked = {operation for service, operation in world.aws.calls if service == "sagemaker"}
    assert asked >= _REFERRING

    outcomes = {}
    for operation in asked:
        audit_id = _only(world, _orphan(world, "loved"), ActionKind.DELETE_ARTIFACTS)
        world.aws.faults.add(AwsFault("sagemaker", operation, "ThrottlingException", times=None))
        outcomes[operation] = world.act(audit_id).outcome
        world.aws.faults.clear()

    assert outcomes == dict.fromkeys(asked, "declined")
    assert _rules(world, "ml-artifacts") == before


def test_what_an_inference_component_loads_by_itself_does_not_expire(world: ActingWorld) -> None:
    before = _rules(world, "ml-artifacts")
    audit_id = _only(world, _orphan(world, "loved"), ActionKind.DELETE_ARTIFACTS)
    artifact = "s3://ml-artifacts/checkpoints/loved/model.tar.gz"
    specification = {"Container": {"Image": "image", "ArtifactUrl": artifact}}
    sagemaker = world.aws.client("sagemaker")
    sagemaker.create_inference_component(
        InferenceComponentName="loving",
        EndpointName="hosting",
        VariantName="host",
        Specification=specification,
    )

    answer = world.act(audit_id)

    sagemaker.delete_inference_component(InferenceComponentName="loving")
    assert answer.outcome == "declined"
    assert "refers to it now" in answer.reason
    assert _rules(world, "ml-artifacts") == before


@pytest.mark.parametrize("lost", ["model", "config"])
def test_while_it_is_not_known_what_an_endpoint_loads_nothing_expires(
    world: ActingWorld, lost: str
) -> None:
    before = _rules(world, "ml-artifacts")
    audit_id = _only(world, _orphan(world, "loved"), ActionKind.DELETE_ARTIFACTS)
    sagemaker = world.aws.client("sagemaker")
    variants = sagemaker.describe_endpoint_config(EndpointConfigName="served-config")
    if lost == "model":
        name = "served-green"
        sagemaker.delete_model(ModelName=name)
    else:
        name = "served-config"
        sagemaker.delete_endpoint_config(EndpointConfigName=name)

    answer = world.act(audit_id)

    if lost == "model":
        role = "arn:aws:iam::111122223333:role/any"
        container = {"Image": "image"}
        sagemaker.create_model(ModelName=name, ExecutionRoleArn=role, PrimaryContainer=container)
    else:
        sagemaker.create_endpoint_config(
            EndpointConfigName=name, ProductionVariants=variants["ProductionVariants"]
        )
    assert answer.outcome == "declined"
    assert name in answer.reason
    assert "not exist any more" in answer.reason
    assert _rules(world, "ml-artifacts") == before


def _log_group(world: ActingWorld, name: str) -> Inventory:
    group = LogGroup(
        name=name, arn="", retention_days=None, stored_bytes=5000, created=None, tags=()
    )
    return world.holding(log_groups=(group,))


def _retention(world: ActingWorld, name: str) -> int | None:
    groups = world.aws.client("logs").describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    found: int | None = groups[0].get("retentionInDays")
    return found


def test_a_log_group_gets_its_retention_and_loses_it_by_the_undo(world: ActingWorld) -> None:
    audit_id = _only(world, _log_group(world, "/ml/quiet"), ActionKind.SET_LOG_RETENTION)

    answer = world.act(audit_id)

    assert (answer.outcome, _retention(world, "/ml/quiet")) == ("done", 90)
    assert "aws logs delete-retention-policy" in world.record(audit_id).undo
    assert "/ml/quiet" in world.record(audit_id).undo


def test_a_log_group_that_got_a_retention_or_a_keep_tag_meanwhile_stays(world: ActingWorld) -> None:
    logs = world.aws.client("logs")
    audits = {
        name: _only(world, _log_group(world, name), ActionKind.SET_LOG_RETENTION)
        for name in ("/ml/kept", "/ml/set")
    }
    logs.put_retention_policy(logGroupName="/ml/set", retentionInDays=365)
    arn = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/ml/kept"
    logs.tag_resource(resourceArn=arn, tags={"thriftline:keep": "2099-01-01"})

    outcomes = {name: world.act(audit_id).outcome for name, audit_id in audits.items()}

    assert set(outcomes.values()) == {"declined"}
    assert (_retention(world, "/ml/set"), _retention(world, "/ml/kept")) == (365, None)


@pytest.mark.parametrize("operation", ["DescribeLogGroups", "ListTagsForResource"])
def test_an_unread_log_group_stays(world: ActingWorld, operation: str) -> None:
    audit_id = _only(world, _log_group(world, "/ml/unread"), ActionKind.SET_LOG_RETENTION)
    world.aws.faults.add(AwsFault("logs", operation, "AccessDeniedException", times=None))

    assert world.act(audit_id).outcome == "declined"
    world.aws.faults.clear()
    assert _retention(world, "/ml/unread") is None


def _notebook(world: ActingWorld, name: str) -> Inventory:
    book = Notebook(
        name=name,
        arn=f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:notebook-instance/{name}",
        status="InService",
        instance_type="ml.t3.medium",
        volume_gib=5,
        created=NOW - timedelta(days=90),
        last_modified=NOW - timedelta(days=9),
        lifecycle_config=None,
        tags=(("team", "search"),),
    )
    return world.holding(notebooks=(book,))


def _stopping(world: ActingWorld, name: str) -> str:
    return _only(world, _notebook(world, name), ActionKind.STOP_NOTEBOOK, by_hand=True)


def _book_status(world: ActingWorld, name: str) -> str:
    sagemaker = world.aws.client("sagemaker")
    found = sagemaker.describe_notebook_instance(NotebookInstanceName=name)
    return str(found["NotebookInstanceStatus"])


def test_an_idle_notebook_is_stopped(world: ActingWorld) -> None:
    audit_id = _stopping(world, "idle-book")

    answer = world.act(audit_id)

    assert (answer.outcome, _book_status(world, "idle-book")) == ("done", "Stopped")
    assert "aws sagemaker start-notebook-instance" in world.record(audit_id).undo


def test_a_notebook_that_is_kept_or_was_started_again_runs_on(world: ActingWorld) -> None:
    sagemaker = world.aws.client("sagemaker")
    audits = {name: _stopping(world, name) for name in ("kept-book", "busy-book")}
    kept = sagemaker.describe_notebook_instance(NotebookInstanceName="kept-book")
    sagemaker.add_tags(
        ResourceArn=kept["NotebookInstanceArn"], Tags=[{"Key": "thriftline:keep", "Value": "true"}]
    )
    sagemaker.stop_notebook_instance(NotebookInstanceName="busy-book")
    sagemaker.start_notebook_instance(NotebookInstanceName="busy-book")

    outcomes = {name: world.act(audit_id).outcome for name, audit_id in audits.items()}

    assert set(outcomes.values()) == {"declined"}
    assert {_book_status(world, name) for name in audits} == {"InService"}


def test_missing_tags_are_added_and_none_is_changed(world: ActingWorld) -> None:
    s3 = world.aws.client("s3")
    found = world.holding(buckets=(bucket("ml-rehearsed", tags=()),))
    audit_id = _only(world, found, ActionKind.TAG_RESOURCE)
    s3.put_bucket_tagging(
        Bucket="ml-rehearsed", Tagging={"TagSet": [{"Key": "team", "Value": "vision"}]}
    )

    answer = world.act(audit_id)

    tags = s3.get_bucket_tagging(Bucket="ml-rehearsed")["TagSet"]
    assert answer.outcome == "done"
    assert {tag["Key"]: tag["Value"] for tag in tags} == {"team": "vision", "cost": "ml"}
    assert world.record(audit_id).undo.startswith("aws s3api put-bucket-tagging")


def test_a_bucket_that_somebody_keeps_by_now_is_not_tagged(world: ActingWorld) -> None:
    s3 = world.aws.client("s3")
    found = world.holding(buckets=(bucket("ml-merge", tags=()),))
    audit_id = _only(world, found, ActionKind.TAG_RESOURCE)
    keep = [{"Key": "thriftline:keep", "Value": "true"}]
    s3.put_bucket_tagging(Bucket="ml-merge", Tagging={"TagSet": keep})

    answer = world.act(audit_id)

    tags = s3.get_bucket_tagging(Bucket="ml-merge")["TagSet"]
    s3.delete_bucket_tagging(Bucket="ml-merge")
    assert (answer.outcome, tags) == ("declined", keep)
    assert "ml-merge: It is tagged thriftline:keep" in answer.reason


def test_a_lost_message_is_sent_by_the_retry_and_the_action_is_not_done_again(
    world: ActingWorld,
) -> None:
    audit_id = _only(world, _log_group(world, "/ml/rehearsed"), ActionKind.SET_LOG_RETENTION)

    heard, world.topic = world.topic, SilentTopic()
    with pytest.raises(ServiceUnavailableError):
        world.act(audit_id)
    assert world.record(audit_id).announced is False
    world.topic = heard
    world.aws.calls.clear()

    answer = world.act(audit_id)

    assert answer.outcome == "done"
    assert len(world.topic.sent) == 1
    assert world.record(audit_id).announced is True
    assert ("logs", "PutRetentionPolicy") not in world.aws.calls
