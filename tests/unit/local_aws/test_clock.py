from datetime import UTC, datetime, timedelta, timezone

import pytest

from local_aws.clock import Clock

THEN = datetime(2025, 11, 3, 12, tzinfo=UTC)


class Machine:
    """A machine's clock that a test moves."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 21, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


def test_a_clock_runs_on_from_where_it_is_set() -> None:
    machine = Machine()
    clock = Clock(machine)
    assert clock.now() == machine.now

    clock.set(THEN)
    machine.now += timedelta(seconds=90)

    assert clock.now() == THEN + timedelta(seconds=90)


def test_a_clock_that_is_moved_on_stays_ahead() -> None:
    machine = Machine()
    clock = Clock(machine)
    clock.set(THEN)

    clock.advance(timedelta(hours=72))
    machine.now += timedelta(hours=1)

    assert clock.now() == THEN + timedelta(hours=73)


def test_an_instant_of_another_zone_is_told_in_utc() -> None:
    clock = Clock(Machine())
    clock.set(THEN.astimezone(timezone(timedelta(hours=-8))))

    assert clock.now() == THEN
    assert clock.now().tzinfo is UTC


def test_time_does_not_run_back() -> None:
    with pytest.raises(ValueError, match="forward only"):
        Clock(Machine()).advance(timedelta(seconds=-1))
