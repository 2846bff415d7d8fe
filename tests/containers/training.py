"""`docker run IMAGE train`, in SageMaker's layout."""

import contextlib
import json
import os
import subprocess
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.containers.engine import docker
from tests.training.tiny import Result, TinyJob

# The user's number in the Dockerfile.
RUNS_AS = 10001
# No job of these tests needs one, and SageMaker's isolated jobs have none.
NO_NETWORK = ("--network", "none")


@dataclass(frozen=True)
class ContainerJob:
    """A job whose folders are mounted into containers of the training image."""

    image: str
    base: Path

    @classmethod
    def make(
        cls, image: str, base: Path, base_model: Path, **hyperparameters: str
    ) -> "ContainerJob":
        """Lays out channels and hyperparameters, all readable as SageMaker's downloads are."""
        TinyJob.make(base, base_model, None, **hyperparameters)
        for path in (base, *base.rglob("*")):
            path.chmod(0o755 if path.is_dir() else 0o644)
        return cls(image, base)

    def give_to(self, number: int) -> None:
        """Makes a user the owner of all of it."""
        for path in (self.base, *self.base.rglob("*")):
            os.chown(path, number, number)

    def run(self, *options: str) -> Result:
        """Runs the program to its end."""
        with self.started(*options) as name:
            return self.end(name)

    @contextlib.contextmanager
    def started(self, *options: str) -> Iterator[str]:
        """Starts the program and gives the container's name."""
        name = f"thriftline-test-{uuid.uuid4().hex}"
        docker(
            *("run", "--detach", "--name", name, *NO_NETWORK, "--env", "OMP_NUM_THREADS=1"),
            *("--volume", f"{self.base}:/opt/ml", *options, self.image, "train"),
        )
        try:
            yield name
        finally:
            docker("rm", "--force", name)

    def end(self, name: str) -> Result:
        """Waits for a started program."""
        code = int(docker("wait", name))
        said = subprocess.run(["docker", "logs", name], capture_output=True, text=True, check=True)
        events = [json.loads(line) for line in said.stdout.splitlines()]
        return Result(self.base, code, events, said.stderr)


def wait_for_event(name: str, event: str) -> None:
    """Returns when the program of a container has printed a line of one kind."""
    with subprocess.Popen(
        ["docker", "logs", "--follow", name],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as logs:
        assert logs.stdout is not None
        try:
            for line in logs.stdout:
                if json.loads(line)["event"] == event:
                    return
        finally:
            logs.kill()
    raise AssertionError(f"the program ended without a line {event!r}")


def process_status(name: str) -> dict[str, str]:
    """What the kernel says of a container's first process, by the names in /proc/1/status."""
    lines = docker("exec", name, "cat", "/proc/1/status").splitlines()
    return {
        key: " ".join(value.split()) for key, _, value in (line.partition(":") for line in lines)
    }
