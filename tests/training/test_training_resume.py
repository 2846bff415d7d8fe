"""A run that was interrupted, however and wherever, ends with the weights of one that was not."""

import json
import shutil
import signal
from pathlib import Path

import pytest

from tests.training.tiny import DEFAULTS, Result, StopAt, TinyJob

pytestmark = pytest.mark.training
LONG = "8"  # epochs, so that a signal comes long before the end


def checkpoints(job: TinyJob) -> list[Path]:
    return sorted((job.base / "checkpoints").iterdir())


def is_first_step(line: dict[str, object]) -> bool:
    return line["event"] == "step"


def is_second_epoch(line: dict[str, object]) -> bool:
    return line["event"] == "evaluation" and line["epoch"] == 2


@pytest.fixture(scope="module")
def long_run(tmp_path_factory: pytest.TempPathFactory, base_model: Path) -> Result:
    return TinyJob.make(tmp_path_factory.mktemp("long"), base_model, epochs=LONG).run_here()


def test_sigterm_saves_a_checkpoint_from_which_the_same_weights_come(
    long_run: Result, base_model: Path, tmp_path: Path
) -> None:
    job = TinyJob.make(tmp_path, base_model, epochs=LONG)
    stopped = job.run_until(is_first_step, signal.SIGTERM)
    assert stopped.code == 143
    assert stopped.events[-1]["event"] == "interrupted"
    assert not (tmp_path / "output" / "failure").exists()
    assert not (tmp_path / "model").exists()
    resumed = job.run_here()
    assert resumed.code == 0, resumed.stderr
    assert resumed.metrics["train"]["resumed_from_step"] == int(checkpoints(job)[-1].name[5:])
    assert resumed.weights == long_run.weights
    assert resumed.metrics["train"]["steps"] == long_run.metrics["train"]["steps"]


def test_sigkill_loses_no_more_than_what_came_after_the_last_checkpoint(
    long_run: Result, base_model: Path, tmp_path: Path
) -> None:
    job = TinyJob.make(tmp_path, base_model, epochs=LONG)
    killed = job.run_until(is_second_epoch, signal.SIGKILL, THRIFTLINE_CHECKPOINT_SECONDS="0")
    assert killed.code == -signal.SIGKILL
    assert not (tmp_path / "output" / "data" / "metrics.json").exists()
    resumed = job.run_here()
    steps_per_epoch = long_run.metrics["train"]["steps"] // int(LONG)
    assert resumed.metrics["train"]["resumed_from_step"] >= 2 * steps_per_epoch - 2
    assert resumed.weights == long_run.weights


@pytest.mark.parametrize("share", [0.02, 0.2, 0.45, 0.7, 0.97])
def test_it_may_be_stopped_anywhere(
    clean: Result, base_model: Path, tmp_path: Path, share: float
) -> None:
    counting = StopAt()
    TinyJob.make(tmp_path / "count", base_model).run_here(counting)
    job = TinyJob.make(tmp_path / "job", base_model)
    stopped = job.run_here(StopAt(max(1, round(counting.checks * share))))
    assert stopped.code == 143
    resumed = job.run_here()
    assert resumed.weights == clean.weights
    assert resumed.metrics["test"] == clean.metrics["test"]
    mark = [line["step"] for line in resumed.history if "loss" not in line]
    assert mark == [line["step"] for line in clean.history if "loss" not in line]


def test_a_stop_within_an_evaluation_neither_skips_nor_repeats_it(
    base_model: Path, tmp_path: Path
) -> None:
    whole = TinyJob.make(tmp_path / "whole", base_model, epochs="1").run_here()
    expected = [line for line in whole.history if "validation_loss" in line]
    stops = range(7, 12)  # around the first of the evaluations, which come after every 4th step
    for check in stops:
        job = TinyJob.make(tmp_path / str(check), base_model, epochs="1")
        assert job.run_here(StopAt(check)).code == 143
        resumed = job.run_here()
        found = [line for line in resumed.history if "validation_loss" in line]
        assert [{**line, "seconds": 0} for line in found] == [
            {**line, "seconds": 0} for line in expected
        ]
        assert resumed.weights == whole.weights


def test_a_run_stopped_again_and_again_is_still_the_same_run(
    clean: Result, base_model: Path, tmp_path: Path
) -> None:
    job = TinyJob.make(tmp_path, base_model)
    codes = [job.run_here(StopAt(16)).code for _ in range(3)]
    resumed = job.run_here()
    assert codes == [143, 143, 143]
    assert resumed.metrics["train"]["samples"] == clean.metrics["train"]["samples"]
    assert resumed.metrics["train"]["tokens"] == clean.metrics["train"]["tokens"]
    assert resumed.weights == clean.weights


def test_the_last_two_checkpoints_are_kept(base_model: Path, tmp_path: Path) -> None:
    job = TinyJob.make(tmp_path, base_model, epochs="1")
    result = job.run_here(THRIFTLINE_CHECKPOINT_SECONDS="0")
    steps = result.metrics["train"]["steps"]
    assert [path.name for path in checkpoints(job)] == [
        f"step-{steps - 1:09d}",
        f"step-{steps:09d}",
    ]


@pytest.fixture(scope="module")
def interrupted(tmp_path_factory: pytest.TempPathFactory, base_model: Path) -> TinyJob:
    """Returns a job with two checkpoints, stopped in its second epoch."""
    job = TinyJob.make(tmp_path_factory.mktemp("interrupted"), base_model)
    assert job.run_here(StopAt(30), THRIFTLINE_CHECKPOINT_SECONDS="0").code == 143
    assert len(checkpoints(job)) == 2
    return job


def copy_of(job: TinyJob, folder: Path) -> TinyJob:
    shutil.copytree(job.base, folder, dirs_exist_ok=True)
    return TinyJob(folder)


@pytest.mark.parametrize("name", ["training.safetensors", "best.safetensors", "state.json"])
@pytest.mark.parametrize("how", ["truncated", "one bit", "missing"])
def test_a_damaged_newest_checkpoint_falls_back_to_the_one_before_and_says_so(
    clean: Result, interrupted: TinyJob, tmp_path: Path, name: str, how: str
) -> None:
    job = copy_of(interrupted, tmp_path)
    older, newest = checkpoints(job)
    file = newest / name
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    if how == "missing":
        file.unlink()
    else:
        file.write_bytes(content if how == "one bit" else content[: len(content) // 2])
    resumed = job.run_here()
    warning = resumed.of("warning")[0]["message"]
    assert newest.name in warning
    assert name in warning
    assert resumed.metrics["train"]["resumed_from_step"] == int(older.name[5:])
    assert resumed.weights == clean.weights


def test_with_every_checkpoint_damaged_it_starts_anew_and_says_so(
    clean: Result, interrupted: TinyJob, tmp_path: Path
) -> None:
    job = copy_of(interrupted, tmp_path)
    for path in checkpoints(job):
        (path / "best.safetensors").write_bytes(b"")
    resumed = job.run_here()
    assert len(resumed.of("warning")) == 2
    assert resumed.metrics["train"]["resumed_from_step"] is None
    assert resumed.weights == clean.weights


def test_what_a_killed_writer_left_half_done_is_no_checkpoint(
    clean: Result, interrupted: TinyJob, tmp_path: Path
) -> None:
    job = copy_of(interrupted, tmp_path)
    newest = checkpoints(job)[-1]
    partial = newest.with_name(".partial-step-000000999")
    shutil.copytree(newest, partial)
    resumed = job.run_here(THRIFTLINE_CHECKPOINT_SECONDS="0")
    assert resumed.metrics["train"]["resumed_from_step"] == int(newest.name[5:])
    assert resumed.weights == clean.weights
    assert not partial.exists()


def test_a_checkpoint_of_another_run_is_refused_with_what_differs(
    interrupted: TinyJob, tmp_path: Path
) -> None:
    job = copy_of(interrupted, tmp_path / "settings")
    job.set(**{**DEFAULTS, "seed": "8", "run_id": "another"})
    refused = job.run_here()
    assert refused.code == 1
    assert "is of another run: seed was 7 and now is 8. " in refused.failure

    job = copy_of(interrupted, tmp_path / "data")
    shard = tmp_path / "data" / "input" / "data" / "train" / "part-00000.jsonl"
    lines = shard.read_text().splitlines()
    first = json.loads(lines[0])
    shard.write_text("\n".join([json.dumps({**first, "text": "so so"}), *lines[1:]]))
    refused = job.run_here()
    assert refused.code == 1
    assert "is of another run: the train data differ." in refused.failure
