"""Actions on logs, notebooks and tags: done only if they still hold, each with an undo."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from local_aws.http.faults import AwsFault
from local_aws.server import EmbeddedAws
from tests.integration.audit.acting_rest import begin_only, rest_account
from tests.integration.audit.acting_world import ActingWorld, FakeTopic, acting_options
from tests.integration.local_aws.sample_account import ACCOUNT, NOW, REGION
from tests.unit.audit.accounts import bucket
from thriftline.audit.domain.findings import ActionKind
from thriftline.audit.domain.inventory import Inventory
from thriftline.audit.domain.resources.notebooks import Notebook
from thriftline.audit.domain.resources.storage import LogGroup
from thriftline.core.errors import ServiceUnavailableError
from thriftline.core.message import Message


class SilentTopic(FakeTopic):
    """Takes no message."""

    def send(self, message: Message) -> None:
        raise ServiceUnavailableError("the topic is away")


@pytest.fixture(scope="module")
def account() -> Iterator[EmbeddedAws]:
    with EmbeddedAws(acting_options(rest_account())) as embedded:
        yield embedded


@pytest.fixture
def world(account: EmbeddedAws, monkeypatch: pytest.MonkeyPatch) -> Iterator[ActingWorld]:
    monkeypatch.setenv("AWS_ENDPOINT_URL", account.endpoint)
    yield ActingWorld(account, default_tags=(("team", "unknown"), ("cost", "ml")))
    account.faults.clear()


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
    audit_id = begin_only(world, _log_group(world, "/ml/quiet"), ActionKind.SET_LOG_RETENTION)

    answer = world.act(audit_id)

    assert (answer.outcome, _retention(world, "/ml/quiet")) == ("done", 90)
    assert "aws logs delete-retention-policy" in world.record(audit_id).undo
    assert "/ml/quiet" in world.record(audit_id).undo


def test_a_log_group_that_got_a_retention_or_a_keep_tag_meanwhile_stays(world: ActingWorld) -> None:
    logs = world.aws.client("logs")
    audits = {
        name: begin_only(world, _log_group(world, name), ActionKind.SET_LOG_RETENTION)
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
    audit_id = begin_only(world, _log_group(world, "/ml/unread"), ActionKind.SET_LOG_RETENTION)
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
    return begin_only(world, _notebook(world, name), ActionKind.STOP_NOTEBOOK, by_hand=True)


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
    audit_id = begin_only(world, found, ActionKind.TAG_RESOURCE)
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
    audit_id = begin_only(world, found, ActionKind.TAG_RESOURCE)
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
    audit_id = begin_only(world, _log_group(world, "/ml/rehearsed"), ActionKind.SET_LOG_RETENTION)

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
