"""Rows of a bill: exact, and in cents that add up."""

from decimal import ROUND_HALF_UP, Decimal

from hypothesis import given
from hypothesis import strategies as st

from thriftline.money.settlement import CENT, in_cents, is_inside, miss_of


def test_cents_that_are_left_over_go_to_those_that_lost_most() -> None:
    amounts = [Decimal("0.334"), Decimal("0.333"), Decimal("0.333")]
    assert in_cents(amounts) == (Decimal("0.34"), Decimal("0.33"), Decimal("0.33"))


@given(st.lists(st.decimals(0, 5000, places=9), max_size=40))
def test_rows_add_up_to_the_cent_and_none_is_off_by_more_than_one(amounts: list[Decimal]) -> None:
    cents = in_cents(amounts)
    total = sum(amounts, Decimal(0)).quantize(CENT, rounding=ROUND_HALF_UP)
    assert sum(cents, Decimal(0)) == total
    assert all(abs(row - exact) < CENT for row, exact in zip(cents, amounts, strict=True))


def test_an_estimate_is_held_against_the_bill_where_both_are_known() -> None:
    assert miss_of(Decimal("1.25"), Decimal("1.00")) == 0.25
    assert miss_of(None, Decimal(1)) is None
    assert miss_of(Decimal(1), None) is None
    assert miss_of(Decimal(1), Decimal(0)) is None
    assert is_inside(Decimal(2), Decimal(1), Decimal(3)) is True
    assert is_inside(Decimal(4), Decimal(1), Decimal(3)) is False
    assert is_inside(None, Decimal(1), Decimal(3)) is None
    assert is_inside(Decimal(2), None, None) is None
