"""How often a checkpoint is written: bounds on what it costs, and on what a kill loses."""

import math

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from training_image.checkpoint_interval import (
    LEAST_SECONDS,
    MOST_LOSS_SECONDS,
    MOST_OVERHEAD,
    WANTED_LOSS_SECONDS,
    CheckpointPace,
    checkpoint_interval,
)

COSTS = st.floats(0, 100)
DURATIONS = st.floats(0, 300)
MEANS = st.floats(60, 30 * 86400)


@given(COSTS, DURATIONS, MEANS)
@example(5.0, 90.0, 3600.0)
def test_the_overhead_stays_under_one_percent_unless_more_than_two_minutes_would_be_lost(
    cost: float, until_durable: float, mean: float
) -> None:
    interval = checkpoint_interval(cost, until_durable, mean)
    assert cost <= MOST_OVERHEAD * interval * (1 + 1e-9) or (
        interval + until_durable >= MOST_LOSS_SECONDS * (1 - 1e-9)
    )


@given(COSTS, DURATIONS, MEANS)
def test_a_kill_never_loses_more_than_two_minutes_where_one_can_be_written_in_one(
    cost: float, until_durable: float, mean: float
) -> None:
    interval = checkpoint_interval(cost, until_durable, mean)
    if until_durable <= MOST_LOSS_SECONDS / 2:
        assert interval + until_durable <= MOST_LOSS_SECONDS
    else:
        assert interval == until_durable  # one after the other


@given(st.floats(0, 0.5), st.floats(0, 9), MEANS)
def test_a_kill_loses_no_more_than_a_minute_or_young_s_interval_where_checkpoints_are_cheap(
    cost: float, until_durable: float, mean: float
) -> None:
    interval = checkpoint_interval(cost, until_durable, mean)
    young = max(math.sqrt(2 * cost * mean), LEAST_SECONDS, cost / MOST_OVERHEAD)
    assert interval <= young
    assert interval + until_durable <= max(WANTED_LOSS_SECONDS, cost / MOST_OVERHEAD + 9)


@given(st.floats(0, 100), st.floats(0, 100), DURATIONS, MEANS)
def test_dearer_checkpoints_are_never_written_more_often(
    cost: float, more: float, until_durable: float, mean: float
) -> None:
    assert checkpoint_interval(cost, until_durable, mean) <= checkpoint_interval(
        cost + more, until_durable, mean
    )


@pytest.mark.parametrize(
    ("cost", "until_durable", "mean", "interval"),
    [
        (0.1, 2, 3600, math.sqrt(720)),  # Young: 26.8 s
        (0.05, 2, 4 * 3600, math.sqrt(1440)),  # 37.9 s
        (0.5, 2, 4 * 3600, 58),  # Young's 120 s would lose more than a minute
        (0.9, 2, 4 * 3600, 90),  # one percent
        (5, 2, 4 * 3600, 118),  # two minutes, whatever the overhead
        (0.0, 2, 4 * 3600, 10),  # nothing is known yet
        (0.0, 200, 4 * 3600, 200),  # a disk so slow that one is not done before
    ],
)
def test_the_interval_is_young_s_within_the_bounds(
    cost: float, until_durable: float, mean: float, interval: float
) -> None:
    assert checkpoint_interval(cost, until_durable, mean) == pytest.approx(interval)


def run(
    pace: CheckpointPace, steps: int, busy: range, slow: float, evaluations: range = range(0)
) -> float:
    """Makes steps of 2 seconds and 100 tokens; those beside a checkpoint are slower."""
    now = 0.0
    pace.step(now, 0, busy=False, interrupted=False)
    for step in range(1, steps + 1):
        if step == busy.start:
            pace.saved(now)
        now += 2 + slow * (step in busy) + 100 * (step in evaluations)
        pace.step(now, step * 100, busy=step + 1 in busy, interrupted=step in evaluations)
    return now


def test_the_cost_is_how_much_slower_the_steps_beside_a_checkpoint_are() -> None:
    pace = CheckpointPace(0.0)
    run(pace, 20, range(5, 8), slow=0.3)
    assert pace.cost == pytest.approx(3 * 0.3)


def test_an_evaluation_is_no_cost_of_a_checkpoint() -> None:
    pace = CheckpointPace(0.0)
    run(pace, 20, range(5, 8), slow=0.3, evaluations=range(7, 12))
    assert pace.cost == pytest.approx(2 * 0.3)


def test_without_a_checkpoint_or_without_steps_between_the_cost_is_unknown() -> None:
    assert CheckpointPace(0.0).cost == 0
    pace = CheckpointPace(0.0)
    run(pace, 20, range(1, 21), slow=0.3)
    assert pace.cost == 0


def test_a_checkpoint_is_due_an_interval_after_the_one_before_began() -> None:
    pace = CheckpointPace(0.0)
    now = run(pace, 4, range(0), slow=0)
    assert now < LEAST_SECONDS
    assert not pace.is_due(now, until_durable=0)
    assert pace.is_due(LEAST_SECONDS, until_durable=0)
    pace.saved(LEAST_SECONDS)
    assert not pace.is_due(LEAST_SECONDS + 9, until_durable=0)
    assert pace.is_due(LEAST_SECONDS + 10, until_durable=0)


def test_a_fixed_interval_is_kept() -> None:
    assert CheckpointPace(0.0, 0.0).is_due(0.0, until_durable=5)
    assert not CheckpointPace(0.0, 300.0).is_due(299.0, until_durable=5)
