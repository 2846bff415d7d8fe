"""What the tests of the runtimes share."""

import os
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from local_aws.clock import Clock
from local_aws.functions.runtime import FunctionConfig, LambdaRuntime
from local_aws.http.gateway import Gateway
from local_aws.http.own_calls import OwnCalls
from local_aws.http.web_server import HttpServer
from local_aws.services.sagemaker_jobs import SageMakerJobs

REPOSITORY = Path(__file__).resolve().parents[3]
FUNCTION = Path(__file__).with_name("function")


def functions_python() -> Path:
    """The functions' own interpreter; without `make setup` the tests' own."""
    own = REPOSITORY / ".venv-lambda" / "bin" / "python"
    return own if own.exists() else Path(sys.executable)


def is_running(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def wait_for(condition: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


def processes_below(folder: Path) -> list[str]:
    """Processes that work in a folder or were started with it in their environment."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        if int(entry.name) == os.getpid():
            continue
        try:
            text = (entry / "cmdline").read_bytes() + (entry / "environ").read_bytes()
        except OSError:
            continue
        if str(folder).encode() in text:
            found.append(text.replace(b"\0", b" ")[:200].decode(errors="replace"))
    return found


@pytest.fixture
def logs() -> dict[str, list[str]]:
    return defaultdict(list)


@pytest.fixture
def make_runtime(
    tmp_path: Path, logs: dict[str, list[str]]
) -> Iterator[Callable[..., LambdaRuntime]]:
    started: list[LambdaRuntime] = []
    scratch = tmp_path / "sandboxes"

    def make(**options: Any) -> LambdaRuntime:
        runtime = LambdaRuntime(
            python=functions_python(),
            scratch=scratch,
            on_log=lambda name, text: logs[name].append(text),
            base_environment={
                "AWS_REGION": "eu-west-1",
                "AWS_ACCESS_KEY_ID": "local",
                "AWS_SECRET_ACCESS_KEY": "local",
                "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
            },
            **options,
        )
        started.append(runtime)
        return runtime

    yield make
    for runtime in started:
        runtime.close()
    assert processes_below(scratch) == []


@pytest.fixture
def runtime(make_runtime: Callable[..., LambdaRuntime]) -> LambdaRuntime:
    return make_runtime()


def function(
    handler: str,
    *,
    name: str = "probe",
    timeout_seconds: int = 60,
    memory_mib: int = 256,
    environment: dict[str, str] | None = None,
) -> FunctionConfig:
    return FunctionConfig(
        name=name,
        handler=handler,
        code=FUNCTION,
        environment=environment or {},
        timeout_seconds=timeout_seconds,
        memory_mib=memory_mib,
    )


@pytest.fixture(scope="session")
def endpoint() -> Iterator[str]:
    clock = Clock()
    own = OwnCalls(clock)
    own.add("sagemaker", SageMakerJobs().operations())
    server = HttpServer(Gateway(own), "127.0.0.1", 0, clock)
    yield f"http://127.0.0.1:{server.port}"
    server.close()
