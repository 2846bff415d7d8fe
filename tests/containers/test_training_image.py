"""The training image, built and run as SageMaker runs it."""

import os
import signal
from pathlib import Path

import pytest

from tests.containers.engine import docker
from tests.containers.training import RUNS_AS, ContainerJob, process_status, wait_for_event
from tests.training.tiny import Result

pytestmark = [pytest.mark.containers, pytest.mark.timeout(600)]

SOMEBODY = 4321
# Long enough for a signal to come in its midst.
LONG = {"epochs": "30", "patience": "30"}
SHORT = {"epochs": "1"}


@pytest.fixture(scope="module")
def uninterrupted(
    training_image: str, base_model: Path, tmp_path_factory: pytest.TempPathFactory
) -> Result:
    base = tmp_path_factory.mktemp("uninterrupted")
    return ContainerJob.make(training_image, base, base_model, **LONG).run()


def owners(folder: Path) -> set[int]:
    return {path.stat().st_uid for path in folder.rglob("*") if path.is_file()}


def test_train_leaves_what_the_contract_promises_and_exits_with_0(uninterrupted: Result) -> None:
    assert uninterrupted.code == 0, uninterrupted.stderr
    assert uninterrupted.of("warning") == []
    assert uninterrupted.metrics["train"]["epochs_run"] == int(LONG["epochs"])
    written = {path.name for path in uninterrupted.data.iterdir()}
    assert {"metrics.json", "history.jsonl", "predictions.parquet"} <= written
    model = {path.name for path in (uninterrupted.base / "model").iterdir()}
    assert {"config.json", "model.safetensors", "tokenizer.json"} <= model


def test_what_it_leaves_is_an_ordinary_users_and_readable_for_all(uninterrupted: Result) -> None:
    results = [uninterrupted.base / "model", uninterrupted.data]
    assert [owners(folder) for folder in results] == [{RUNS_AS}] * 2
    for path in (path for folder in results for path in folder.rglob("*")):
        assert path.stat().st_mode & 0o444 == 0o444, path


def test_docker_stop_is_answered_with_a_checkpoint_from_which_the_same_weights_come(
    uninterrupted: Result, training_image: str, base_model: Path, tmp_path: Path
) -> None:
    job = ContainerJob.make(training_image, tmp_path, base_model, **LONG)
    with job.started() as name:
        wait_for_event(name, "step")
        status = process_status(name)
        docker("stop", "--time", "120", name)
        stopped = job.end(name)
    assert stopped.code == 128 + signal.SIGTERM, stopped.stderr
    assert stopped.events[-1]["event"] == "interrupted"
    assert not (tmp_path / "output" / "failure").exists()
    assert list((tmp_path / "model").iterdir()) == []
    # The first process itself trained, and not as root.
    assert status["Name"].startswith(("python", "train"))
    assert status["Uid"] == status["Gid"] == " ".join([str(RUNS_AS)] * 4)
    assert int(status["CapEff"], 16) == int(status["CapPrm"], 16) == 0

    resumed = job.run()
    assert resumed.code == 0, resumed.stderr
    assert resumed.metrics["train"]["resumed_from_step"] > 0
    assert resumed.metrics["train"]["steps"] == uninterrupted.metrics["train"]["steps"]
    assert resumed.weights == uninterrupted.weights


def test_processes_that_train_together_hear_docker_stop_too(
    training_image: str, base_model: Path, tmp_path: Path
) -> None:
    job = ContainerJob.make(training_image, tmp_path, base_model, **LONG)
    with job.started("--env", "THRIFTLINE_PROCESSES=2") as name:
        wait_for_event(name, "step")
        docker("stop", "--time", "120", name)
        stopped = job.end(name)
    assert stopped.code == 128 + signal.SIGTERM, stopped.stderr
    assert stopped.events[-1]["event"] == "interrupted"
    assert list((tmp_path / "checkpoints").glob("step-*/state.json"))
    assert owners(tmp_path / "checkpoints") == {RUNS_AS}


def test_a_failure_is_told_in_one_sentence_and_exits_with_1(
    training_image: str, base_model: Path, tmp_path: Path
) -> None:
    job = ContainerJob.make(training_image, tmp_path, base_model, epoch="3")
    failed = job.run()
    assert failed.code == 1
    assert "epoch" in failed.failure
    assert "epochs" in failed.failure
    assert owners(tmp_path / "output") == {RUNS_AS}


def test_a_mounted_folder_of_a_person_stays_that_persons(
    training_image: str, base_model: Path, tmp_path: Path
) -> None:
    job = ContainerJob.make(training_image, tmp_path, base_model, **SHORT)
    job.give_to(SOMEBODY)
    result = job.run()
    assert result.code == 0, result.stderr
    assert result.of("warning") == []
    assert owners(tmp_path) == {SOMEBODY}


def test_it_may_be_started_as_an_ordinary_user(
    training_image: str, base_model: Path, tmp_path: Path
) -> None:
    job = ContainerJob.make(training_image, tmp_path, base_model, **SHORT)
    job.give_to(SOMEBODY)
    result = job.run("--user", f"{SOMEBODY}:{SOMEBODY}")
    assert result.code == 0, result.stderr
    assert owners(tmp_path / "model") == {SOMEBODY}


def test_inputs_that_are_roots_alone_are_trained_on_as_root_which_is_said(
    training_image: str, base_model: Path, tmp_path: Path
) -> None:
    job = ContainerJob.make(training_image, tmp_path, base_model, **SHORT)
    closed = tmp_path / "input" / "data" / "model" / "model.safetensors"
    closed.chmod(0o600)
    result = job.run()
    assert result.code == 0, result.stderr
    warning = result.of("warning")[0]["message"]
    assert "stays root" in warning
    assert "/opt/ml/input/data/model/model.safetensors is closed to it" in warning
    assert owners(tmp_path / "model") == {os.getuid()}
