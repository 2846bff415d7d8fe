"""Runs training jobs in containers of the training image, as SageMaker does: `IMAGE train`.

It speaks to the engine through its command line, which knows how to reach it (DOCKER_HOST,
contexts, Podman's stand-in for it) and is what a person would type to look after a container.
"""

import subprocess
import time
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import IO

from local_aws.training.container import (
    Launch,
    MlFolder,
    TrainingProcess,
    job_environment,
)
from local_aws.training.process_sessions import ProcessSessions
from local_aws.training.request import OPT_ML

# Also the program's name on AWS; the image says what it is.
_COMMAND = "train"
# Docker's own 64 MiB of shared memory are few for processes that train together.
_SHARED_MEMORY = "1g"
_ANSWER_SECONDS = 20.0
_START_SECONDS = 30.0


class ContainerEngineError(Exception):
    """No container can be started; the message is one line that says why."""


class Engine:
    """The container engine, through its command line."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.environment = dict(environment)

    def check(self, image: str) -> None:
        """Make sure that a container of the image could be started.

        Raises:
            ContainerEngineError: no engine answers, or it does not have the image.
        """
        try:
            self.run("version", "--format", "{{.Server.Version}}")
        except ContainerEngineError as error:
            raise ContainerEngineError(
                f"training in containers needs a running Docker engine, and none answers: {error}"
            ) from error
        try:
            self.run("image", "inspect", image)
        except ContainerEngineError as error:
            raise ContainerEngineError(
                f"the Docker engine has no image {image}; to build it: "
                f"docker build --tag {image} --build-arg FLOATING_BASE=allowed training_image"
            ) from error

    def run(self, *arguments: str) -> None:
        """Do one thing.

        Raises:
            ContainerEngineError: with what the engine says.
        """
        try:
            done = subprocess.run(
                ["docker", *arguments],
                env=self.environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=_ANSWER_SECONDS,
                check=False,
            )
        except FileNotFoundError as error:
            raise ContainerEngineError("the command docker is missing") from error
        except subprocess.TimeoutExpired as error:
            raise ContainerEngineError(f"no answer for {_ANSWER_SECONDS:g} s") from error
        if done.returncode:
            said = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
            raise ContainerEngineError(said[-1])


class ContainerLauncher:
    """Starts each job in a container of one image, whatever image the job names.

    The container's /opt/ml is the job's folder. It shares this machine's network, so that the
    embedded AWS's endpoint is reached as it is given; a job with `EnableNetworkIsolation` has no
    network at all. It gets no GPU.
    """

    def __init__(self, image: str, sessions: ProcessSessions, engine: Engine) -> None:
        self._image = image
        self._sessions = sessions
        self._engine = engine

    def __call__(self, launch: Launch) -> TrainingProcess:
        """Start a container."""
        name = f"local-aws-{uuid.uuid4().hex}"
        seen = MlFolder(Path(OPT_ML))
        isolated = bool(launch.request.get("EnableNetworkIsolation"))
        variables = job_environment(launch, seen, gpus=0)
        self._engine.run(
            *(
                "create",
                "--name",
                name,
                "--label",
                f"local-aws={launch.request['TrainingJobName']}",
            ),
            *("--volume", f"{launch.folder.base}:{seen.base}"),
            *("--network", "none" if isolated else "host", "--shm-size", _SHARED_MEMORY),
            *(word for key, value in variables.items() for word in ("--env", f"{key}={value}")),
            *(self._image, _COMMAND),
        )
        client = self._sessions.start(
            ["docker", "start", "--attach", name],
            cwd=launch.folder.base,
            environment=self._engine.environment,
            afterwards=["docker", "rm", "--force", "--volumes", name],
        )
        return _Container(name, client, self._sessions, self._engine)


class _Container:
    """A container, through the client that is attached to it."""

    def __init__(
        self,
        name: str,
        client: subprocess.Popen[bytes],
        sessions: ProcessSessions,
        engine: Engine,
    ) -> None:
        self._name = name
        self._client = client
        self._sessions = sessions
        self._engine = engine

    @property
    def output(self) -> IO[bytes]:
        assert self._client.stdout is not None
        return self._client.stdout

    def poll(self) -> int | None:
        # The client ends with the container's exit code.
        return self._client.poll()

    def terminate(self) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while self._client.poll() is None and time.monotonic() < deadline:
            try:
                self._engine.run("kill", "--signal", "TERM", self._name)
            except ContainerEngineError:
                time.sleep(0.1)  # it is still being started
            else:
                return

    def kill(self) -> None:
        self._sessions.kill(self._client)
