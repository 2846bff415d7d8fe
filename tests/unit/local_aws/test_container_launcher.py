"""What the launcher asks of the container engine; a script stands in for its command line."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local_aws.training.container import Launch, MlFolder
from local_aws.training.container_launcher import ContainerEngineError, ContainerLauncher, Engine
from local_aws.training.process_sessions import ProcessSessions

ARN = "arn:aws:sagemaker:us-east-1:123456789012:training-job/job-01"
REQUEST = {
    "TrainingJobName": "job-01",
    "ResourceConfig": {"InstanceType": "ml.g5.xlarge"},
    "HyperParameters": {"epochs": "1"},
    "InputDataConfig": [{"ChannelName": "train"}],
    "Environment": {"TWO_LINES": "a\nb"},
}
CREDENTIALS = {"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_ACCESS_KEY_ID": "local"}
# Each command is kept, an argument a line; what it does is in a file that is named like it.
DOCKER = """\
#!/bin/sh
printf '%s\\n' "$@" >> {folder}/said-$1
if [ -e {folder}/$1 ]; then . {folder}/$1; fi
"""


class FakeDocker:
    """The engine's command line, and what was said to it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        command = folder / "docker"
        command.write_text(DOCKER.format(folder=folder))
        command.chmod(0o755)
        self.engine = Engine({"PATH": f"{folder}{os.pathsep}/usr/bin{os.pathsep}/bin"})
        self.sessions = ProcessSessions()

    def does(self, command: str, script: str) -> None:
        (self.folder / command).write_text(script)

    def said(self, command: str) -> list[str]:
        file = self.folder / f"said-{command}"
        return file.read_text().splitlines() if file.exists() else []

    def launch(self, base: Path, **changes: Any) -> Any:
        launch = Launch({**REQUEST, **changes}, ARN, MlFolder(base), {}, CREDENTIALS)
        return ContainerLauncher("image:1", self.sessions, self.engine)(launch)


@pytest.fixture
def docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeDocker]:
    folder = tmp_path / "bin"
    folder.mkdir()
    fake = FakeDocker(folder)
    # What is cleaned up is cleaned up in this process's environment.
    monkeypatch.setenv("PATH", fake.engine.environment["PATH"])
    yield fake
    fake.sessions.close()


def test_a_missing_engine_is_told_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(ContainerEngineError) as caught:
        Engine({"PATH": str(tmp_path)}).check("image:1")
    assert str(caught.value) == (
        "training in containers needs a running Docker engine, and none answers: "
        "the command docker is missing"
    )


def test_an_engine_that_does_not_answer_is_told_with_what_it_says(docker: FakeDocker) -> None:
    docker.does("version", "echo first; echo 'cannot connect' >&2; exit 1")
    with pytest.raises(ContainerEngineError, match=r"none answers: cannot connect$"):
        docker.engine.check("image:1")


def test_a_missing_image_is_told_with_how_to_build_it(docker: FakeDocker) -> None:
    docker.does("image", "exit 1")
    built = r"docker build --tag image:1 --build-arg FLOATING_BASE=allowed training_image$"
    with pytest.raises(ContainerEngineError, match=built):
        docker.engine.check("image:1")
    docker.does("image", "exit 0")
    docker.engine.check("image:1")


def test_a_container_sees_its_job_below_opt_ml(docker: FakeDocker, tmp_path: Path) -> None:
    docker.launch(tmp_path).kill()
    said = docker.said("create")
    assert said[-2:] == ["image:1", "train"]
    assert f"{tmp_path}:/opt/ml" in said
    assert said[said.index("--network") + 1] == "host"
    assert {
        "SM_CHANNEL_TRAIN=/opt/ml/input/data/train",
        "SM_MODEL_DIR=/opt/ml/model",
        "SM_HP_EPOCHS=1",
        "SM_NUM_GPUS=0",
        "TRAINING_JOB_NAME=job-01",
        "AWS_ENDPOINT_URL=http://127.0.0.1:1",
        "TWO_LINES=a",
    } <= set(said)
    # What a process needs of this machine would be wrong in there.
    assert not [word for word in said if word.startswith(("PATH=", "HOME=", "SAGEMAKER_BASE_DIR="))]


def test_an_isolated_job_has_no_network_and_no_credentials(
    docker: FakeDocker, tmp_path: Path
) -> None:
    docker.launch(tmp_path, EnableNetworkIsolation=True).kill()
    said = docker.said("create")
    assert said[said.index("--network") + 1] == "none"
    assert not [word for word in said if word.startswith(("AWS_ENDPOINT_URL=", "AWS_ACCESS"))]


def test_output_and_exit_code_are_the_containers_and_nothing_stays(
    docker: FakeDocker, tmp_path: Path
) -> None:
    docker.does("start", "echo trained; exit 143")
    container = docker.launch(tmp_path)
    assert container.output.read() == b"trained\n"
    container._client.wait()
    assert container.poll() == 143
    assert docker.said("rm") == []
    container.kill()
    name = docker.said("create")[2]
    assert docker.said("rm") == ["rm", "--force", "--volumes", name]


def test_sigterm_is_sent_again_until_the_container_runs(docker: FakeDocker, tmp_path: Path) -> None:
    docker.does("start", "exec sleep 600")
    folder = docker.folder
    docker.does("kill", f"[ -e {folder}/second ] || {{ touch {folder}/second; exit 1; }}")
    container = docker.launch(tmp_path)
    container.terminate()
    name = docker.said("create")[2]
    assert docker.said("kill") == ["kill", "--signal", "TERM", name] * 2
    container.kill()


def test_a_container_that_has_ended_is_sent_nothing(docker: FakeDocker, tmp_path: Path) -> None:
    container = docker.launch(tmp_path)
    container._client.wait()
    container.terminate()
    assert docker.said("kill") == []
    container.kill()


def test_a_container_that_cannot_be_made_is_an_error(docker: FakeDocker, tmp_path: Path) -> None:
    docker.does("create", "echo 'no space left' >&2; exit 125")
    with pytest.raises(ContainerEngineError, match="no space left"):
        docker.launch(tmp_path)
    assert docker.said("start") == []
