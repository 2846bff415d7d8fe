"""`sam local start-lambda`, which reads the template once: that takes longer than most calls."""

import json
import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

START_SECONDS = 120
INVOKE_SECONDS = 300


@dataclass(frozen=True)
class SamServer:
    """Answers Lambda's API for the functions of one build, each time from a new container."""

    port: int
    log: Path

    def invoke(self, function: str, event: Any) -> Any:
        """What comes back: an answer, or `errorType` and `errorMessage`."""
        url = f"http://127.0.0.1:{self.port}/2015-03-31/functions/{function}/invocations"
        asked = urllib.request.Request(url, json.dumps(event).encode(), method="POST")
        try:
            with urllib.request.urlopen(asked, timeout=INVOKE_SECONDS) as answer:
                return json.load(answer)
        except (urllib.error.URLError, ValueError) as error:
            raise AssertionError(f"{function}: {error}\n{self.log.read_text()[-4000:]}") from None


@contextmanager
def sam_server(
    command: Sequence[str | Path], folder: Path, environment: Mapping[str, str]
) -> Iterator[SamServer]:
    """Starts SAM's server by a command without a port, and ends it with its containers."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    server = SamServer(port, folder / f"start_lambda-{port}.log")
    with (
        server.log.open("wb") as output,
        subprocess.Popen(
            [*command, "--port", str(port)],
            cwd=folder,
            env={**os.environ, **environment},
            stdout=output,
            stderr=output,
            # A shell's background job, and what it starts, would not hear Ctrl-C.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        ) as process,
    ):
        try:
            _wait(server, process)
            yield server
        finally:
            # As Ctrl-C does: it takes its containers away.
            process.send_signal(signal.SIGINT)
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                process.kill()


def _wait(server: SamServer, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", server.port), 1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError(f"sam local start-lambda did not start:\n{server.log.read_text()[-4000:]}")
