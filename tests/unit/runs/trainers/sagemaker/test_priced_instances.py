"""What instances cost, and how many of their seconds fit into dollars."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from thriftline.core.errors import UnknownInstanceTypeError, UnpricedInstanceError
from thriftline.money.price_catalogue import price_catalogue
from thriftline.money.prices import Price
from thriftline.runs.trainers.sagemaker.priced_instances import (
    PricedInstances,
    priced,
    require_known,
)


def instances(
    usd: str = "1.408", storage: str = "0.14", count: int = 1, gib: int = 30, name: str = "ml.x.y"
) -> PricedInstances:
    day = date(2026, 5, 20)
    return PricedInstances(
        name,
        count,
        Price(Decimal(usd), "instance-hour", "us-east-1", "Training", "a list", day),
        gib,
        Price(Decimal(storage), "GB-month", "us-east-1", "Training storage", "a list", day),
    )


def test_the_worst_case_is_rate_times_instances_times_hours_and_storage_rounded_up() -> None:
    # 1.408 x 2 h = 2.816; 30 GiB x 0.14 x 2 h / 730 h = 0.01150...
    assert instances().worst_case_usd(7200) == Decimal("2.83")
    # Twice of everything: 5.632 + 0.02301...
    assert instances(count=2).worst_case_usd(7200) == Decimal("5.66")


def test_a_whole_number_of_cents_is_not_rounded_up_any_further() -> None:
    assert instances(usd="0.50", storage="0").worst_case_usd(3600) == Decimal("0.50")


def test_an_unpriced_type_is_refused_and_neighbours_with_a_price_are_named() -> None:
    with pytest.raises(UnpricedInstanceError) as refusal:
        priced(
            price_catalogue(),
            "eu-west-1",
            instance_type="ml.p5.48xlarge",
            instance_count=1,
            volume_gib=30,
        )

    assert "no rate for ml.p5.48xlarge in eu-west-1" in str(refusal.value)
    assert "It has a price in ap-southeast-2, us-east-1" in str(refusal.value)


def test_a_type_that_sagemaker_does_not_have_is_refused_with_what_was_meant() -> None:
    known = frozenset({"ml.p5.48xlarge", "ml.p5.4xlarge", "ml.m5.large"})

    require_known("ml.p5.4xlarge", known)
    with pytest.raises(UnknownInstanceTypeError, match=r"Did you mean .*ml\.p5\.4"):
        require_known("ml.p5.24xlarge", known)


rates = st.decimals(min_value="0.0001", max_value="200", places=4)
caps = st.decimals(min_value="0.01", max_value="100000", places=2)
priced_instances = st.builds(
    lambda usd, storage, count, gib: instances(str(usd), str(storage), count, gib),
    rates,
    st.decimals(min_value="0", max_value="1", places=4),
    st.integers(1, 64),
    st.integers(1, 16_384),
)


@given(priced_instances, caps)
@example(instances("0.0001", "0", 1, 1), Decimal("1.74"))
def test_the_longest_run_time_within_an_amount_fits_and_the_next_second_does_not(
    some: PricedInstances, cap: Decimal
) -> None:
    seconds = some.seconds_within(cap)

    assert some.usd(seconds) <= cap
    assert some.usd(seconds + 1) > cap


@given(priced_instances, st.integers(60, 2_419_200), st.integers(0, 3600))
def test_a_longer_run_never_has_a_lower_worst_case(
    some: PricedInstances, seconds: int, more: int
) -> None:
    assert some.worst_case_usd(seconds + more) >= some.worst_case_usd(seconds)
