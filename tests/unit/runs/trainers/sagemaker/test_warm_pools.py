"""Instances that are kept warm after a job: what they cost, and what SageMaker says of them."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.runs.fake_sagemaker import FakeSageMaker, refusal
from tests.unit.runs.plan_world import DATASET, OPEN, FakeRegistry
from tests.unit.runs.run_world import NOW, RUN_ID, RunWorld, run_world
from tests.unit.runs.trainers_fixture import trainers_over
from thriftline.core.errors import InvalidRunSpecError, NoQuotaError
from thriftline.money.prices import Price
from thriftline.runs.domain.affordable import Ask, Room, clamped
from thriftline.runs.domain.attempts import AttemptState
from thriftline.runs.domain.layout import job_name_of
from thriftline.runs.domain.work import AttemptOrder
from thriftline.runs.schemas.plan import Plan
from thriftline.runs.schemas.run_yaml import Defaults, parse_run_yaml
from thriftline.runs.steps.plan_run import plan_run
from thriftline.runs.steps.run_documents import read_plan, read_run
from thriftline.runs.steps.training_work import planned_work
from thriftline.runs.trainers.sagemaker.priced_instances import PricedInstances
from thriftline.runs.trainers.sagemaker.training_jobs import TrainingJobs

QUOTA = "ml.m5.xlarge for training warm pool usage"
ASKED: dict[str, Any] = {"instance_type": "ml.m5.xlarge", "spot": False, "keep_alive_seconds": 600}
DAY = date(2026, 11, 29)
DEFAULTS = Defaults("org/base", "ml.g5.xlarge", Decimal("7.50"), ("sagemaker",))


def instances(kept: int = 600, count: int = 2, name: str = "ml.m5.xlarge") -> PricedInstances:
    rate = Price(Decimal("3.6"), "instance-hour", "us-east-1", "Training", "a list", DAY)
    storage = Price(Decimal("0.73"), "GB-month", "us-east-1", "Training", "a list", DAY)
    kept_storage = Price(Decimal("1.46"), "GB-month", "us-east-1", "pool", "a list", DAY)
    return PricedInstances(name, count, rate, 36, storage, kept, kept_storage)


# A second of one instance is 0.001 USD, and of its 36 GB 0.00001 USD; in the pool 0.00002 USD.


def test_a_worst_case_has_the_whole_time_of_the_pool_and_its_graces_have_none() -> None:
    some = instances()

    assert some.kept_usd == Decimal("1.224")
    assert some.worst_case_usd(1000) == Decimal("3.25")  # 2.02 and 1.224
    assert some.stop_grace_usd == Decimal("0.25")
    assert instances(kept=0).worst_case_usd(1000) == Decimal("2.02")


def test_an_estimate_expects_the_whole_time_and_may_be_spared_it() -> None:
    assert instances().expected_usd(1000) == Decimal("3.25")
    assert instances().least_usd(1000) == Decimal("2.02")
    # NVMe volumes are billed nothing, in the pool neither.
    assert instances(name="ml.g5.xlarge").expected_usd(1000) == Decimal("3.20")


def test_the_pool_has_rows_of_its_own_on_the_bill() -> None:
    rows = instances().charges(1000, 300)

    assert [(row.what, row.seconds, row.units, row.rate_usd, row.usd) for row in rows] == [
        ("instances", 1000, 2, Decimal("3.6"), Decimal(2)),
        ("storage", 1000, 72, Decimal("0.73"), Decimal("0.02")),
        ("warm pool instances", 300, 2, Decimal("3.6"), Decimal("0.6")),
        ("warm pool storage", 300, 72, Decimal("1.46"), Decimal("0.012")),
    ]


@given(st.integers(0, 21_600), st.decimals("0.01", 1000, places=2))
def test_the_seconds_within_an_amount_leave_the_pool_its_dollars(kept: int, usd: Decimal) -> None:
    some = instances(kept)
    seconds = some.seconds_within(usd)

    if seconds:
        assert some.most_usd(seconds) + some.kept_usd <= usd
    assert some.most_usd(seconds + 1) + some.kept_usd > usd


@given(st.decimals("0.01", 20, places=2), st.integers(0, 3600))
def test_a_run_that_is_made_shorter_keeps_what_its_pool_costs(room: Decimal, kept: int) -> None:
    some = instances(kept)
    ask = Ask(some.worst_case_usd(7200), 7200, 1800, goes_on=True, fixed_usd=some.kept_usd)

    clamp = clamped(ask, Room(room, "the cap"))

    if clamp is not None and clamp.usd < ask.worst_usd:
        assert some.most_usd(clamp.seconds) + some.kept_usd <= clamp.usd


def test_a_run_whose_room_is_the_pools_alone_is_not_made_shorter() -> None:
    ask = Ask(Decimal(20), 7200, None, goes_on=True, fixed_usd=Decimal(5))

    assert ask.seconds_within(Decimal(5)) == 0
    assert clamped(ask, Room(Decimal(5), "the cap")) is None


@pytest.mark.parametrize(
    ("training", "said"),
    [
        ("spot: true", "SageMaker keeps no Spot instances warm after a job; set spot: false"),
        ("spot: auto", "set spot: false"),
        ("instance_type: ml.p5.4xlarge", "set spot: false"),  # Spot is the default.
        (
            "ladder: [{instance_type: ml.m5.xlarge, market: on-demand}, "
            "{instance_type: ml.m5.xlarge}]",
            "market: on-demand on every rung",
        ),
        (
            "spot: false, training_plan: "
            "'arn:aws:sagemaker:us-east-1:123456789012:training-plan/november'",
            "a training plan's instances are not kept warm",
        ),
        ("spot: false, volume_gib: 0", "volume_gib"),
    ],
)
def test_what_cannot_be_kept_warm_is_refused_with_the_fix(training: str, said: str) -> None:
    text = f"training: {{keep_alive_seconds: 600, {training}}}"

    with pytest.raises(InvalidRunSpecError) as refused:
        parse_run_yaml(text.encode(), DEFAULTS)

    assert said in str(refused.value)


def test_six_hours_are_the_most() -> None:
    with pytest.raises(InvalidRunSpecError, match="21600"):
        parse_run_yaml(b"training: {spot: false, keep_alive_seconds: 21601}", DEFAULTS)
    spec = parse_run_yaml(b"training: {spot: false, keep_alive_seconds: 21600}", DEFAULTS)
    assert spec.training.keep_alive_seconds == 21_600


@pytest.fixture
def world() -> Iterator[RunWorld]:
    with run_world() as made:
        made.put(f"runs/{RUN_ID}/dataset.json", json.dumps(DATASET))
        yield made


def plan(world: RunWorld, quotas: dict[str, int] | None = None, **training: Any) -> Plan:
    world.write_run(training=ASKED | {"max_runtime_seconds": 7200} | training)
    plan_run(
        RUN_ID,
        artifacts=world.artifacts,
        registry=cast("Any", FakeRegistry()),
        trainers=trainers_over(world.artifacts, quotas=quotas),
        region="us-east-1",
        now=NOW,
        ceilings=OPEN,
        finished=world.finished,
    )
    return read_plan(world.artifacts, RUN_ID)


def test_the_plan_has_the_pool_in_its_worst_case_and_says_what_it_buys(world: RunWorld) -> None:
    cold, warm = plan(world, keep_alive_seconds=0), plan(world, {QUOTA: 1})

    rung = warm.rungs[0]
    assert rung.name == "1 x ml.m5.xlarge, on demand, kept warm for 600 s"
    assert rung.terms["keep_alive_seconds"] == 600
    more = warm.worst_case_usd - cold.worst_case_usd
    assert more == pytest.approx(rung.fixed_usd, abs=Decimal("0.01"))
    assert rung.fixed_usd == pytest.approx(Decimal("0.2304") / 6, abs=Decimal("0.001"))
    (said,) = [text for text in warm.warnings if "warm pool" in text]
    assert "saves the next run about 180 billed seconds" in said
    assert not [text for text in plan(world, keep_alive_seconds=180).warnings if "pool" in text]


def test_a_quota_for_warm_pools_that_is_too_small_is_named(world: RunWorld) -> None:
    with pytest.raises(NoQuotaError) as refused:
        plan(world, {QUOTA: 0})

    said = str(refused.value)
    assert f"training.keep_alive_seconds: the quota '{QUOTA}' of the account is 0" in said
    assert "--quota-code L-12345678 --desired-value 1" in said
    assert "Nothing was spent." in said


def test_nobody_asks_for_the_pools_quota_of_a_run_without_one(world: RunWorld) -> None:
    assert plan(world, {QUOTA: 0}, keep_alive_seconds=0).rungs[0].fixed_usd == 0


class Started:
    """A run whose first attempt was asked for."""

    def __init__(self, world: RunWorld) -> None:
        self.sagemaker = FakeSageMaker()
        self.plan = plan(world, {QUOTA: 1})
        self.trainer = trainers_over(world.artifacts, self.sagemaker).named("sagemaker")
        self.name = job_name_of(RUN_ID, 1)
        work = planned_work(read_run(world.artifacts, RUN_ID), self.plan)
        self.rung = self.plan.ladder[0]
        self.trainer.start(
            AttemptOrder(self.name, work, self.rung, self.plan.allowance_usd, waited_seconds=0)
        )

    def look(self, status: str, **pool: Any) -> AttemptState:
        times = {
            "TrainingStartTime": datetime(2026, 11, 21, 12, 1, tzinfo=UTC),
            "TrainingTimeInSeconds": 1000,
            "BillableTimeInSeconds": 1000,
        }
        self.sagemaker.move(self.name, status, status, **times, **pool)
        found = self.trainer.look(self.name, RUN_ID, self.rung)
        assert found is not None
        return found


@pytest.fixture
def started(world: RunWorld) -> Started:
    return Started(world)


def test_the_job_is_asked_to_keep_its_instances_within_the_dollars(started: Started) -> None:
    request = started.sagemaker.jobs[started.name]

    assert request["ResourceConfig"]["KeepAlivePeriodInSeconds"] == 600
    # All of the worst case is there, so that nothing is taken off its time.
    assert request["StoppingCondition"]["MaxRuntimeInSeconds"] == 7200


def test_while_the_pool_waits_its_bill_is_not_known_and_all_of_it_is_charged(
    started: Started,
) -> None:
    known = started.look("Completed", WarmPoolStatus={"Status": "Terminated"})
    waiting = started.look("Completed", WarmPoolStatus={"Status": "Available"})

    assert known.billed_usd is not None
    assert waiting.billed_usd is None
    assert waiting.charges == ()
    assert waiting.charged_usd == pytest.approx(known.charged_usd + started.rung.fixed_usd)
    assert waiting.facts["warm_pool"] == "Available"
    assert waiting.facts["warm_pool_seconds"] is None


@pytest.mark.parametrize("status", ["Reused", "Terminated"])
def test_what_was_kept_is_billed_once_it_is_known(started: Started, status: str) -> None:
    pool = {"Status": status, "ResourceRetainedBillableTimeInSeconds": 420}

    state = started.look("Completed", WarmPoolStatus=pool)

    assert [(row.what, row.seconds) for row in state.charges] == [
        ("instances", 1000),
        ("storage", 1000),
        ("warm pool instances", 420),
        ("warm pool storage", 420),
    ]
    assert state.billed_usd == sum(row.usd for row in state.charges)
    assert state.facts["warm_pool_seconds"] == 420


@pytest.mark.parametrize(
    ("status", "reason", "is_known"),
    [
        ("Completed", "", False),
        ("Stopped", "", False),
        ("Failed", "AlgorithmError: no", False),
        ("Failed", "InternalServerError: broken", True),
        ("Failed", "CapacityError: none", True),
    ],
)
def test_a_pool_that_sagemaker_does_not_show_is_unknown_where_there_may_be_one(
    started: Started, status: str, reason: str, is_known: bool
) -> None:
    state = started.look(status, FailureReason=reason)

    assert (state.billed_usd is not None) == is_known


def test_a_pool_stays_after_a_completed_attempt_and_goes_after_any_other(
    started: Started,
) -> None:
    released = []

    def update(**parameters: Any) -> None:
        released.append(parameters)

    started.sagemaker.update_training_job = update  # type: ignore[attr-defined]
    available = {"Status": "Available"}
    started.look("Completed", WarmPoolStatus=available)
    started.trainer.release(started.name, RUN_ID, registered=False)
    assert released == []

    started.look("Stopped", WarmPoolStatus=available)
    started.trainer.release(started.name, RUN_ID, registered=False)
    started.look("Stopped", WarmPoolStatus={"Status": "Terminated"})
    started.trainer.release(started.name, RUN_ID, registered=False)
    started.trainer.release(started.name, "another-run", registered=False)
    assert released == [
        {
            "TrainingJobName": started.name,
            "ResourceConfig": {"KeepAlivePeriodInSeconds": 0},
        }
    ]


def test_a_pool_that_the_next_job_has_taken_meanwhile_is_no_fault(started: Started) -> None:
    def update(**_: Any) -> None:
        raise refusal("UpdateTrainingJob", "ValidationException", "no pool that waits")

    started.sagemaker.update_training_job = update  # type: ignore[attr-defined]
    started.look("Stopped", WarmPoolStatus={"Status": "Reused"})
    TrainingJobs(cast("Any", started.sagemaker)).release_pool(started.name)
