"""The ladder: which rung comes next, when an attempt is given up, what is said of all of it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thriftline.money.prices import Price
from thriftline.runs.domain.attempts import AttemptState
from thriftline.runs.domain.endings import Ending
from thriftline.runs.domain.ladder import (
    MOST_ON_A_RUNG,
    GivenUp,
    Tried,
    account_of,
    give_up,
    judged,
    next_rung,
    paid_of,
    waited_on_rung,
)
from thriftline.runs.domain.quotes import Rung

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
PRICE = Price(Decimal(1), "hour", "r", "c", "a list", date(2026, 11, 1))
# What no other attempt can change: the machine ends the run there.
MOVING = [
    Ending.CAPACITY,
    Ending.INTERRUPTED,
    Ending.INTERNAL_ERROR,
    Ending.QUOTA,
    Ending.OUT_OF_WAIT_TIME,
    Ending.OUT_OF_RUNG_WAIT,
]


def rung(name: str = "first", wait: int | None = None, interruptions: int | None = None) -> Rung:
    return Rung(
        name,
        PRICE,
        Decimal(1),
        Decimal(0),
        {},
        wait_seconds=wait,
        most_interruptions=interruptions,
    )


def state(ending: Ending | None = None, asked_after: float = 0) -> AttemptState:
    created = NOON + timedelta(seconds=asked_after)
    return AttemptState("a", "run", "s", "p", created, Decimal(0), ending=ending)


def tried(*attempts: tuple[int, Ending]) -> list[Tried]:
    return [Tried(rung, state(ending)) for rung, ending in attempts]


def climbed(rungs: int, most: int, endings: Sequence[Ending], passed: set[int]) -> list[int]:
    """Returns the rungs of a run whose attempts end so."""
    made: list[Tried] = []
    for ending in endings:
        number = next_rung(rungs, most, made, passed)
        if number is None:
            break
        made.append(Tried(number, state(ending)))
    return [one.rung for one in made]


@pytest.mark.parametrize("ending", [one for one in MOVING if one is not Ending.INTERNAL_ERROR])
def test_the_next_attempt_takes_the_next_rung(ending: Ending) -> None:
    assert climbed(3, 9, [ending] * 3, set()) == [1, 2, 3]


def test_a_fault_of_the_trainer_repeats_its_rung_once() -> None:
    assert climbed(2, 9, [Ending.INTERNAL_ERROR] * 9, set()) == [1, 1, 2, 2]


def test_the_last_rung_is_repeated_once_where_nothing_else_is_left() -> None:
    assert climbed(3, 9, [Ending.CAPACITY] * 9, set()) == [1, 2, 3, 3]
    # The rungs behind the first have no quota.
    assert climbed(3, 9, [Ending.CAPACITY] * 9, {2, 3}) == [1, 1]


@pytest.mark.parametrize("ending", [Ending.QUOTA, Ending.OUT_OF_WAIT_TIME, Ending.OUT_OF_RUNG_WAIT])
def test_a_wait_that_was_too_long_is_not_begun_again(ending: Ending) -> None:
    assert climbed(1, 9, [ending] * 9, set()) == [1]


def test_a_ladder_of_one_rung_is_tried_as_often_as_the_run_may() -> None:
    assert climbed(1, 5, [Ending.CAPACITY] * 9, set()) == [1] * 5
    assert climbed(1, 1, [Ending.CAPACITY] * 9, set()) == [1]


def test_rungs_that_are_passed_over_are_not_taken() -> None:
    assert climbed(3, 9, [Ending.CAPACITY] * 2, {2}) == [1, 3]
    assert next_rung(2, 9, [], {1, 2}) is None


@given(
    st.integers(1, 6),
    st.integers(1, 12),
    st.lists(st.sampled_from(MOVING), max_size=20),
    st.sets(st.integers(1, 6)),
)
def test_a_climb_only_goes_up_and_always_ends(
    rungs: int, most: int, endings: list[Ending], passed: set[int]
) -> None:
    taken = climbed(rungs, most, endings, passed)

    assert taken == sorted(taken)
    assert len(taken) <= most
    assert not set(taken) & passed
    if rungs > 1:
        assert all(taken.count(number) <= MOST_ON_A_RUNG for number in taken)


def test_an_attempt_that_has_not_started_is_given_up_after_the_rungs_wait() -> None:
    first = rung(wait=600)

    assert give_up(state(), first, NOON + timedelta(seconds=599), has_further=True) is None
    given_up = give_up(state(), first, NOON + timedelta(seconds=600), has_further=False)
    assert given_up is not None
    assert given_up.ending is Ending.OUT_OF_RUNG_WAIT
    assert "600 seconds after it was asked for" in given_up.reason
    started = replace(state(), started_at=NOON)
    assert give_up(started, first, NOON + timedelta(hours=9), has_further=True) is None
    assert give_up(state(), rung(), NOON + timedelta(hours=9), has_further=True) is None


def test_an_attempt_is_given_up_for_its_interruptions_only_where_another_rung_is_left() -> None:
    often = replace(state(), interruptions=4, started_at=NOON)

    given_up = give_up(often, rung(interruptions=3), NOON, has_further=True)
    assert given_up is not None
    assert given_up.ending is Ending.INTERRUPTED
    assert "4 times" in given_up.reason
    assert give_up(often, rung(interruptions=3), NOON, has_further=False) is None
    assert give_up(often, rung(interruptions=4), NOON, has_further=True) is None


@pytest.mark.parametrize("ending", list(Ending))
def test_only_a_stop_has_the_ending_for_which_an_attempt_was_given_up(ending: Ending) -> None:
    given_up = GivenUp(Ending.OUT_OF_RUNG_WAIT, "It waited.")

    found = judged(state(ending), given_up)
    assert judged(state(ending), None) == state(ending)
    if ending is Ending.STOPPED:
        assert (found.ending, found.reason) == (Ending.OUT_OF_RUNG_WAIT, "It waited.")
    else:
        assert found == state(ending)


def test_the_wait_counts_from_the_first_attempt_on_the_same_rung() -> None:
    now = NOON + timedelta(hours=1)
    made = [Tried(1, state()), Tried(2, state(asked_after=600)), Tried(2, state(asked_after=900))]

    assert waited_on_rung(1, [], now) == 0
    assert waited_on_rung(2, made, now) == 3000
    assert waited_on_rung(3, made, now) == 0


def test_the_account_has_what_was_tried_waited_and_paid_on_each_rung() -> None:
    ladder = [rung("first"), rung("second"), rung("third"), rung("fourth")]
    one = replace(
        state(Ending.OUT_OF_RUNG_WAIT),
        ended_at=NOON + timedelta(seconds=600),
        billed_usd=Decimal(0),
        reason="It waited.",
    )
    two = replace(
        state(Ending.INTERRUPTED, 700),
        started_at=NOON + timedelta(seconds=760),
        billed_usd=Decimal("0.25"),
        reason="Lost.",
    )

    account = account_of(ladder, [Tried(1, one), Tried(3, two)], {2: "No quota."}, NOON)

    assert account.splitlines() == [
        "1. first: attempt 1 out of rung wait after 600 s of waiting, 0.0000 USD (It waited.)",
        "2. second: passed over: No quota.",
        "3. third: attempt 2 interrupted after 60 s of waiting, 0.2500 USD (Lost.)",
        "4. fourth: not tried",
    ]
    assert paid_of([Tried(1, one), Tried(3, two)]) == Decimal("0.25")
    assert paid_of([Tried(1, state())]) is None
