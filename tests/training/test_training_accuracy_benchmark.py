"""Steps and time to a target accuracy: when a run ends, and what its seconds are."""

from dataclasses import asdict
from pathlib import Path

import pytest
import torch

from benchmarks.trainer_baselines import B0_UNPADDED, B2_FP32, Settings
from benchmarks.training_accuracy import (
    Course,
    HeldOut,
    Run,
    TrainingToTarget,
    accuracy_table,
    read_kept,
)
from benchmarks.training_clock import Moment, StepClock
from benchmarks.training_data_sets import DataSet, Workload, made_up_data_set
from benchmarks.training_methods import OURS
from benchmarks.training_plans import TINY
from benchmarks.training_program import Program, fit
from training_image.job import write_json

pytestmark = pytest.mark.training
CPU = torch.device("cpu")
MADE_UP = Workload("made-up", "made up", "", 32, 8, steps=50, mean_length=12, spread=0.5)


def test_a_course_looks_every_ten_steps_from_the_fortieth_and_ends_at_the_target() -> None:
    clock = StepClock(CPU)
    course = Course(0.8, clock)
    seen = iter([0.6, 0.79, 0.8])
    looked = [step for step in range(1, 61) if course.look(step, lambda: next(seen))]
    assert course.accuracies == {40: 0.6, 50: 0.79, 60: 0.8}
    assert looked == [60]
    assert course.reached == 60


class HandClock(StepClock):
    """A clock whose hands the test moves."""

    def __init__(self) -> None:
        self.seconds = 0.0
        super().__init__(CPU)

    def _now(self) -> Moment:
        return Moment(self.seconds, self.seconds / 2)


def test_evaluations_are_not_in_the_seconds_of_a_run() -> None:
    clock = HandClock()
    course = Course(0.5, clock)

    def evaluation() -> float:
        clock.seconds += 100
        return 0.6

    clock.start()
    for step in range(1, 42):
        clock.seconds += 1
        clock.stamp()
        course.look(step, evaluation)
    assert clock.steps().wall == [1.0] * 41
    assert course.run(OURS, 1).processor_seconds == 40 / 2


def test_the_table_gives_each_methods_steps_and_time_beside_b0() -> None:
    runs = [
        Run(OURS, 1, 0.8, 90, 90.0, {}),
        Run(OURS, 2, 0.8, 110, 110.0, {}),
        Run(B2_FP32.name, 1, 0.8, None, 300.0, {}),
        Run(B0_UNPADDED.name, 1, 0.8, 100, 200.0, {}),
        Run(B0_UNPADDED.name, 2, 0.8, 100, 200.0, {}),
    ]
    ours, b0 = accuracy_table(runs, b0_step_seconds=5.0).splitlines()[2:]
    assert "90, 110 | 100 ± 14 | 1.00 | 1.00 | 100 | 5.00" in ours
    assert "100 ± 0 | 1.00 | 5.00 | 500 | 1.00" in b0


def test_runs_that_are_kept_are_read_back(tmp_path: Path) -> None:
    run = Run(OURS, 1, 0.8, 90, 12.5, {80: 0.79, 90: 0.81})
    write_json(tmp_path / "accuracy.json", [asdict(run)])
    assert read_kept(tmp_path / "accuracy.json") == [run]
    assert read_kept(tmp_path / "none.json") == []


def test_our_program_ends_at_the_target_and_agrees_with_the_rivals_judge(tmp_path: Path) -> None:
    data: DataSet = made_up_data_set(MADE_UP, tmp_path, **dict(TINY))
    held_out = list(zip(data.texts, data.labels, strict=True))[:37]
    clock = StepClock(CPU)
    program = Program(tmp_path / "job", data, held_out)
    training = program.training(Settings(rows_per_step=8, steps=50), clock, TrainingToTarget)
    assert isinstance(training, TrainingToTarget)
    training.course = Course(0.0, clock)
    fit(training)
    run = training.course.run(OURS, seed=42)
    assert run.steps == 40
    assert len(clock.steps().wall) == 40
    packing = training.classifier.packing
    assert packing is not None
    packing.undo()
    assert HeldOut(data, held_out).accuracy(training.network) == run.accuracies[40]
