"""What a run was billed."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from thriftline.money.cost import Billing, Cost, cost_of


def billing(billed: int, trained: int, usd: str, undiscounted: str) -> Billing:
    return Billing(billed, trained, Decimal(usd), Decimal(undiscounted))


def test_attempts_of_different_price_are_summed_up() -> None:
    cost = cost_of([billing(900, 3600, "0.352", "1.408"), billing(100, 100, "0.648", "0.648")])
    assert cost.billed_seconds == 1000
    assert cost.training_seconds == 3700
    assert cost.usd == Decimal("1.000")
    assert cost.undiscounted_usd == Decimal("2.056")
    assert cost.saving == float(1 - Decimal("1.000") / Decimal("2.056"))


def test_one_unknown_part_makes_the_whole_unknown_not_smaller() -> None:
    cost = cost_of([billing(900, 3600, "0.352", "1.408"), Billing(None, None, None, None)])
    assert cost == Cost(None, None, None, None, None)


def test_unknown_dollars_leave_the_seconds_known() -> None:
    assert cost_of([Billing(900, 3600, None, None)]) == Cost(900, 3600, None, None, None)


def test_a_run_without_a_job_cost_nothing() -> None:
    assert cost_of([]) == Cost(0, 0, Decimal(0), Decimal(0), None)


money = st.decimals(min_value="0", max_value="10000", places=6)


@given(st.lists(st.tuples(money, money), min_size=1, max_size=5))
def test_the_sum_is_the_sum_of_the_parts_and_a_discount_never_costs(
    parts: list[tuple[Decimal, Decimal]],
) -> None:
    whole = cost_of([Billing(1, 1, min(part), max(part)) for part in parts])

    assert whole.usd == sum(min(part) for part in parts)
    assert whole.undiscounted_usd == sum(max(part) for part in parts)
    assert whole.saving is None or 0 <= whole.saving <= 1
