"""What a plan says of dollars: the cap, the hold of a preparation, a person to ask."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from tests.unit.runs.plan_world import OPEN, plan, plan_world
from tests.unit.runs.run_world import RUN_ID, RunWorld
from thriftline.core.errors import BudgetExceededError
from thriftline.runs.domain.approvals import ApprovalPolicy
from thriftline.runs.schemas.result import ResultPlan
from thriftline.runs.schemas.run import RunPreparation


@pytest.fixture
def world() -> Iterator[RunWorld]:
    with plan_world() as made:
        yield made


@pytest.mark.parametrize(
    ("stack", "run", "needed", "above"),
    [
        (None, None, False, None),
        ("2.83", None, True, "2.83"),
        ("2.84", None, False, "2.84"),
        (None, 1, True, "1"),
        ("2.00", 100, True, "2.00"),
    ],
)
def test_the_plan_says_whether_a_person_is_asked(
    world: RunWorld, stack: str | None, run: int | None, needed: bool, above: str | None
) -> None:
    """The worst case is 2.84 USD; run.yaml lowers the stack's threshold and cannot raise it."""
    world.write_run(training={"max_runtime_seconds": 7200}, budget={"approval_above_usd": run})
    policy = ApprovalPolicy(stack and Decimal(stack), timedelta(hours=2))  # type: ignore[arg-type]

    response, written = plan(world, approval=policy)

    assert response.needs_approval is needed
    assert written.approval_above_usd == (above and Decimal(above))
    assert response.approval_wait_seconds == 2 * 3600 + 900


def test_money_in_the_document_is_decimal_text(world: RunWorld) -> None:
    world.write_run(training={"max_runtime_seconds": 7200})
    plan(world)

    document = world.artifacts.read_json(f"runs/{RUN_ID}/plan.json")

    assert document["allowance_usd"] == "2.84"
    assert document["rungs"][0]["rate"]["usd"] == "1.408"
    assert document["rungs"][0]["terms"]["storage"]["usd"] == "0.14"


def test_a_run_that_passes_its_cap_is_refused_and_no_plan_is_written(world: RunWorld) -> None:
    world.write_run(budget={"max_usd": "0.60"}, training={"max_runtime_seconds": 7200})

    with pytest.raises(BudgetExceededError, match=r"2\.84 USD passes .* 0\.60 USD") as refusal:
        plan(world)

    # What fits, by what it probably costs.
    assert re.search(
        r"ml\.g4dn\.xlarge \(probably 0\.\d\d USD, at most 1\.49 USD\)", str(refusal.value)
    )
    assert world.artifacts.read(f"runs/{RUN_ID}/plan.json") is None


def prepared(world: RunWorld, held: str, charged: str, approved: str | None = None) -> None:
    run = world.write_run(prepare={}, training={"max_runtime_seconds": 7200})
    done = RunPreparation(
        engine="emr_serverless",
        attempt=1,
        rows=9,
        held_usd=Decimal(held),
        charged_usd=Decimal(charged),
        approved_usd=None if approved is None else Decimal(approved),
    )
    written = run.model_copy(update={"preparation": done})
    world.put(f"runs/{RUN_ID}/run.json", written.model_dump_json())


def test_a_prepared_run_trains_for_what_its_preparation_left_of_the_hold(world: RunWorld) -> None:
    prepared(world, "10.00", "0.30")
    _, written = plan(world)
    assert written.allowance_usd == Decimal("2.84")

    prepared(world, "2.50", "0.40")
    _, written = plan(world)
    graces = written.stop_grace_usd + written.upload_grace_usd
    assert Decimal("1.90") < written.allowance_usd <= Decimal("2.10") - graces

    prepared(world, "2.50", "2.45")
    with pytest.raises(BudgetExceededError, match=r"of whose 2\.50 USD the preparation took 2\.45"):
        plan(world)

    prepared(world, "10.00", "9.99")
    with pytest.raises(BudgetExceededError, match=r"Raise the cap budget\.max_usd, of") as told:
        plan(world)
    enough = re.search(r"took 9\.99 USD, to (\d+\.\d\d)", str(told.value))
    assert enough
    assert Decimal(enough.group(1)) >= Decimal("9.99") + Decimal("2.84")


def test_a_person_is_asked_for_preparation_and_training_together(world: RunWorld) -> None:
    policy = ApprovalPolicy(Decimal("3.00"), timedelta(hours=1))
    prepared(world, "10.00", "0.10")
    assert not plan(world, approval=policy)[0].needs_approval
    prepared(world, "10.00", "0.20")
    assert plan(world, approval=policy)[0].needs_approval
    prepared(world, "10.00", "0.20", approved="3.04")
    assert not plan(world, approval=policy)[0].needs_approval
    prepared(world, "10.00", "0.21", approved="3.04")
    assert plan(world, approval=policy)[0].needs_approval


def test_a_run_that_its_cap_pays_for_long_enough_is_made_shorter(world: RunWorld) -> None:
    world.write_run(budget={"max_usd": "2.00"}, training={"max_runtime_seconds": 7200})

    response, written = plan(world)

    assert response.worst_case_usd == written.allowance_usd == Decimal("2.00")
    assert written.clamped is not None
    assert (written.clamped.from_seconds, written.clamped.seconds) == (7200, 5070)
    assert written.warnings[0] == written.clamped.reason
    assert "2.84 USD does not fit the cap budget.max_usd, which leaves 2.00 USD" in (
        written.clamped.reason
    )
    assert ResultPlan.of(written).max_runtime_seconds == 5070


def test_a_run_is_made_shorter_for_the_stacks_limit_too(world: RunWorld) -> None:
    world.write_run(training={"max_runtime_seconds": 7200})

    _, written = plan(world, ceilings=replace(OPEN, max_usd_per_run=Decimal("1.50")))

    assert written.allowance_usd == Decimal("1.50")
    assert written.clamped is not None
    assert "MaxUsdPerRun" in written.clamped.reason


def test_more_attempts_do_not_raise_the_worst_case(world: RunWorld) -> None:
    world.write_run(training={"max_attempts": 5, "max_runtime_seconds": 7200})

    response, _ = plan(world)

    assert (response.worst_case_usd, response.max_attempts) == (Decimal("2.84"), 5)


def test_the_run_time_limit_stays_within_the_cap(world: RunWorld) -> None:
    world.write_run(budget={"max_usd": "0.50"})

    response, written = plan(world)

    assert response.worst_case_usd <= Decimal("0.50")
    assert written.rungs[0].terms["max_runtime_seconds"] >= 245  # what is expected


def test_the_advice_for_a_limit_that_passes_the_cap_is_enough_for_the_work(
    world: RunWorld,
) -> None:
    world.write_run(budget={"max_usd": "0.60"}, training={"max_runtime_seconds": 7200})

    with pytest.raises(BudgetExceededError, match="from") as told:
        plan(world)

    least, most = re.search(r"from (\d+) to (\d+)", str(told.value)).groups()  # type: ignore[union-attr]
    assert 240 < int(least) < int(most)
