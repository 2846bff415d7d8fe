"""Killed at any moment, again and again, a run loses little and ends with the same weights."""

import random
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.training.forked import Attempt, Forks, Stop, forks
from tests.training.tiny import Result, TinyJob, default_splits, records

pytestmark = pytest.mark.training
EVERY_STEP = {"THRIFTLINE_CHECKPOINT_SECONDS": "0"}
LONG = "8"  # epochs
# While a checkpoint is written beside the next step, a kill may cost that step and the one saved.
MOST_STEPS_LOST = 2


@pytest.fixture(scope="module")
def long_run(tmp_path_factory: pytest.TempPathFactory, base_model: Path) -> Result:
    return TinyJob.make(tmp_path_factory.mktemp("long"), base_model, epochs=LONG).run_here()


@pytest.fixture(scope="module")
def forked() -> Iterator[Forks]:
    with forks() as started:
        yield started


def weights(job: TinyJob) -> bytes:
    return (job.base / "model" / "model.safetensors").read_bytes()


def finish(forked: Forks, job: TinyJob) -> Attempt:
    last = forked.run(job.base)
    assert last.code == 0, last.events
    return last


def test_twenty_kills_at_random_moments_lose_two_steps_each_at_most(
    forked: Forks, long_run: Result, base_model: Path, tmp_path: Path
) -> None:
    draw = random.Random(20)
    job = TinyJob.make(tmp_path, base_model, epochs=LONG)
    reached = 0
    lost = []
    for number in range(20):
        kind, most = draw.choice([("forward", 12), ("update", 6), ("disk", 120)])
        stop = Stop(kind, draw.randint(1, most))
        if number % 2:
            stop = Stop("update", draw.randint(1, 4), after_seconds=draw.uniform(0.001, 0.01))
        killed = forked.run(job.base, stop, **EVERY_STEP)
        assert killed.code == -signal.SIGKILL, killed.events
        if killed.resumed_from is not None:
            lost.append(reached - killed.resumed_from)
            reached = killed.step
    last = finish(forked, job)
    assert last.resumed_from is not None
    lost.append(reached - last.resumed_from)
    assert max(lost) <= MOST_STEPS_LOST
    assert min(lost) >= 0
    assert last.resumed_from > 10  # most of the attempts got on
    assert weights(job) == long_run.weights


def test_sigterm_at_random_moments_loses_no_step(
    forked: Forks, long_run: Result, base_model: Path, tmp_path: Path
) -> None:
    draw = random.Random(15)
    job = TinyJob.make(tmp_path, base_model, epochs=LONG)
    reached = 0
    for number in range(9):
        kind, most = (("forward", 20), ("update", 20), ("disk", 60))[number % 3]
        stop = Stop(kind, draw.randint(2, most), signal.SIGTERM)
        stopped = forked.run(job.base, stop, **EVERY_STEP)
        assert stopped.code == 128 + signal.SIGTERM, stopped.events
        assert stopped.resumed_from == reached
        reached = stopped.step
    assert finish(forked, job).resumed_from == reached
    assert weights(job) == long_run.weights


def test_a_stop_in_the_middle_of_an_accumulation_changes_nothing(
    forked: Forks, base_model: Path, tmp_path: Path
) -> None:
    splits = {**default_splits(), "train": records(2000, 1)}
    # More tokens than go through the model at once.
    settings = {"batch_tokens": "12288", "epochs": "2"}
    whole = TinyJob.make(tmp_path / "whole", base_model, splits, **settings)
    forwards = finish(forked, whole).forwards
    steps = len(forwards)
    assert forwards[steps - 2] - forwards[steps - 3] > 1, "nothing is accumulated"
    for how in (signal.SIGTERM, signal.SIGKILL):
        job = TinyJob.make(tmp_path / how.name, base_model, splits, **settings)
        # After the first of the passes of the last step but one, in the second epoch.
        stop = Stop("forward", forwards[steps - 3] + 2, how)
        stopped = forked.run(job.base, stop, **EVERY_STEP)
        assert stopped.step == (steps - 1 if how == signal.SIGTERM else steps - 2)
        finish(forked, job)
        assert weights(job) == weights(whole)
