"""A run's dollars: held before it may spend any, settled when what it was billed is known."""

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from tests.unit.runs.budget_world import Scene, a_scene
from tests.unit.runs.run_world import RUN_ID
from tests.unit.runs.sagemaker_plans import a_rung
from thriftline.core.errors import BudgetExceededError, RunSettledError
from thriftline.money.ledger import Budgets
from thriftline.runs.schemas.plan import Plan, PlannedQuote
from thriftline.runs.steps.run_documents import read_plan


@pytest.fixture
def scene() -> Iterator[Scene]:
    with a_scene() as made:
        yield made


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
