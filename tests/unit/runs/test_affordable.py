"""A worst case that does not fit: made shorter where that is useful, else refused."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thriftline.runs.domain.affordable import (
    LEAST_SECONDS,
    Ask,
    Choice,
    Room,
    cheaper_choices,
    clamped,
)

ASK = Ask(worst_usd=Decimal("14.08"), longest_seconds=36_000, likely_seconds=5_400, goes_on=True)
ROOM = Room(Decimal("7.04"), "the budget of 2026-11")


def test_a_run_is_made_as_short_as_what_is_left_pays_for() -> None:
    clamp = clamped(ASK, ROOM)
    assert clamp is not None
    assert (clamp.usd, clamp.seconds) == (Decimal("7.04"), 18_000)
    assert clamp.reason == (
        "The worst case of 14.08 USD does not fit the budget of 2026-11, which leaves 7.04 USD: "
        "the run may take 18,000 seconds and not 36,000. It is expected to need 5,400."
    )


@pytest.mark.parametrize(
    ("ask", "room"),
    [
        # The work would probably not be done.
        (replace(ASK, likely_seconds=18_001), ROOM),
        # Nobody knows whether it would.
        (replace(ASK, likely_seconds=None), ROOM),
        (replace(ASK, longest_seconds=None), ROOM),
        # What a stopped attempt has done would be lost.
        (replace(ASK, goes_on=False), ROOM),
        # Less than half an hour.
        (replace(ASK, likely_seconds=60), Room(Decimal("0.70"), "the cap")),
        # A budget that is used up, or lowered under what is held.
        (ASK, Room(Decimal(0), "the cap")),
        (ASK, Room(Decimal("-3.50"), "the cap")),
    ],
    ids=str,
)
def test_a_shorter_run_that_is_not_useful_is_none(ask: Ask, room: Room) -> None:
    assert clamped(ask, room) is None


@given(
    st.decimals(Decimal("0.01"), 10_000, places=2),
    st.integers(60, 2_419_200),
    st.integers(1, 2_419_200),
    st.decimals(-100, 10_000, places=4),
)
def test_a_shorter_run_never_costs_more_than_there_is(
    worst: Decimal, longest: int, likely: int, room: Decimal
) -> None:
    clamp = clamped(Ask(worst, longest, likely, goes_on=True), Room(room, "the cap"))
    if clamp is None:
        return
    assert clamp.usd <= max(room, Decimal(0))
    assert LEAST_SECONDS <= clamp.seconds <= longest
    assert clamp.seconds >= likely
    # At the rate that the worst case was made of.
    assert worst / longest * clamp.seconds <= clamp.usd + Decimal("1e-12")


def test_what_fits_is_named_by_what_it_probably_costs() -> None:
    choices = [
        Choice("slow", Decimal(2), Decimal("1.90"), Decimal(2)),
        # The lower rate, and more of it.
        Choice("cheap an hour", Decimal(9), Decimal("3.00"), Decimal(9)),
        Choice("fast", Decimal(8), Decimal("1.20"), Decimal("1.60")),
        Choice("unknown", Decimal("0.50"), None, None),
        Choice("too short", Decimal("0.10"), Decimal("0.10"), Decimal("0.10"), has_time=False),
        Choice("dear", Decimal(50), Decimal(20), Decimal(30)),
    ]
    assert cheaper_choices(choices, Decimal(3)) == [
        "fast (probably 1.20 USD, at most 8 USD)",
        "slow (probably 1.90 USD, at most 2 USD)",
        "unknown (at most 0.50 USD)",
    ]
