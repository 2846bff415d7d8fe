"""A preparation's plan, and the dollars that it holds."""

from datetime import timedelta
from decimal import Decimal

import pytest

from tests.unit.runs.engine_fixture import WORST_USD
from tests.unit.runs.preparation_world import MONTH, PreparationWorld
from tests.unit.runs.run_world import NOW, RUN_ID
from thriftline.core.errors import (
    AllowanceSpentError,
    BudgetExceededError,
    CapacityError,
    InvalidRunSpecError,
    UnpricedInstanceError,
)
from thriftline.money.ledger import Budgets, reserve
from thriftline.money.month import Hold
from thriftline.runs.domain.approvals import ApprovalPolicy
from thriftline.runs.domain.endings import Ending
from thriftline.runs.schemas.preparation_plan import PreparationPlan


def read_plan(world: PreparationWorld) -> PreparationPlan:
    body = world.run.artifacts.read(f"runs/{RUN_ID}/preparation_plan.json")
    return PreparationPlan.model_validate_json(body or b"")


def test_the_plan_holds_the_cap_of_the_whole_run_before_anything_starts(
    world: PreparationWorld,
) -> None:
    answer = world.plan()
    assert (answer.engine, answer.worst_case_usd) == ("emr_serverless", WORST_USD)
    assert answer.held_usd == world.held_usd == Decimal("10.00")
    assert (world.run.runs.get(RUN_ID) or {})["worst_case_usd"] == "10.000000"
    assert world.engine.started == {}
    assert world.engine.asked[0].max_vcpus == 16
    assert read_plan(world).terms == {"vcpus": 16}


def test_a_plan_that_is_made_again_holds_nothing_more(world: PreparationWorld) -> None:
    world.plan()
    world.pass_time(days=9.5)
    world.plan()
    assert world.held_usd == Decimal("10.00")
    assert len(world.engine.asked) == 1


def test_the_run_holds_what_the_month_has_left_where_that_is_less(world: PreparationWorld) -> None:
    world.budgets = Budgets(Decimal(6), {})
    other = Hold("other-0123456789abcdef", "other", Decimal("2.5"), NOW)
    reserve(world.run.ledger, MONTH, other, world.budgets)
    assert world.plan().held_usd == Decimal("3.50")


@pytest.mark.parametrize(
    ("spec", "month", "said"),
    [
        ({"budget": {"max_usd": 1}}, 100, "the cap budget.max_usd leaves 1.00 USD"),
        ({"prepare": {"max_usd": 0.5}}, 100, "prepare.max_usd leaves 0.50 USD"),
        ({}, 1, "the budget of 2026-11 leaves 1.00 USD"),
        ({}, 0, "the budget of 2026-11 leaves 0.00 USD"),
    ],
)
def test_a_worst_case_over_a_limit_is_refused_and_holds_nothing(
    world: PreparationWorld, spec: dict[str, dict[str, float]], month: int, said: str
) -> None:
    prepare = {"engine": "emr_serverless", **spec.get("prepare", {})}
    world.rewrite(**{**spec, "prepare": prepare})
    world.budgets = Budgets(Decimal(month), {})
    with pytest.raises(BudgetExceededError, match=said):
        world.plan()
    assert world.held_usd == 0
    assert world.end().settled_usd == 0


def test_a_preparation_above_the_threshold_is_asked_for_with_the_attempt_that_may_follow(
    world: PreparationWorld,
) -> None:
    assert not world.plan().needs_approval
    world.run.artifacts.delete(f"runs/{RUN_ID}/preparation_plan.json")
    world.approval = ApprovalPolicy(Decimal("1.00"), timedelta(hours=1))
    answer = world.plan()
    assert (answer.needs_approval, answer.approval_wait_seconds) == (True, 4500)
    assert (answer.month, answer.left_usd) == (MONTH, Decimal("90.00"))
    assert world.held_usd == Decimal("10.00")
    assert read_plan(world).most_usd == 2 * WORST_USD
    world.engine.endings = {1: Ending.COMPLETED}
    world.start()
    world.poll()
    preparation = world.document().preparation
    assert preparation is not None
    assert preparation.approved_usd == 2 * WORST_USD


def test_without_a_yes_no_second_attempt_takes_a_preparation_above_the_threshold(
    world: PreparationWorld,
) -> None:
    world.approval = ApprovalPolicy(WORST_USD, timedelta(hours=1))
    assert not world.plan().needs_approval
    world.start()
    world.engine.endings = {1: Ending.INTERRUPTED}
    with pytest.raises(CapacityError):
        world.poll()
    with pytest.raises(AllowanceSpentError, match=r"1\.20 USD are left .*ApprovalAboveUsd"):
        world.start(2)


def test_an_engine_that_cannot_says_why(world: PreparationWorld) -> None:
    world.engine.cannot = "the stack has no application"
    with pytest.raises(InvalidRunSpecError, match=r"the stack has no application\. Nothing was"):
        world.plan()


def test_an_engine_without_a_price_is_refused(world: PreparationWorld) -> None:
    world.engine.worst_usd = None
    with pytest.raises(UnpricedInstanceError, match="not known"):
        world.plan()


def test_an_engine_that_is_not_registered_is_named(world: PreparationWorld) -> None:
    world.rewrite(prepare={"engine": "databricks"})
    with pytest.raises(InvalidRunSpecError, match="no engine is called databricks"):
        world.plan()
