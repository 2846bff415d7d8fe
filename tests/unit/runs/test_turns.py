"""The line of runs: in order, with an expiry, and nobody holds it."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from thriftline.runs.domain.turns import (
    LONGEST_HOLD_UP,
    LONGEST_TURN_SECONDS,
    Ticket,
    ahead_of,
    is_over,
    renewed,
    turn_wait_seconds,
)

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def after(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def ticket(since: float, until: float = 1e6) -> Ticket:
    return Ticket(after(since), after(until))


def test_who_came_first_is_served_first_and_equal_times_go_by_name() -> None:
    line = {"b": ticket(10), "a": ticket(20), "d": ticket(30), "c": ticket(30)}

    assert [ahead_of(name, line, after(40)) for name in ("b", "a", "c", "d")] == [0, 1, 2, 3]
    assert ahead_of("newcomer", line, after(40)) == 4
    assert ahead_of("newcomer", {}, NOON) == 0


def test_a_ticket_that_expired_holds_nobody_up_and_its_owner_starts_anew() -> None:
    line = {"dead": ticket(0, until=100), "next": ticket(10)}

    assert ahead_of("next", line, after(99)) == 1
    assert ahead_of("next", line, after(100)) == 0
    assert ahead_of("dead", line, after(100)) == 1
    assert renewed(line["dead"], after(100)).since == after(100)
    assert renewed(line["next"], after(100)).since == after(10)


def test_a_ticket_is_kept_for_longer_than_its_owner_is_away() -> None:
    for waited in (0, 60, 3600, 90_000):
        own = renewed(ticket(0), after(waited))
        assert own.until > after(waited + turn_wait_seconds(NOON, after(waited)))


def test_a_day_of_waiting_fits_into_the_history_of_an_execution() -> None:
    now, asked = NOON, 0
    while (now - NOON).total_seconds() < LONGEST_TURN_SECONDS:
        now += timedelta(seconds=turn_wait_seconds(NOON, now))
        asked += 1
    assert asked * 9 < 5000


def test_the_wait_for_a_turn_ends() -> None:
    assert not is_over(None, 1, NOON)
    assert not is_over(ticket(0), 60, after(59))
    assert is_over(ticket(0), 60, after(60))
    assert not is_over(ticket(0), None, after(LONGEST_TURN_SECONDS - 1))
    assert is_over(ticket(0), None, after(LONGEST_TURN_SECONDS))


@given(st.dictionaries(st.text(min_size=1), st.integers(0, 1000), min_size=1), st.integers(0, 1000))
def test_exactly_one_is_at_the_head(times: dict[str, int], now: int) -> None:
    line = {name: ticket(since, until=2000) for name, since in times.items()}

    heads = [name for name in line if ahead_of(name, line, after(now)) == 0]
    assert len(heads) == 1
    assert sorted(ahead_of(name, line, after(now)) for name in line) == list(range(len(line)))


def test_a_wait_of_weeks_fits_the_history_of_an_execution() -> None:
    waited, rounds = 0, 0
    while waited < 2_419_200:
        waited += turn_wait_seconds(NOON, after(waited))
        rounds += 1
    # Wait, Start training and Choice are nine events, and an execution may have 25,000.
    assert 9 * rounds < 10_000


@given(st.integers(0, 2_419_200))
def test_a_run_that_died_holds_up_the_line_for_less_than_an_hour(waited: int) -> None:
    died = after(waited)
    line = {"dead": renewed(ticket(0, until=1e7), died), "next": ticket(1, until=1e7)}

    assert timedelta(minutes=10) < line["dead"].until - died <= LONGEST_HOLD_UP
    assert timedelta(hours=1) > LONGEST_HOLD_UP
    assert ahead_of("next", line, died + LONGEST_HOLD_UP) == 0
    # One that lives asks again before its ticket is gone.
    assert died + timedelta(seconds=turn_wait_seconds(NOON, died)) < line["dead"].until
