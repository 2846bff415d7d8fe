"""What a Savings Plan would bring: by the rates that were read, and unpriced without them."""

from datetime import date
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from thriftline.money.prices import PriceList, UnitRates
from thriftline.money.savings_plans import PAYMENTS, TERMS, SteadyUse, rate_name, what_if
from thriftline.money.tiers import TieredRate

REGION = "us-east-1"
G5 = SteadyUse("Hosting", "ml.g5.xlarge", 2, Decimal("1.408"))
M5 = SteadyUse("Hosting", "ml.m5.large", 1, Decimal("0.115"))


def rates(**usd: str) -> UnitRates:
    """Rates of one year without upfront payment, by size."""
    known = {
        rate_name("Hosting", f"ml.{name.replace('_', '.')}", 1, "No Upfront"): TieredRate.flat(
            Decimal(price)
        )
        for name, price in usd.items()
    }
    return UnitRates("instance-hour", (PriceList("a list", date(2026, 11, 1), {REGION: known}),))


def test_without_rates_there_is_no_offer() -> None:
    assert what_if([G5], Decimal(10), UnitRates("instance-hour"), REGION) == ()
    assert what_if([G5], Decimal(10), rates(g5_xlarge="1"), "eu-west-1") == ()
    assert what_if([], Decimal(10), rates(g5_xlarge="1"), REGION) == ()


def test_what_runs_without_a_break_is_committed_to() -> None:
    (offer,) = what_if([G5], Decimal(10), rates(g5_xlarge="1.008"), REGION)

    assert (offer.years, offer.payment) == (1, "No Upfront")
    assert offer.commitment_usd == Decimal("2.016")
    # 2 x 0.40 USD x 730 h
    assert offer.saved_usd_a_month == Decimal("584.0")


def test_no_more_is_committed_to_than_the_cheapest_hour_was_billed() -> None:
    (offer,) = what_if([G5], Decimal("1.408"), rates(g5_xlarge="1.008"), REGION)

    assert offer.commitment_usd == Decimal("1.008")
    assert offer.saved_usd_a_month == Decimal("292.0")


def test_a_type_without_a_rate_is_named_and_is_not_in_the_figures() -> None:
    (offer,) = what_if([G5, M5], Decimal(10), rates(m5_large="0.09"), REGION)

    assert offer.unpriced == ("ml.g5.xlarge",)
    assert offer.commitment_usd == Decimal("0.09")


_usd = st.decimals("0.01", "10", places=4)


@given(
    st.lists(
        st.builds(
            SteadyUse,
            st.just("Hosting"),
            st.sampled_from(["ml.a.x", "ml.b.x", "ml.c.x"]),
            st.integers(1, 5),
            _usd,
        ),
        max_size=4,
        unique_by=lambda use: use.instance_type,
    ),
    st.decimals("0", "50", places=2),
    st.dictionaries(
        st.sampled_from(
            [
                rate_name("Hosting", name, years, payment)
                for name in ("ml.a.x", "ml.b.x")
                for years in TERMS
                for payment in PAYMENTS
            ]
        ),
        _usd,
    ),
)
def test_a_saving_is_never_more_than_what_is_billed(
    steady: list[SteadyUse], floor: Decimal, usd: dict[str, Decimal]
) -> None:
    known = {REGION: {name: TieredRate.flat(price) for name, price in usd.items()}}
    plans = UnitRates("instance-hour", (PriceList("a list", date(2026, 11, 1), known),))

    offers = what_if(steady, floor, plans, REGION)

    assert len(offers) <= len(TERMS) * len(PAYMENTS)
    for offer in offers:
        assert offer.saved_usd_a_month <= floor * 730 + Decimal("0.01")
        assert offer.commitment_usd >= 0
