"""One container of an endpoint: the image's own `serve`, as a process of this machine."""

import contextlib
import json
import logging
import os
import shutil
import signal
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import Popen
from typing import Protocol

import urllib3

from local_aws.serving.container import ContainerSpec
from local_aws.training.process_sessions import ProcessSessions

LOG = logging.getLogger(__name__)

_LOOK_SECONDS = 0.05
_PING_SECONDS = 2.0
# SageMaker gives a container 30 seconds between SIGTERM and SIGKILL.
_GRACE_SECONDS = 30.0
_CONNECTIONS = 64


class UnreachableError(Exception):
    """A container gave no answer: it is gone, or cut the connection."""


class InvocationTimeoutError(Exception):
    """A container took too long."""


@dataclass(frozen=True)
class Reply:
    """What a container answered; the names of headers are in lower case."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


class Container(Protocol):
    """Something that answers as a serving container does."""

    def ready(self) -> bool:
        """Whether `/ping` answers 200."""

    def poll(self) -> int | None:
        """Return the exit code once it has ended."""

    def request(
        self, method: str, path: str, body: bytes, headers: Mapping[str, str], seconds: float
    ) -> Reply:
        """Send one request and wait for the answer.

        Raises:
            InvocationTimeoutError: none came in `seconds`.
            UnreachableError: the container is gone.
        """

    def memory_bytes(self) -> int | None:
        """Return the memory that it uses, None where that cannot be measured."""

    def close(self) -> None:
        """End it, requests under way first, and remove what it leaves."""

    def kill(self) -> None:
        """End it at once, and remove what it leaves."""

    def reap(self) -> None:
        """Clear up after one that has ended; its folder stays, for the next one."""


Starter = Callable[[ContainerSpec, Path, Callable[[str], None]], Container]
"""Starts a container for the artifact in the folder `model` of a scratch folder."""


class ProcessStarter:
    """Starts the image's `serve` program in SageMaker's layout."""

    def __init__(
        self, command: Sequence[str], sessions: ProcessSessions, aws_environment: Mapping[str, str]
    ) -> None:
        self._command = command
        self._sessions = sessions
        self._aws_environment = aws_environment

    def __call__(
        self, spec: ContainerSpec, scratch: Path, on_line: Callable[[str], None]
    ) -> "ServeProcess":
        """Start a process; it is not ready yet."""
        for name in ("home", "tmp"):
            (scratch / name).mkdir(parents=True, exist_ok=True)
        process = self._sessions.start(
            self._command, cwd=scratch, environment=self._environment(spec, scratch)
        )
        return ServeProcess(process, self._sessions, scratch, on_line)

    def _environment(self, spec: ContainerSpec, scratch: Path) -> dict[str, str]:
        program = Path(self._command[0])
        interpreter = [str(program.parent)] if program.is_absolute() else []
        reachable = {} if spec.is_isolated else dict(self._aws_environment)
        return {
            "PATH": os.pathsep.join([*interpreter, "/usr/local/bin", "/usr/bin", "/bin"]),
            "LANG": "C.UTF-8",
            "HOME": str(scratch / "home"),
            "TMPDIR": str(scratch / "tmp"),
            "PYTHONUNBUFFERED": "1",
            "HF_HUB_OFFLINE": "1",
            # Several containers share this machine's cores; each on AWS has its own.
            "OMP_NUM_THREADS": "1",
            **reachable,
            **({"SAGEMAKER_MULTI_MODEL": "true"} if spec.is_multi_model else {}),
            **dict(spec.environment),
            "SAGEMAKER_BASE_DIR": str(scratch),
            # The first free port, which it prints; this machine alone reaches it.
            "SAGEMAKER_BIND_TO_PORT": "0",
            "THRIFTLINE_BIND_ADDRESS": "127.0.0.1",
        }


class ServeProcess:
    """A started process, over HTTP."""

    def __init__(
        self,
        process: Popen[bytes],
        sessions: ProcessSessions,
        scratch: Path,
        on_line: Callable[[str], None],
    ) -> None:
        self._process = process
        self._sessions = sessions
        self._scratch = scratch
        self._on_line = on_line
        self._pool: urllib3.HTTPConnectionPool | None = None
        self._reader = threading.Thread(target=self._read, name="serve-output", daemon=True)
        self._reader.start()

    def poll(self) -> int | None:
        """Return the exit code once it has ended."""
        return self._process.poll()

    def ready(self) -> bool:
        """Whether `/ping` answers 200."""
        try:
            return self.request("GET", "/ping", b"", {}, _PING_SECONDS).status == 200
        except (UnreachableError, InvocationTimeoutError):
            return False

    def request(
        self, method: str, path: str, body: bytes, headers: Mapping[str, str], seconds: float
    ) -> Reply:
        """Send one request and wait for the answer.

        Raises:
            InvocationTimeoutError: none came in `seconds`.
            UnreachableError: the process is gone, or does not listen yet.
        """
        pool = self._pool
        if pool is None:
            raise UnreachableError("it does not listen yet")
        try:
            return _send(pool, method, path, body, headers, seconds)
        except urllib3.exceptions.ProtocolError:
            # A kept connection may have been closed the moment it was used again.
            if self._process.poll() is not None:
                raise UnreachableError("it has ended") from None
        try:
            return _send(pool, method, path, body, headers, seconds)
        except urllib3.exceptions.ProtocolError as error:
            raise UnreachableError(str(error)) from error

    def memory_bytes(self) -> int | None:
        """Return the memory that it uses, None where there is no /proc."""
        with contextlib.suppress(OSError, ValueError, IndexError):
            pages = int(Path(f"/proc/{self._process.pid}/statm").read_text().split()[1])
            return pages * os.sysconf("SC_PAGE_SIZE")
        return None

    def close(self) -> None:
        """Ask it to end, kill it if it does not, and remove its folder."""
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + _GRACE_SECONDS
        while self._process.poll() is None and time.monotonic() < deadline:
            time.sleep(_LOOK_SECONDS)
        self.kill()

    def kill(self) -> None:
        """End it at once, with all that it started, and remove its folder."""
        self.reap()
        shutil.rmtree(self._scratch, ignore_errors=True)

    def reap(self) -> None:
        """Kill what is left of it; its folder stays, for the next one."""
        self._sessions.kill(self._process)
        self._reader.join()
        if self._pool is not None:
            self._pool.close()

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as output:
            for raw in output:
                line = raw.decode(errors="replace").rstrip("\r\n")
                if self._pool is None and (port := _port(line)):
                    self._pool = urllib3.HTTPConnectionPool(
                        "127.0.0.1", port, maxsize=_CONNECTIONS, retries=False
                    )
                if line:
                    self._on_line(line)


def _port(line: str) -> int | None:
    """Return the port in the line that says where the program listens."""
    try:
        said = json.loads(line)
    except ValueError:
        return None
    is_start = isinstance(said, dict) and said.get("event") == "start"
    port = said.get("port") if is_start else None
    return port if isinstance(port, int) else None


def _send(
    pool: urllib3.HTTPConnectionPool,
    method: str,
    path: str,
    body: bytes,
    headers: Mapping[str, str],
    seconds: float,
) -> Reply:
    try:
        answer = pool.urlopen(
            method, path, body=body or None, headers=dict(headers), timeout=seconds
        )
    except urllib3.exceptions.ReadTimeoutError as error:
        raise InvocationTimeoutError from error
    except (urllib3.exceptions.NewConnectionError, urllib3.exceptions.TimeoutError) as error:
        raise UnreachableError(str(error)) from error
    headers = {name.lower(): value for name, value in answer.headers.items()}
    return Reply(answer.status, answer.data, headers)
