"""A preparation on a Databricks job cluster, from its quote to its settlement."""

from dataclasses import replace
from decimal import Decimal

import pytest

from tests.integration.databricks.story import Loss, Story
from tests.integration.databricks.world import WORK, World
from thriftline.core.errors import AwsRequestError, InvalidRunSpecError, QuotaExceededError
from thriftline.runs.domain.endings import Ending


def test_a_run_is_submitted_followed_and_settled(world: World) -> None:
    order = world.order()
    started = world.engine.start(order)
    order = replace(order, started_id=started.id)

    assert started.is_active
    assert world.after(60, order).status == "PENDING"
    working = world.after(300, order)
    assert (working.status, working.is_active) == ("RUNNING", True)
    assert world.after(480, order).status == "TERMINATING"
    ended = world.after(60, order)

    assert ended.ending is Ending.COMPLETED
    assert ended.reason == "The preparation completed."
    assert ended.started_at is not None
    assert ended.ended_at is not None
    # 4 nodes for 240 + 600 + 30 seconds.
    assert ended.facts["node_hours"] == "0.967"
    assert ended.billed_usd is not None
    assert world.workspace.bills_usd() <= ended.billed_usd


def test_the_submission_is_one_task_on_a_cluster_of_its_own_with_an_end(world: World) -> None:
    world.started()
    (run,) = world.workspace.runs.values()
    (task,) = run.body["tasks"]
    cluster = task["new_cluster"]

    assert run.body["idempotency_token"] == "reviews-1-prepare-1"
    assert run.body["timeout_seconds"] == 3600
    assert task["max_retries"] == 0
    assert task["spark_python_task"] == {
        "python_file": "s3://artifacts/scratch/reviews-1/preparation/prepare.py",
        "parameters": ["--config", "s3://artifacts/scratch/reviews-1/preparation/config.json"],
    }
    assert cluster["num_workers"] == 3
    assert cluster["aws_attributes"] == {
        "availability": "SPOT_WITH_FALLBACK",
        "first_on_demand": 1,
        "zone_id": "auto",
        "ebs_volume_type": "GENERAL_PURPOSE_SSD",
        "ebs_volume_count": 1,
        "ebs_volume_size": 100,
    }
    assert cluster["data_security_mode"] == "SINGLE_USER"
    assert cluster["single_user_name"] == world.workspace.client_id
    assert cluster["custom_tags"] == {
        "thriftline:stack": "thriftline",
        "thriftline:project": "reviews",
        "thriftline:run-id": "reviews-1",
    }


def test_a_cluster_has_what_the_run_spec_asks_for(world: World) -> None:
    profile = "arn:aws:iam::123456789012:instance-profile/prepare"
    world.workspace.policies = frozenset({"E0631F5C0D0006D6"})
    world.started(
        spare_capacity=False,
        max_vcpus=40,
        settings={
            "node_type": "m5d.xlarge",
            "workers": 9,
            "alternate_node_types": [{"node_type": "m5a.xlarge"}],
            "instance_profile_arn": profile,
            "policy_id": "E0631F5C0D0006D6",
            "ebs_volume_gib": 500,
            "packages": ["py3langid==0.4.0"],
        },
    )
    (run,) = world.workspace.runs.values()
    (task,) = run.body["tasks"]
    cluster = task["new_cluster"]

    assert task["libraries"] == [{"pypi": {"package": "py3langid==0.4.0"}}]
    assert cluster["num_workers"] == 9
    assert cluster["policy_id"] == "E0631F5C0D0006D6"
    assert cluster["worker_node_type_flexibility"] == {"alternate_node_type_ids": ["m5a.xlarge"]}
    assert cluster["aws_attributes"]["availability"] == "ON_DEMAND"
    assert cluster["aws_attributes"]["instance_profile_arn"] == profile
    assert cluster["aws_attributes"]["ebs_volume_size"] == 500


def test_nodes_with_disks_of_their_own_get_no_volume(world: World) -> None:
    world.started(settings={"node_type": "m5d.xlarge"})
    (run,) = world.workspace.runs.values()
    assert "ebs_volume_count" not in run.body["tasks"][0]["new_cluster"]["aws_attributes"]


def test_a_start_however_often_it_is_asked_for_is_one_run(world: World) -> None:
    order = world.order()
    first = world.engine.start(order)
    world.clock.advance(30)

    assert world.engine.start(order).id == first.id
    assert world.make().start(order).id == first.id
    assert len(world.workspace.runs) == 1


def test_a_lost_start_is_found_by_its_name_and_cancelled(world: World) -> None:
    for number in range(60):
        world.engine.start(world.order(name=f"other-{number}"))
    order = world.order()
    world.engine.start(order)
    for number in range(60, 120):
        world.engine.start(world.order(name=f"other-{number}"))

    found = world.engine.look(order)
    assert found is not None
    assert world.workspace.runs[int(found.id)].body["run_name"] == order.name
    world.engine.stop(order)
    assert int(found.id) not in world.workspace.active() or world.after(60, order).ending


def test_an_order_that_was_never_started_is_not_there_and_nothing_is_started(world: World) -> None:
    order = world.order()
    assert world.engine.look(order) is None
    world.engine.stop(order)
    assert world.workspace.runs == {}


def test_a_cancelled_run_ends_later_and_is_settled(world: World) -> None:
    order = world.started()
    world.clock.advance(400)
    world.engine.stop(order)

    stopping = world.engine.look(order)
    assert stopping is not None
    assert (stopping.status, stopping.is_active) == ("TERMINATING", True)
    ended = world.after(60, order)
    assert ended.ending is Ending.STOPPED
    assert ended.billed_usd is not None
    assert 0 < world.workspace.bills_usd() <= ended.billed_usd


def test_a_run_that_ended_or_is_gone_is_stopped_without_an_error(world: World) -> None:
    order = world.started()
    world.ended(order)
    world.engine.stop(order)
    world.workspace.runs[int(order.started_id or 0)].deleted = True

    world.engine.stop(order)
    assert world.engine.look(order) is None


def test_a_run_cancelled_before_its_cluster_was_asked_for_cost_nothing(world: World) -> None:
    world.story.pending_seconds = 600
    order = world.started()
    world.clock.advance(60)
    world.engine.stop(order)

    ended = world.after(60, order)
    assert ended.ending is Ending.STOPPED
    assert ended.billed_usd == Decimal(0)


@pytest.mark.parametrize("from_start", [True, False])
def test_a_run_that_does_not_end_is_ended_by_its_time_out(world: World, from_start: bool) -> None:
    world.story = Story(works_seconds=None, times_out_from_start=from_start)
    order = world.started()
    quote = world.engine.quote(WORK)
    ended = world.ended(order)

    assert ended.ending is Ending.OUT_OF_RUN_TIME_WITHOUT_CHECKPOINT
    assert quote.worst_usd is not None
    assert ended.billed_usd is not None
    assert world.workspace.bills_usd() <= ended.billed_usd <= quote.worst_usd


def test_lost_spot_workers_are_counted_and_replaced(world: World) -> None:
    world.story = Story(works_seconds=1200, losses=(Loss(100, 120), Loss(500, 90)))
    ended = world.ended(world.started())

    assert ended.ending is Ending.COMPLETED
    assert ended.facts["nodes_lost"] == 2
    assert ended.billed_usd is not None
    assert world.workspace.bills_usd() <= ended.billed_usd


def test_a_run_whose_token_was_used_and_deleted_is_not_started_again(world: World) -> None:
    order = world.started()
    world.ended(order)
    world.workspace.runs[int(order.started_id or 0)].deleted = True

    with pytest.raises(AwsRequestError, match="started this preparation once"):
        world.engine.start(order)


def test_what_the_workspace_refuses_is_the_run_specs_fault_and_says_so(world: World) -> None:
    order = world.order(settings={"policy_id": "NOSUCH"})
    with pytest.raises(InvalidRunSpecError, match=r"prepare\.databricks: .*policy NOSUCH"):
        world.engine.start(order)


def test_a_workspace_with_too_many_runs_is_a_quota(world: World) -> None:
    world.workspace.most_runs = 0
    with pytest.raises(QuotaExceededError, match="too many active runs"):
        world.engine.start(world.order())


def test_the_error_of_the_program_is_the_reason(world: World) -> None:
    world.story = Story(
        code="RUN_EXECUTION_ERROR",
        type="CLIENT_ERROR",
        message="Task prepare failed.",
        error="SystemExit: 2",
        logs='WARN a library\nPREPARATION_ERROR {"code": "labels", "message": "2 labels over"}\n',
    )
    ended = world.ended(world.started())

    assert ended.ending is Ending.USER_ERROR
    assert "2 labels over" in ended.reason
    assert ended.billed_usd


def test_the_document_that_the_program_left_is_read_first(world: World) -> None:
    world.story = Story(code="RUN_EXECUTION_ERROR", type="CLIENT_ERROR", error="SystemExit: 2")
    key = "scratch/reviews-1/prepared/attempt-01/error.json/part-00000.txt"
    world.s3.objects[key] = b'{"code": "EMPTY", "message": "Nothing is left of 100 rows."}'
    ended = world.ended(world.started())

    assert ended.ending is Ending.USER_ERROR
    assert "Nothing is left of 100 rows." in ended.reason


def test_a_cluster_that_never_came_cost_nothing_and_the_request_is_not_repeated(
    world: World,
) -> None:
    world.story = Story(
        has_cluster=False,
        pending_seconds=5,
        code="INVALID_CLUSTER_REQUEST",
        type="CLIENT_ERROR",
        message="The node type is not enabled.",
    )
    ended = world.ended(world.started())

    assert ended.ending is Ending.USER_ERROR
    assert ended.billed_usd == Decimal(0)
    assert "The node type is not enabled." in ended.reason


@pytest.mark.parametrize(
    ("code", "reason", "ending"),
    [
        ("CLOUD_FAILURE", "AWS_INSUFFICIENT_INSTANCE_CAPACITY_FAILURE", Ending.CAPACITY),
        ("CLUSTER_ERROR", "SPOT_INSTANCE_TERMINATION", Ending.INTERRUPTED),
        ("DRIVER_ERROR", "DRIVER_UNREACHABLE", Ending.INTERNAL_ERROR),
        ("CLOUD_FAILURE", "AWS_MAX_SPOT_INSTANCE_COUNT_EXCEEDED_FAILURE", Ending.QUOTA),
        ("WORKSPACE_RUN_LIMIT_EXCEEDED", "JOB_FINISHED", Ending.QUOTA),
        ("SOMETHING_NEW", "JOB_FINISHED", Ending.UNKNOWN_FAILURE),
    ],
)
def test_endings_are_told_apart(world: World, code: str, reason: str, ending: Ending) -> None:
    world.story = Story(code=code, message="It is so.", cluster_reason=reason, type="CLOUD_FAILURE")
    ended = world.ended(world.started())

    assert ended.ending is ending
    assert code in ended.reason
    assert "It is so." in ended.reason


def test_a_bill_of_which_the_events_are_gone_is_not_known(world: World) -> None:
    order = world.started()
    world.clock.advance(2_000)
    for _ in range(2):
        world.loopback.fault("events", status=400, body={"error_code": "INVALID_STATE"})
    ended = world.engine.look(order)

    assert ended is not None
    assert ended.ending is Ending.COMPLETED
    assert ended.billed_usd is None


def test_events_come_in_pages(world: World) -> None:
    world.story = Story(works_seconds=1200, losses=(Loss(100, 120),), extra={"page": 1})
    ended = world.ended(world.started())
    assert ended.facts["nodes_lost"] == 1
