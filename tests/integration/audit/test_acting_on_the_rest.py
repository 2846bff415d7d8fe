"""Actions on buckets: done only if they still hold, each with an undo."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local_aws.http.faults import AwsFault
from local_aws.server import EmbeddedAws
from tests.integration.audit.acting_rest import GB, OWN_RULE, begin_only, rest_account
from tests.integration.audit.acting_world import ActingWorld, acting_options
from tests.integration.local_aws.sample_account import NOW
from tests.integration.roles.signed import ARTIFACTS
from tests.unit.audit.accounts import bucket, training_job
from thriftline.audit.aws.acting.bucket_rules import LifecycleConfiguration
from thriftline.audit.aws.acting.references import read_references
from thriftline.audit.aws.collectors.prefixes import read_prefix
from thriftline.audit.domain.findings import ActionKind
from thriftline.audit.domain.inventory import Inventory
from thriftline.audit.domain.lifecycle import expiration_rule
from thriftline.audit.domain.resources.storage import BucketPrefix, IncompleteUpload

# What must be asked before anything is called an orphan.
_REFERRING = {
    *("ListModels", "DescribeModel", "ListEndpoints", "DescribeEndpoint"),
    *("DescribeEndpointConfig", "ListInferenceComponents", "DescribeInferenceComponent"),
    *("ListModelPackageGroups", "ListModelPackages", "DescribeModelPackage"),
    *("ListTrainingJobs", "DescribeTrainingJob"),
}


@pytest.fixture(scope="module")
def account() -> Iterator[EmbeddedAws]:
    with EmbeddedAws(acting_options(rest_account())) as embedded:
        yield embedded


@pytest.fixture
def world(account: EmbeddedAws, monkeypatch: pytest.MonkeyPatch) -> Iterator[ActingWorld]:
    monkeypatch.setenv("AWS_ENDPOINT_URL", account.endpoint)
    yield ActingWorld(account, default_tags=(("team", "unknown"), ("cost", "ml")))
    account.faults.clear()


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
    audit_id = begin_only(world, _seen_bucket(world, "ml-merge"), kind)
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
    audit_id = begin_only(world, _seen_bucket(world, "ml-old"), ActionKind.APPLY_LIFECYCLE_RULES)
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
    audit_id = begin_only(world, _seen_bucket(world, "ml-plain"), ActionKind.APPLY_LIFECYCLE_RULES)
    # Rules for old versions are all that was planned, and by now it keeps none.
    s3.put_bucket_versioning(Bucket="ml-plain", VersioningConfiguration={"Status": "Suspended"})

    answer = world.act(audit_id)

    assert answer.outcome == "declined"
    assert "None of the planned rules" in answer.reason
    assert _rules(world, "ml-plain") == [OWN_RULE]


def test_rules_that_cannot_be_read_are_not_replaced(world: ActingWorld) -> None:
    kind = ActionKind.APPLY_LIFECYCLE_RULES
    audit_id = begin_only(world, _seen_bucket(world, "ml-refused"), kind)
    fault = AwsFault("s3", "GetBucketLifecycleConfiguration", "InternalError", status=500)
    world.aws.faults.add(fault)

    answer = world.act(audit_id)

    assert answer.outcome == "declined"
    assert _rules(world, "ml-refused") == [OWN_RULE]


def test_a_rehearsal_of_rules_writes_nothing(world: ActingWorld) -> None:
    kind = ActionKind.APPLY_LIFECYCLE_RULES
    audit_id = begin_only(world, _seen_bucket(world, "ml-rehearsed"), kind)
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
    audit_id = begin_only(world, found, ActionKind.ABORT_UPLOADS)

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
    audit_id = begin_only(world, _orphan(world, "lost"), ActionKind.DELETE_ARTIFACTS)

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
    audit_id = begin_only(world, found, ActionKind.TAKE_EXPIRY_AWAY)
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
    late = begin_only(world, found, ActionKind.TAKE_EXPIRY_AWAY)
    assert world.act(late).outcome == "declined"


@pytest.mark.parametrize(
    ("job", "why"), [("used", "refers to it now"), ("fresh", "Something was written")]
)
def test_what_is_used_or_written_by_now_is_not_set_to_expire(
    world: ActingWorld, job: str, why: str
) -> None:
    before = _rules(world, "ml-artifacts")
    audit_id = begin_only(world, _orphan(world, job), ActionKind.DELETE_ARTIFACTS)

    answer = world.act(audit_id)

    assert answer.outcome == "declined"
    assert why in answer.reason
    assert _rules(world, "ml-artifacts") == before


def test_without_a_whole_list_of_what_refers_nothing_expires(world: ActingWorld) -> None:
    before = _rules(world, "ml-artifacts")
    world.aws.calls.clear()
    read_references(world.signing("ActOnPlanFunction"), world.now)
    asked = {operation for service, operation in world.aws.calls if service == "sagemaker"}
    assert asked >= _REFERRING

    outcomes = {}
    for operation in asked:
        audit_id = begin_only(world, _orphan(world, "loved"), ActionKind.DELETE_ARTIFACTS)
        world.aws.faults.add(AwsFault("sagemaker", operation, "ThrottlingException", times=None))
        outcomes[operation] = world.act(audit_id).outcome
        world.aws.faults.clear()

    assert outcomes == dict.fromkeys(asked, "declined")
    assert _rules(world, "ml-artifacts") == before


def test_what_an_inference_component_loads_by_itself_does_not_expire(world: ActingWorld) -> None:
    before = _rules(world, "ml-artifacts")
    audit_id = begin_only(world, _orphan(world, "loved"), ActionKind.DELETE_ARTIFACTS)
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
    audit_id = begin_only(world, _orphan(world, "loved"), ActionKind.DELETE_ARTIFACTS)
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
