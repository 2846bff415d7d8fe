"""How far a training is, read out of what it prints."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thriftline.runs.domain.learning import MOST_POINTS, Point, thinned
from thriftline.runs.trainers.sagemaker.training_log import learning_of


@given(st.sets(st.integers(1, 10**6), max_size=900))
def test_a_curve_keeps_few_points_and_the_last(steps: set[int]) -> None:
    found = thinned(Point(step, 1.0) for step in steps)
    assert len(found) <= MOST_POINTS
    assert [one.step for one in found] == sorted({one.step for one in found})
    assert {one.step for one in found[-1:]} == ({max(steps)} if steps else set())
    assert len(steps) > MOST_POINTS or len(found) == len(steps)


@given(st.lists(st.text(max_size=60), max_size=8))
def test_no_other_line_is_taken_for_a_step(lines: list[str]) -> None:
    assert learning_of(lines) is None


@pytest.mark.parametrize(
    "line",
    [
        '{"event": "step", "step": "9", "total_steps": 90}',
        '{"event": "step", "step": 9}',
        '{"event": "saved", "step": 9, "total_steps": 90}',
        '{"event": "step", "step": 9, "total',
    ],
)
def test_a_step_without_its_numbers_is_unknown(line: str) -> None:
    assert learning_of([line]) is None


def test_a_step_that_was_made_again_counts_once() -> None:
    # After an interruption the job goes on from a checkpoint that is older than its last line.
    made = [
        json.dumps({"event": "step", "step": step, "loss": loss, "total_steps": 90})
        for step, loss in ((1, 0.7), (30, 0.5), (30, 0.4), (31, 0.3))
    ]
    found = learning_of(made)
    assert found is not None
    assert found.curve == (Point(1, 0.7), Point(30, 0.4), Point(31, 0.3))
    assert found.seconds_left is None
