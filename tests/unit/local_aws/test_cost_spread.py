from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from local_aws.services.cost_explorer import DailyCharge, spread


def charge(day: date, usd: Decimal) -> DailyCharge:
    return DailyCharge(day, "Amazon SageMaker", "us-west-2", "123456789012", usd)


@given(
    usd=st.decimals(min_value=0, max_value=10**7, places=4),
    start=st.dates(date(2020, 1, 1), date(2030, 1, 1)),
    days=st.integers(min_value=1, max_value=400),
)
def test_the_days_of_a_span_sum_to_its_cost_to_the_last_digit(
    usd: Decimal, start: date, days: int
) -> None:
    found = list(spread(usd, start, start + timedelta(days=days), charge))

    assert sum(each.usd for each in found) == usd
    assert [each.day for each in found] == [start + timedelta(days=index) for index in range(days)]
    assert max(each.usd for each in found) - min(each.usd for each in found) < Decimal("0.0000001")


def test_a_dimension_that_is_not_known_is_named_as_cost_explorer_names_it() -> None:
    found = charge(date(2025, 11, 3), Decimal(1))

    assert found.value("SERVICE") == "Amazon SageMaker"
    assert found.value("USAGE_TYPE") == "NoUsageType"
    assert found.value("INSTANCE_TYPE") == "NoInstanceType"
