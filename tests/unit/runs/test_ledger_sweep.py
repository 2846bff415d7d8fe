"""The hourly sweep settles what a crash has left in the ledger."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, cast

import boto3
import pytest

from tests.unit.runs.budget_world import EXECUTION, Scene, StandInTopic, a_scene
from tests.unit.runs.engine_fixture import engines_over
from tests.unit.runs.fake_sagemaker import refusal
from tests.unit.runs.run_world import NOW, RUN_ID
from tests.unit.runs.trainers_fixture import trainers_over
from thriftline.core.aws.executions import Executions
from thriftline.core.aws.topic import Topic
from thriftline.core.errors import ServiceUnavailableError
from thriftline.runs.aws.runs_table import RunsTable
from thriftline.runs.schemas.steps.sweeps import SweepLedgerResponse
from thriftline.runs.steps.sweep_ledger import Sweeper, sweep_ledger


@pytest.fixture
def scene() -> Iterator[Scene]:
    with a_scene() as made:
        yield made


class StandInStates:
    """Step Functions with one execution, or none."""

    def __init__(self, status: str | None, ended_at: datetime | None = None) -> None:
        self.status, self.ended_at = status, ended_at

    def describe_execution(self, *, executionArn: str) -> dict[str, Any]:
        assert executionArn == EXECUTION
        if self.status is None:
            raise refusal("DescribeExecution", "ExecutionDoesNotExist", "no such execution")
        if self.status == "denied":
            raise refusal("DescribeExecution", "AccessDeniedException", "no", 403)
        ended = {} if self.ended_at is None else {"stopDate": self.ended_at}
        return {"status": self.status, **ended}


def swept(
    scene: Scene, states: StandInStates, now: datetime, topic: StandInTopic | None = None
) -> SweepLedgerResponse:
    world = scene.world
    errors: list[tuple[str, Exception]] = []
    answer = sweep_ledger(
        Sweeper(
            ledger=world.ledger,
            runs=world.runs,
            artifacts=world.artifacts,
            trainers=trainers_over(world.artifacts, scene.sagemaker),
            engines=engines_over(world.artifacts),
            executions=Executions(cast("Any", states)),
            alerts=Topic(cast("Any", topic), "arn:topic"),
        ),
        now=now,
        report=lambda run_id, error: errors.append((run_id, error)),
    )
    assert len(errors) == answer.unknown
    return answer


LATER = NOW + timedelta(hours=3)


def test_the_sweep_settles_what_a_crash_has_left(scene: Scene) -> None:
    scene.reserve()
    scene.end(scene.start(), TrainingTimeInSeconds=1000, BillableTimeInSeconds=400)
    answer = swept(scene, StandInStates("ABORTED", NOW), LATER)
    assert (answer.settled, answer.kept, answer.unknown) == (1, 0, 0)
    assert answer.first_settled[0].run_id == RUN_ID
    assert scene.committed() == answer.first_settled[0].settled_usd == Decimal("0.16")
    assert (scene.world.runs.get(RUN_ID) or {})["settled_usd"] == "0.160000000"
    # What comes late meets a closed run.
    assert scene.settle(now=LATER).reason == "It was settled before."
    assert swept(scene, StandInStates("ABORTED", NOW), LATER).settled == 0


def test_a_settlement_whose_note_was_lost_is_made_by_the_sweep(scene: Scene) -> None:
    scene.reserve()
    scene.end(scene.start(), TrainingTimeInSeconds=1000, BillableTimeInSeconds=400)
    world, whole = scene.world, scene.world.runs

    class Away(RunsTable):
        def keep_first(self, run_id: str, name: str, value: str) -> str:
            raise ServiceUnavailableError(f"{run_id}: {name} {value} is not kept")

    world.runs = Away(boto3.client("dynamodb", region_name="us-east-1"), "runs")
    with pytest.raises(ServiceUnavailableError):
        scene.settle()
    world.runs = whole
    # Nobody calls again: its execution has used up its retries.
    assert swept(scene, StandInStates("FAILED", NOW), LATER).settled == 1
    assert scene.committed() == Decimal("0.16")
    assert (world.runs.get(RUN_ID) or {})["settled_usd"] == "0.160000000"


@pytest.mark.parametrize("body", ["{", '{"schema_version": "9.0"}'])
def test_a_plan_that_cannot_be_read_holds_for_a_day_and_then_counts_in_full_and_is_told_once(
    scene: Scene, body: str
) -> None:
    scene.reserve()
    scene.end(scene.start(), TrainingTimeInSeconds=1000, BillableTimeInSeconds=400)
    scene.world.put(f"runs/{RUN_ID}/plan.json", body)
    topic, states = StandInTopic(), StandInStates("ABORTED", NOW)

    early = swept(scene, states, NOW + timedelta(hours=23), topic)
    assert (early.kept, early.unknown, early.settled) == (0, 1, 0)
    running = swept(scene, StandInStates("RUNNING"), NOW + timedelta(days=9), topic)
    assert (running.kept, running.settled, topic.messages) == (1, 0, [])
    assert scene.committed() == Decimal("1.61")

    late = swept(scene, states, NOW + timedelta(hours=25), topic)
    assert (late.kept, late.unknown, late.settled) == (0, 0, 1)
    assert scene.committed() == Decimal("1.61")
    assert scene.world.ledger.month("2026-11").holds == {}
    swept(scene, states, NOW + timedelta(hours=26), topic)
    ((subject, text),) = topic.messages
    assert RUN_ID in subject
    assert "All of the 1.61 USD that were held for it count as spent" in text
    assert "plan.json" in text


def test_the_sweep_releases_a_run_without_a_job_in_the_month_of_its_hold(scene: Scene) -> None:
    scene.reserve(now=datetime(2026, 11, 30, 23, 59, tzinfo=UTC))
    december = datetime(2026, 12, 2, tzinfo=UTC)
    answer = swept(scene, StandInStates(None), december)
    assert answer.settled == 1
    assert scene.committed() == scene.committed("2026-12") == 0


@pytest.mark.parametrize(
    ("states", "counted"),
    [
        (StandInStates("RUNNING"), (1, 0)),
        (StandInStates("PENDING_REDRIVE"), (1, 0)),
        (StandInStates("FAILED", LATER - timedelta(minutes=5)), (1, 0)),
        (StandInStates("denied"), (0, 1)),
    ],
    ids=lambda case: getattr(case, "status", ""),
)
def test_the_sweep_leaves_what_runs_or_cannot_be_seen(
    scene: Scene, states: StandInStates, counted: tuple[int, int]
) -> None:
    scene.reserve()
    answer = swept(scene, states, LATER)
    assert (answer.kept, answer.unknown) == counted
    assert scene.committed() == Decimal("1.61")


def test_the_sweep_leaves_a_run_whose_job_outlived_its_execution(scene: Scene) -> None:
    scene.reserve()
    name = scene.start()
    ended = StandInStates("TIMED_OUT", NOW)
    assert swept(scene, ended, LATER).kept == 1
    scene.end(name, "Failed", TrainingTimeInSeconds=900)
    assert swept(scene, ended, LATER).kept == 1
    # What SageMaker has not said after a week is counted at its most.
    answer = swept(scene, ended, NOW + timedelta(days=8))
    assert answer.settled == 1
    assert scene.committed() == Decimal("0.36")
