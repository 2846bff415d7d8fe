"""A run's dollars: held before it may spend any, settled when what it was billed is known."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, cast

import boto3
import pytest

from tests.unit.runs.engine_fixture import engines_over
from tests.unit.runs.fake_sagemaker import CREATED_AT, FakeSageMaker, refusal
from tests.unit.runs.run_world import NOW, RUN_ID, RunWorld, run_world
from tests.unit.runs.sagemaker_plans import a_plan, a_rung
from tests.unit.runs.trainers_fixture import trainers_over
from thriftline.core.aws.executions import Executions
from thriftline.core.aws.topic import Topic
from thriftline.core.errors import (
    AccessDeniedError,
    BudgetExceededError,
    RunSettledError,
    ServiceUnavailableError,
    ThriftlineError,
)
from thriftline.money.ledger import Budgets, settle
from thriftline.money.month import Counting, Hold
from thriftline.runs.aws.runs_table import RunsTable
from thriftline.runs.domain.layout import Upload, run_id_of
from thriftline.runs.schemas.plan import Plan, PlannedQuote
from thriftline.runs.schemas.steps import (
    ReserveBudgetResponse,
    SettleBudgetRequest,
    SettleBudgetResponse,
    SweepLedgerResponse,
)
from thriftline.runs.steps.poll_training import poll_training
from thriftline.runs.steps.reserve_budget import require_hold, reserve_budget
from thriftline.runs.steps.run_costs import attempts_of, cost_of_attempts
from thriftline.runs.steps.run_documents import read_plan
from thriftline.runs.steps.settle_budget import settle_budget
from thriftline.runs.steps.settlement_result import settlement_of
from thriftline.runs.steps.start_training import start_training
from thriftline.runs.steps.sweep_ledger import Sweeper, sweep_ledger
from thriftline.runs.steps.watch_budget import KillSwitch, watch_budget

UPLOAD = Upload("data", "datasets/Reviews/reviews.csv", "v1")
EXECUTION = "arn:aws:states:us-east-1:123456789012:execution:m:e"
BUDGETS = Budgets(Decimal(100), {})


@dataclass
class Scene:
    """One planned run, and its calls."""

    world: RunWorld
    sagemaker: FakeSageMaker

    def reserve(self, now: datetime = NOW, budgets: Budgets = BUDGETS) -> ReserveBudgetResponse:
        return reserve_budget(
            RUN_ID,
            artifacts=self.world.artifacts,
            runs=self.world.runs,
            ledger=self.world.ledger,
            budgets=budgets,
            now=now,
        )

    def start(self, attempt: int = 1) -> str:
        require_hold(RUN_ID, runs=self.world.runs, ledger=self.world.ledger)
        started = start_training(
            RUN_ID,
            attempt,
            artifacts=self.world.artifacts,
            trainers=trainers_over(self.world.artifacts, self.sagemaker),
            runs=self.world.runs,
            queue=self.world.queue,
            now=NOW,
            allowed=("sagemaker",),
        )
        assert started.job_name is not None
        return started.job_name

    def end(self, name: str, status: str = "Completed", **facts: Any) -> None:
        started = {"TrainingStartTime": CREATED_AT, "TrainingEndTime": CREATED_AT}
        self.sagemaker.move(name, status, status, **{**started, **facts})

    def poll(self, job_name: str, attempt: int) -> None:
        with contextlib.suppress(ThriftlineError):
            poll_training(
                RUN_ID,
                job_name,
                attempt,
                artifacts=self.world.artifacts,
                trainers=trainers_over(self.world.artifacts, self.sagemaker),
                runs=self.world.runs,
                now=NOW,
            )

    def settle(
        self, now: datetime = NOW, run_id: str | None = RUN_ID, execution: str = EXECUTION
    ) -> SettleBudgetResponse:
        return settle_budget(
            SettleBudgetRequest(run_id=run_id, upload=UPLOAD, execution_arn=execution),
            runs=self.world.runs,
            artifacts=self.world.artifacts,
            trainers=trainers_over(self.world.artifacts, self.sagemaker),
            engines=engines_over(self.world.artifacts),
            ledger=self.world.ledger,
            now=now,
        )

    def committed(self, month: str = "2026-11") -> Decimal:
        return self.world.ledger.month(month).committed_usd


@pytest.fixture
def scene() -> Iterator[Scene]:
    with run_world() as world:
        world.write_run()
        rung = a_rung("1.44", "1.44", volume_gib=0, max_runtime_seconds=3600, max_wait_seconds=7200)
        plan = a_plan(
            run_id=RUN_ID,
            rungs=(rung,),
            allowance_usd=Decimal("1.44"),
            stop_grace_usd=Decimal("0.05"),
            upload_grace_usd=Decimal("0.12"),
            max_attempts=2,
        )
        world.put(f"runs/{RUN_ID}/plan.json", plan.model_dump_json())
        world.runs.claim(RUN_ID, "Reviews", UPLOAD, EXECUTION, NOW)
        yield Scene(world, FakeSageMaker())


def test_the_hold_is_the_worst_case_with_what_may_come_on_top(scene: Scene) -> None:
    answer = scene.reserve()
    assert answer.held_usd == Decimal("1.61")
    assert answer.month == "2026-11"
    assert answer.left_usd == Decimal("98.39")
    assert scene.committed() == Decimal("1.61")


def test_a_second_call_after_midnight_or_from_a_clock_that_jumped_finds_the_same_hold(
    scene: Scene,
) -> None:
    scene.reserve(now=datetime(2026, 11, 30, 23, 59, tzinfo=UTC))
    for jumped in (datetime(2026, 12, 1, tzinfo=UTC), datetime(1999, 1, 1, tzinfo=UTC)):
        assert scene.reserve(now=jumped).month == "2026-11"
        assert scene.committed(f"{jumped:%Y-%m}") == 0
    assert scene.committed() == Decimal("1.61")


def test_a_run_that_does_not_fit_starts_nothing(scene: Scene) -> None:
    with pytest.raises(BudgetExceededError, match="MaxUsdPerMonth"):
        scene.reserve(budgets=Budgets(Decimal("1.60"), {}))
    with pytest.raises(RunSettledError, match="holds no dollars"):
        scene.start()
    assert scene.sagemaker.created == []
    assert scene.settle().status == "settled"
    assert scene.committed() == 0


def long_plan(scene: Scene, **values: Any) -> Plan:
    """Ten hours at 1.44 USD an hour, of which 1.5 are expected."""
    plan = read_plan(scene.world.artifacts, RUN_ID)
    rung = a_rung(
        "1.44", "14.40", volume_gib=0, max_runtime_seconds=36_000, max_wait_seconds=72_000
    )
    wanted = {
        "rungs": (rung,),
        "allowance_usd": Decimal("14.40"),
        "longest_seconds": 36_000,
        "expected_hours": Decimal("1.5"),
        "goes_on": True,
    }
    plan = plan.model_copy(update={**wanted, **values})
    scene.world.put(f"runs/{RUN_ID}/plan.json", plan.model_dump_json())
    return plan


TIGHT = Budgets(Decimal("8.17"), {})


def test_a_run_that_does_not_fit_the_month_is_made_shorter_and_the_plan_says_so(
    scene: Scene,
) -> None:
    long_plan(scene)
    for _ in range(2):
        # The whole budget: 8.00 USD and 0.17 of grace.
        assert scene.reserve(budgets=TIGHT).held_usd == Decimal("8.17")
    written = read_plan(scene.world.artifacts, RUN_ID)
    assert written.allowance_usd == Decimal("8.00")
    assert written.clamped is not None
    assert written.clamped.seconds == 20_000
    assert "does not fit the budget of 2026-11, which leaves 8.00 USD" in written.warnings[0]
    # The limit is then enforced by the job itself.
    job = scene.sagemaker.jobs[scene.start()]
    assert job["StoppingCondition"]["MaxRuntimeInSeconds"] == 20_000


def test_a_month_that_pays_for_the_first_rung_in_full_shortens_only_the_expensive_ones(
    scene: Scene,
) -> None:
    # Nothing is known of the time, and nothing goes on: the run itself could not be made shorter.
    first, second = a_rung("1.44", "1.44"), a_rung("5.00", "5.00", spot=False)
    unknown: dict[str, Any] = {"longest_seconds": None, "expected_hours": None, "goes_on": False}
    long_plan(scene, rungs=(first, second), allowance_usd=Decimal("5.00"), **unknown)
    assert scene.reserve(budgets=Budgets(Decimal("3.17"), {})).held_usd == Decimal("3.17")
    written = read_plan(scene.world.artifacts, RUN_ID)
    assert written.allowance_usd == Decimal("3.00")
    assert written.clamped is None


def test_a_run_that_would_not_be_done_is_refused_with_what_fits(scene: Scene) -> None:
    quotes = (
        a_quote("ml.g5.xlarge", "14.40", "9.00", chosen=True),
        a_quote("ml.g4dn.xlarge", "7.40", "5.50"),
        a_quote("ml.g6.xlarge", "7.90", "4.20"),
        a_quote("ml.p3.2xlarge", "38.00", "12.00"),
        # It would be stopped before it is done.
        a_quote("ml.c5.large", "0.30", "0.20").model_copy(update={"has_time": False}),
    )
    before = long_plan(scene, expected_hours=Decimal("6.25"), quotes=quotes)
    with pytest.raises(BudgetExceededError) as refused:
        scene.reserve(budgets=TIGHT)
    assert str(refused.value).endswith(
        "Nothing was spent. What fits: ml.g6.xlarge (probably 4.20 USD, at most 7.90 USD), "
        "ml.g4dn.xlarge (probably 5.50 USD, at most 7.40 USD)."
    )
    assert read_plan(scene.world.artifacts, RUN_ID) == before
    assert scene.committed() == 0


def a_quote(name: str, worst: str, expected: str, *, chosen: bool = False) -> PlannedQuote:
    return PlannedQuote(
        trainer="sagemaker",
        name=name,
        rate_usd=Decimal(1),
        rate_unit="instance-hour",
        worst_case_usd=Decimal(worst),
        expected_hours=None,
        expected_usd=Decimal(expected),
        within_cap=True,
        chosen=chosen,
    )


def test_a_run_settles_with_what_every_attempt_was_billed(scene: Scene) -> None:
    scene.reserve()
    first = scene.start()
    gone = "CapacityError: no instance"
    facts = {"TrainingTimeInSeconds": 900, "BillableTimeInSeconds": 300, "FailureReason": gone}
    scene.end(first, "Failed", **facts)
    second = scene.start(2)
    scene.end(second, TrainingTimeInSeconds=1000, BillableTimeInSeconds=400)
    answer = scene.settle()
    # 1.44 USD an hour, for 700 seconds.
    assert answer.status == "settled"
    assert scene.committed() == answer.settled_usd == Decimal("0.28")
    assert scene.settle(now=NOW + timedelta(hours=1)).reason == "It was settled before."
    assert scene.committed() == Decimal("0.28")
    item = scene.world.runs.get(RUN_ID) or {}
    assert item["settled_usd"] == "0.280000000"


def test_a_result_shows_the_bill_row_by_row_and_to_the_cent(scene: Scene) -> None:
    # A type with no volumes of its own.
    terms = {"instance_type": "ml.m5.xlarge", "volume_gib": 30}
    rung = a_rung("1.44", "1.44", max_runtime_seconds=3600, max_wait_seconds=7200, **terms)
    plan = read_plan(scene.world.artifacts, RUN_ID)
    expected = {
        "expected_usd": Decimal("0.25"),
        "expected_low_usd": Decimal("0.20"),
        "expected_high_usd": Decimal("0.29"),
    }
    plan = plan.model_copy(update={"rungs": (rung,), **expected})
    scene.world.put(f"runs/{RUN_ID}/plan.json", plan.model_dump_json())
    scene.reserve()
    first = scene.start()
    gone = "CapacityError: no instance"
    facts = {"TrainingTimeInSeconds": 900, "BillableTimeInSeconds": 301, "FailureReason": gone}
    scene.end(first, "Failed", **facts)
    second = scene.start(2)
    # Kept warm for five minutes.
    times: dict[str, Any] = {"TrainingTimeInSeconds": 400, "BillableTimeInSeconds": 400}
    scene.end(second, **times, WarmPoolStatus={"Status": "Available"})
    assert "is not known" in scene.settle().reason
    kept = {"Status": "Terminated", "ResourceRetainedBillableTimeInSeconds": 300}
    scene.end(second, **times, WarmPoolStatus=kept)
    scene.poll(first, 1)
    scene.poll(second, 2)
    scene.settle()

    item = scene.world.runs.get(RUN_ID) or {}
    cost = cost_of_attempts(attempts_of(item))
    settlement = settlement_of(item, plan, cost, completed=True)
    assert settlement.status == "settled"
    assert [(row.attempt, row.what, row.seconds) for row in settlement.rows] == [
        (1, "instances", 301),
        (1, "storage", 301),
        (2, "instances", 400),
        (2, "storage", 400),
        (2, "warm pool instances", 300),
        (2, "warm pool storage", 300),
    ]
    instances = [row.usd for row in settlement.rows if row.rate_usd == Decimal("1.44")]
    assert instances == [Decimal("0.1204"), Decimal("0.16"), Decimal("0.12")]
    # 30 GB at 0.14 USD a month of 730 hours.
    assert settlement.rows[1].usd == round(Decimal(30) * Decimal("0.14") * 301 / 2_628_000, 9)
    assert sum(row.cents_usd for row in settlement.rows) == settlement.total_usd
    assert settlement.total_usd == round(settlement.settled_usd or Decimal(0), 2)
    assert scene.committed() == settlement.settled_usd
    assert settlement.inside_range is False
    assert settlement.estimate_miss == pytest.approx(0.608, abs=0.01)
    # 701 of 1,300 seconds were billed; a warm pool has no discount.
    assert settlement.spot_saving == pytest.approx(1 - 1001 / 1600, abs=0.001)
    failed = settlement_of(item, plan, cost, completed=False)
    assert (failed.estimate_miss, failed.inside_range) == (None, None)
    # An attempt of a former version has dollars and no rows: no rows are better than half of them.
    older = {**item, "attempt_01": {**item["attempt_01"], "charges": None}}
    whole = settlement_of(older, plan, cost, completed=True)
    assert (whole.rows, whole.total_usd) == ((), settlement.total_usd)


def test_a_settlement_that_was_lost_before_its_note_is_noted_by_the_next_call(
    scene: Scene,
) -> None:
    scene.reserve()
    scene.end(scene.start(), TrainingTimeInSeconds=1000, BillableTimeInSeconds=400)
    # The function died between the ledger and the run's item.
    settle(scene.world.ledger, "2026-11", RUN_ID, "Reviews", Decimal("0.16"), NOW.date())
    assert scene.settle().reason == "It was settled before."
    assert (scene.world.runs.get(RUN_ID) or {})["settled_usd"] == "0.160000000"
    assert scene.committed() == Decimal("0.16")


def test_an_attempt_that_nobody_recorded_is_billed_all_the_same(scene: Scene) -> None:
    """Start training lost its answer, and Clean up failed."""
    scene.reserve()
    name = scene.start()
    scene.world.runs.update(RUN_ID, attempt_01=None)
    scene.end(name, TrainingTimeInSeconds=1000, BillableTimeInSeconds=400)
    scene.settle()
    assert scene.committed() == Decimal("0.16")


def test_while_a_job_runs_or_its_bill_is_unknown_the_hold_stays(scene: Scene) -> None:
    scene.reserve()
    name = scene.start()
    assert scene.settle().status == "kept"
    scene.end(name, "Failed", TrainingTimeInSeconds=900)
    answer = scene.settle()
    assert answer.status == "kept"
    assert name in answer.reason
    assert answer.settled_usd is None
    assert scene.committed() == Decimal("1.61")


def test_an_attempt_on_record_that_the_trainer_does_not_show_keeps_the_hold(scene: Scene) -> None:
    scene.reserve()
    name = scene.start()
    del scene.sagemaker.jobs[name]
    assert "does not show it" in scene.settle().reason
    assert scene.committed() == Decimal("1.61")


def test_a_redriven_execution_of_a_settled_run_starts_nothing(scene: Scene) -> None:
    scene.reserve()
    scene.end(scene.start(), TrainingTimeInSeconds=1000, BillableTimeInSeconds=400)
    scene.settle()
    with pytest.raises(RunSettledError):
        scene.start(2)
    with pytest.raises(RunSettledError):
        scene.reserve(now=NOW + timedelta(days=3))
    assert len(scene.sagemaker.created) == 1
    assert scene.committed() == Decimal("0.16")


def test_a_run_that_was_never_held_has_nothing_to_settle(scene: Scene) -> None:
    scene.world.s3.delete_object(Bucket="artifacts", Key=f"runs/{RUN_ID}/plan.json")
    assert scene.settle().status == "nothing_held"
    assert scene.world.ledger.month("2026-11").closed == frozenset()


def test_another_execution_settles_nothing(scene: Scene) -> None:
    scene.reserve()
    scene.world.runs.claim(run_id_of(UPLOAD, "Reviews"), "Reviews", UPLOAD, EXECUTION, NOW)
    answer = scene.settle(run_id=None, execution=f"{EXECUTION}-again")
    assert answer.reason == "The execution has no run of its own."
    assert scene.committed() == Decimal("1.61")


def test_a_run_of_a_former_version_that_held_nothing_is_counted(scene: Scene) -> None:
    scene.reserve()
    scene.end(scene.start(), TrainingTimeInSeconds=1000, BillableTimeInSeconds=400)
    client = scene.world.ledger._client
    client.delete_item(TableName="ledger", Key={"ledger_id": {"S": "2026-11"}})
    client.update_item(
        TableName="runs",
        Key={"run_id": {"S": RUN_ID}},
        UpdateExpression="REMOVE ledger_month, held_usd",
    )
    scene.settle()
    assert scene.committed() == Decimal("0.16")


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
    scene: Scene, states: StandInStates, now: datetime, topic: "StandInTopic | None" = None
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


class StandInTopic:
    """SNS that keeps what it is given."""

    def __init__(self) -> None:
        self.messages: list[tuple[str, str]] = []

    def publish(self, **request: str) -> None:
        self.messages.append((request["Subject"], request["Message"]))


def watched(
    scene: Scene,
    topic: StandInTopic,
    budgets: Budgets,
    *,
    is_on: bool,
    more: tuple[Hold, ...] = (),
    failed: list[str] | None = None,
) -> tuple[str, ...]:
    world = scene.world
    errors = [] if failed is None else failed
    trainers = trainers_over(world.artifacts, scene.sagemaker)
    return watch_budget(
        ledger=world.ledger,
        budgets=budgets,
        alerts=Topic(cast("Any", topic), "arn:topic"),
        switch=KillSwitch(
            is_on, world.runs, world.artifacts, trainers, engines_over(world.artifacts)
        ),
        holds=(*more, *world.ledger.month("2026-11").holds.values()),
        report=lambda run_id, _: errors.append(run_id),
        now=NOW,
    )


def test_people_are_told_once_that_a_budget_is_spent_and_runs_go_on(scene: Scene) -> None:
    scene.reserve()
    scene.start()
    scene.world.ledger.change("2026-11", Counting(Decimal(0), Decimal("9.50")))
    topic, budgets = StandInTopic(), Budgets(Decimal(10), {})
    for _ in range(3):
        assert watched(scene, topic, budgets, is_on=True) == ()
    ((subject, text),) = topic.messages
    assert subject == "Thriftline: 95 % of the budget for 2026-11 is spent"
    assert "Outside Thriftline: $9.50. Held for 1 run: $1.61." in text
    scene.world.ledger.change("2026-11", Counting(Decimal("9.50"), Decimal("10.50")))
    assert watched(scene, topic, budgets, is_on=False) == ()
    assert "New runs are refused" in topic.messages[-1][1]
    assert scene.sagemaker.stopped == []
    # With nothing left the next run is refused.
    assert budgets.left(scene.world.ledger.month("2026-11"), "Reviews") < 0


def test_the_kill_switch_stops_what_the_stack_has_started(scene: Scene) -> None:
    scene.reserve()
    name = scene.start()
    scene.sagemaker.jobs["of-somebody-else"] = {"TrainingJobStatus": "InProgress"}
    scene.world.ledger.change("2026-11", Counting(Decimal(0), Decimal("10.50")))
    topic = StandInTopic()
    assert watched(scene, topic, Budgets(Decimal(10), {}), is_on=True) == (name,)
    assert scene.sagemaker.stopped == [name]
    assert name in topic.messages[-1][1]
    assert "StopRunsAtBudget" in topic.messages[-1][1]
    assert (scene.world.runs.get(RUN_ID) or {})["stopped_by"] == "the month's budget"


def test_a_budget_of_nothing_refuses_new_runs_and_stops_none(scene: Scene) -> None:
    scene.reserve()
    scene.start()
    scene.world.ledger.change("2026-11", Counting(Decimal(0), Decimal("10.50")))
    nothing = Budgets(Decimal(0), {})
    assert watched(scene, StandInTopic(), nothing, is_on=True) == ()
    assert scene.sagemaker.stopped == []
    assert nothing.left(scene.world.ledger.month("2026-11"), "Reviews") < 0


def test_a_run_that_cannot_be_stopped_does_not_keep_the_switch_from_the_others(
    scene: Scene,
) -> None:
    scene.reserve()
    name = scene.start()
    scene.world.put("runs/Reviews-0badbad0/plan.json", "{}")
    scene.world.ledger.change("2026-11", Counting(Decimal(0), Decimal("10.50")))
    topic, failed = StandInTopic(), list[str]()
    unreadable = Hold("Reviews-0badbad0", "Reviews", Decimal(1), NOW)
    budgets = Budgets(Decimal(10), {})
    stopped = watched(scene, topic, budgets, is_on=True, more=(unreadable,), failed=failed)
    assert stopped == (name,)
    assert failed == ["Reviews-0badbad0"]
    assert name in topic.messages[-1][1]


class BrokenTopic(StandInTopic):
    """SNS that refuses every message."""

    def publish(self, **request: str) -> None:
        raise refusal("Publish", "AccessDeniedException", request["Subject"], 403)


def test_a_message_that_cannot_be_sent_lets_no_job_go_on(scene: Scene) -> None:
    scene.reserve()
    name = scene.start()
    scene.world.ledger.change("2026-11", Counting(Decimal(0), Decimal("10.50")))
    with pytest.raises(AccessDeniedError):
        watched(scene, BrokenTopic(), Budgets(Decimal(10), {}), is_on=True)
    assert scene.sagemaker.stopped == [name]
