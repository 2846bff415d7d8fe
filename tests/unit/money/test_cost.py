"""What a run was billed."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from thriftline.money.cost import Billing, Cost, Rates, cost_of

RATES = Rates(Decimal("1.408"), None, 30)


def test_a_job_is_billed_by_its_billable_seconds() -> None:
    cost = cost_of([Billing(1, 3600, 900)], RATES)
    assert cost == Cost(900, 3600, Decimal("0.352"), Decimal("1.408"), 0.75)


def test_every_instance_is_billed() -> None:
    assert cost_of([Billing(2, 3600, 3600)], RATES).usd == Decimal("2.816")


def test_the_attempts_are_summed_up() -> None:
    cost = cost_of([Billing(1, 1000, 400), Billing(1, 2600, 500)], RATES)
    assert cost.billed_seconds == 900
    assert cost.usd == Decimal("0.352")
    assert cost.spot_saving == 0.75


def test_storage_is_billed_for_the_time_of_the_job() -> None:
    rates = Rates(Decimal(0), Decimal("0.14"), 100)
    month = 730 * 3600
    assert cost_of([Billing(1, month, month)], rates).usd == Decimal("14")


def test_one_unknown_part_makes_the_whole_unknown_not_smaller() -> None:
    cost = cost_of([Billing(1, 3600, 900), Billing(1, None, None)], RATES)
    assert cost == Cost(None, None, None, None, None)


def test_an_unknown_rate_leaves_the_dollars_unknown_and_the_seconds_known() -> None:
    cost = cost_of([Billing(1, 3600, 900)], None)
    assert cost == Cost(900, 3600, None, None, 0.75)


def test_a_run_without_a_job_cost_nothing() -> None:
    assert cost_of([], None) == Cost(0, 0, Decimal(0), Decimal(0), None)


@given(st.lists(st.tuples(st.integers(1, 10**6), st.integers(0, 10**6)), min_size=1, max_size=5))
def test_the_sum_is_the_sum_of_the_parts_and_on_demand_is_never_cheaper(
    seconds: list[tuple[int, int]],
) -> None:
    jobs = [Billing(1, trained, min(trained, billed)) for trained, billed in seconds]
    whole = cost_of(jobs, RATES)
    parts = [cost_of([job], RATES).usd for job in jobs]
    assert whole.usd is not None
    assert abs(whole.usd - sum(part for part in parts if part is not None)) < Decimal("1e-12")
    assert whole.on_demand_usd is not None
    assert whole.on_demand_usd >= whole.usd
    assert whole.spot_saving is not None
    assert 0 <= whole.spot_saving <= 1
