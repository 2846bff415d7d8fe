"""Clients of the server's tests: wait until it is ready, run it in a process, send slowly."""

import contextlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

LAUNCHER = Path(__file__).parents[2] / "training_image" / "serve"


class Client(Protocol):
    """httpx's and starlette's alike."""

    def get(self, url: str) -> Any:
        """Sends a GET."""


def wait_until_ready(client: Client) -> None:
    """Returns once /ping says 200."""
    for _ in range(2000):
        if client.get("/ping").status_code == 200:
            return
        threading.Event().wait(0.01)
    raise AssertionError("the server did not become ready")


@contextlib.contextmanager
def served(base: Path, *command: str, **environment: str) -> Iterator[tuple[int, Any]]:
    """Runs the launcher at a free port; gives the port and the process."""
    process = subprocess.Popen(
        [*command, sys.executable, str(LAUNCHER)],
        env={
            "PATH": os.environ["PATH"],
            "SAGEMAKER_BASE_DIR": str(base),
            "SAGEMAKER_BIND_TO_PORT": "0",
            "THRIFTLINE_BIND_ADDRESS": "127.0.0.1",
            "OMP_NUM_THREADS": "1",
            **environment,
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())["port"], process
    finally:
        process.kill()
        process.communicate()
