"""Containers that are processes: how they are asked, what they are given, how they end."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local_aws.serving.container import ContainerSpec
from local_aws.serving.process import (
    InvocationTimeoutError,
    ProcessStarter,
    ServeProcess,
    UnreachableError,
)
from local_aws.training.process_sessions import ProcessSessions
from tests.integration.local_aws.aws import eventually
from tests.integration.local_runtime.conftest import processes_below

PROGRAM = Path(__file__).parent / "small_serve.py"
AWS = {"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_ACCESS_KEY_ID": "local"}
PATIENCE_SECONDS = 60


def spec(**changes: Any) -> ContainerSpec:
    values: dict[str, Any] = {
        "image": "image",
        "artifact": "s3://models/a/",
        "is_archive": False,
        "environment": (("MODEL_WORKERS", "1"),),
        "is_multi_model": False,
        "is_isolated": False,
    }
    return ContainerSpec(**values | changes)


def until_ready(process: ServeProcess) -> ServeProcess:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not process.ready():
        assert time.monotonic() < deadline, "it does not answer"
        time.sleep(0.02)
    return process


def ask(process: ServeProcess, seconds: float = 60.0, **body: Any) -> Any:
    reply = process.request("POST", "/invocations", json.dumps(body).encode(), {}, seconds)
    return reply.status, json.loads(reply.body)


@pytest.fixture
def sessions() -> Iterator[ProcessSessions]:
    made = ProcessSessions()
    yield made
    made.close()


@pytest.fixture
def lines() -> list[str]:
    return []


@pytest.fixture
def process(sessions: ProcessSessions, tmp_path: Path, lines: list[str]) -> Iterator[ServeProcess]:
    started = ProcessStarter([sys.executable, str(PROGRAM)], sessions, AWS)(
        spec(), tmp_path / "one", lines.append
    )
    yield until_ready(started)
    started.kill()
    assert processes_below(tmp_path) == []
    assert list(tmp_path.iterdir()) == []


def test_a_request_gets_the_answer_of_the_program(process: ServeProcess, lines: list[str]) -> None:
    assert ask(process, status=200, text="a") == (200, {"status": 200, "text": "a"})
    assert ask(process, status=503)[0] == 503
    assert lines[0] == "a line that is no JSON"
    assert (process.memory_bytes() or 0) > 1_000_000


def test_a_connection_that_the_program_closed_is_made_anew(process: ServeProcess) -> None:
    for _ in range(3):
        assert ask(process, cut=True)[0] == 200


def test_a_program_that_takes_too_long_is_given_up(process: ServeProcess) -> None:
    with pytest.raises(InvocationTimeoutError):
        ask(process, seconds=0.2, sleep=5)
    assert ask(process)[0] == 200


def test_a_program_that_ends_during_a_request_is_unreachable(process: ServeProcess) -> None:
    with pytest.raises(UnreachableError):
        ask(process, exit=3)
    # The connection ends a moment before the process does.
    eventually(lambda: process.poll() is not None)
    assert process.poll() == 3
    with pytest.raises(UnreachableError):
        ask(process)


def test_the_program_gets_the_variables_of_its_model_and_none_of_this_machine(
    process: ServeProcess, tmp_path: Path
) -> None:
    _, seen = ask(process, environment=True)
    assert seen["MODEL_WORKERS"] == "1"
    assert seen["SAGEMAKER_BASE_DIR"] == str(tmp_path / "one")
    assert seen["AWS_ENDPOINT_URL"] == AWS["AWS_ENDPOINT_URL"]
    assert seen["OMP_NUM_THREADS"] == "1"
    assert not {"PYTEST_CURRENT_TEST", "USER", "PYTHONPATH"} & set(seen)


def test_an_isolated_model_gets_no_address_and_no_keys(
    sessions: ProcessSessions, tmp_path: Path
) -> None:
    started = ProcessStarter([sys.executable, str(PROGRAM)], sessions, AWS)(
        spec(is_isolated=True), tmp_path / "one", lambda _: None
    )
    _, seen = ask(until_ready(started), environment=True)
    assert not [name for name in seen if name.startswith("AWS_")]
    started.close()
    assert started.poll() == 0


_PARENT = """
import sys, time
from pathlib import Path
from local_aws.serving.process import ProcessStarter
from local_aws.training.process_sessions import ProcessSessions
from tests.integration.serving_runtime.test_processes import PROGRAM, spec, until_ready
folder = Path(sys.argv[1])
started = ProcessStarter([sys.executable, str(PROGRAM)], ProcessSessions(), {})(
    spec(), folder / "one", lambda _: None
)
until_ready(started)
print("ready", flush=True)
time.sleep(600)
"""


def test_no_container_outlives_a_parent_that_is_killed(tmp_path: Path) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", _PARENT, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    with parent.stdout:
        assert parent.stdout.readline() == "ready\n"
        assert processes_below(tmp_path)
        os.kill(parent.pid, signal.SIGKILL)
        parent.wait()
    deadline = time.monotonic() + PATIENCE_SECONDS
    while processes_below(tmp_path):
        assert time.monotonic() < deadline, "it lives on"
        time.sleep(0.05)
