"""Short jobs are seen to end at once, and long ones keep the history of the execution short."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thriftline.datasets.engine.rules import WorkLimits
from thriftline.runs.domain.attempts import AttemptState
from thriftline.runs.domain.wait_policy import (
    EVENTS_PER_POLL,
    LONGEST_SECONDS,
    SHARE_OF_ELAPSED,
    SHORTEST_SECONDS,
    next_wait_seconds,
)

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
DAY = 86_400
# What the rest of the machine writes: some 25 states of at most 7 events, the retries of a few
# of them, and two maps, over ranges and over parts, of 7 events for each group of ranges.
EVENTS_OF_THE_REST = 300 + 2 * 7 * WorkLimits().max_groups
HISTORY_LIMIT = 25_000


def attempt(*limits: datetime) -> AttemptState:
    """An attempt that runs and is stopped at these times."""
    return AttemptState("a", "run", "InProgress", "Training", NOON, Decimal(1), limits=limits)


@dataclass
class Watched:
    """What came of watching one job: how often it was looked at, and how late its end was seen."""

    polls: int
    seen_late_seconds: float


def watch(
    job_seconds: float,
    *,
    starts_after: float = 0.0,
    max_runtime_seconds: int = 2_419_200,
    max_wait_seconds: int | None = None,
    poll_seconds: float = 2.0,
) -> Watched:
    """Plays the machine's loop of Poll training and Wait against a job of a known length."""
    waits = () if max_wait_seconds is None else (NOON + timedelta(seconds=max_wait_seconds),)
    ends = NOON + timedelta(seconds=job_seconds)
    started_at = NOON + timedelta(seconds=starts_after)
    now, polls = NOON, 0
    while True:
        now += timedelta(seconds=poll_seconds)
        polls += 1
        if now >= ends:
            return Watched(polls, (now - ends).total_seconds())
        runs = (started_at + timedelta(seconds=max_runtime_seconds),) if now >= started_at else ()
        seen = attempt(*runs, *waits)
        now += timedelta(seconds=next_wait_seconds(seen, now))


def test_a_job_of_14_days_stays_under_10_000_events() -> None:
    watched = watch(14 * DAY, starts_after=300)

    events = watched.polls * EVENTS_PER_POLL + EVENTS_OF_THE_REST
    assert events < 10_000


def test_a_job_of_14_days_whose_polls_all_fail_once_stays_under_10_000_events() -> None:
    # A retried task writes TaskFailed, TaskScheduled and TaskStarted once more.
    watched = watch(14 * DAY)

    assert watched.polls * (EVENTS_PER_POLL + 3) + EVENTS_OF_THE_REST < 10_000


def test_the_end_of_a_job_of_10_minutes_is_seen_within_30_seconds() -> None:
    for seconds in range(1, 601):
        assert watch(seconds, starts_after=seconds / 3).seen_late_seconds <= 30


def test_five_attempts_of_28_days_together_fit_the_history() -> None:
    # The attempts share the run's limits, so their lengths add up to 28 days; all of them long is
    # the worst, since each begins to be watched closely.
    fifth = 28 * DAY / 5
    polls = 5 * watch(fifth, max_wait_seconds=28 * DAY).polls

    assert polls * EVENTS_PER_POLL + EVENTS_OF_THE_REST < HISTORY_LIMIT


@settings(deadline=None, max_examples=60)
@given(
    st.floats(1, 28 * DAY),
    st.floats(0, 1),
    st.one_of(st.none(), st.integers(60, 28 * DAY)),
    st.integers(60, 28 * DAY),
)
def test_the_end_is_seen_late_by_no_more_than_the_share_and_a_look(
    seconds: float, started: float, max_wait: int | None, max_runtime: int
) -> None:
    watched = watch(
        seconds,
        starts_after=seconds * started,
        max_runtime_seconds=max_runtime,
        max_wait_seconds=max_wait,
    )

    assert watched.seen_late_seconds <= max(
        SHORTEST_SECONDS + 2, min(LONGEST_SECONDS, SHARE_OF_ELAPSED * seconds) + 2
    )
    assert watched.polls * EVENTS_PER_POLL + EVENTS_OF_THE_REST < HISTORY_LIMIT


@settings(deadline=None, max_examples=60)
@given(st.integers(60, 28 * DAY))
def test_a_job_that_is_stopped_at_its_limit_is_seen_soon_after(limit: int) -> None:
    # SageMaker gives it up to 120 seconds; the job has ended 60 seconds after its limit.
    watched = watch(limit + 60, max_runtime_seconds=limit)

    assert watched.seen_late_seconds <= 30


@given(st.floats(0, 28 * DAY), st.integers(60, 28 * DAY), st.integers(60, 28 * DAY))
def test_a_wait_is_never_shorter_than_the_shortest_or_longer_than_the_longest(
    elapsed: float, max_runtime: int, max_wait: int
) -> None:
    limits = (NOON + timedelta(seconds=seconds) for seconds in (max_runtime, max_wait))

    wait = next_wait_seconds(attempt(*limits), NOON + timedelta(seconds=elapsed))

    assert isinstance(wait, int)
    assert SHORTEST_SECONDS <= wait <= LONGEST_SECONDS


def test_a_clock_that_is_behind_the_trainers_does_no_harm() -> None:
    assert next_wait_seconds(attempt(), NOON - timedelta(seconds=30)) == SHORTEST_SECONDS


@pytest.mark.parametrize(("wished", "waited"), [(1, SHORTEST_SECONDS), (60, 60), (9_000, 3600)])
def test_a_trainer_that_has_something_to_do_says_when(wished: int, waited: int) -> None:
    asked = replace(attempt(), look_again_seconds=wished)

    # After a day the policy itself would wait for half an hour.
    assert next_wait_seconds(asked, NOON + timedelta(seconds=DAY)) == waited
