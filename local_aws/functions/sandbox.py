"""One execution environment of one function: an emulator and the interpreter that it runs."""

import contextlib
import http.client
import os
import secrets
import shutil
import socket
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from subprocess import Popen
from typing import IO

from local_aws.training.process_sessions import ProcessSessions, session_members

Address = tuple[str, int]
_LOOPBACK = "127.0.0.1"
_INVOCATIONS = "/2015-03-31/functions/function/invocations"
_START_SECONDS = 20.0
_LOG_SECONDS = 2.0
# The emulator enforces the function's time-out itself; this is for an emulator that hangs.
_SPARE_SECONDS = 30.0


class SandboxError(Exception):
    """The emulator did not start, or went away in the middle of an invocation."""


@dataclass(frozen=True)
class SandboxPlan:
    """What it takes to start a sandbox."""

    emulator: Path
    runtime_command: Sequence[str | Path]
    environment: Mapping[str, str]
    code: Path
    folder: Path
    timeout_seconds: int


class Sandbox:
    """A started emulator; runs one invocation at a time, as the emulator can do no more."""

    def __init__(self, plan: SandboxPlan, sessions: ProcessSessions) -> None:
        self._plan = plan
        self._sessions = sessions
        self._log = _LogCapture()
        self._runtime_pid: int | None = None
        self._ended = threading.Lock()
        self._is_ended = False
        plan.folder.mkdir(parents=True)
        (plan.folder / "tmp").mkdir()
        try:
            self._process, self.address = self._start()
        except BaseException:
            shutil.rmtree(plan.folder, ignore_errors=True)
            raise

    @property
    def pid(self) -> int:
        """The emulator's process, which leads the sandbox's session."""
        return self._process.pid

    @property
    def runtime_pid(self) -> int | None:
        """The function's own process; None before the first invocation."""
        if self._runtime_pid is None:
            members = [pid for pid in session_members(self.pid) if pid != self.pid]
            self._runtime_pid = min(members, default=None)
        return self._runtime_pid

    @property
    def is_alive(self) -> bool:
        """Whether the emulator still runs."""
        return self._process.poll() is None

    def invoke(self, payload: bytes, request_id: str) -> tuple[int, bytes]:
        """Run the handler once; return the emulator's HTTP status and body.

        Raises:
            SandboxError: the emulator gave no answer.
        """
        timeout = self._plan.timeout_seconds + _SPARE_SECONDS
        connection = http.client.HTTPConnection(*self.address, timeout=timeout)
        try:
            connection.request("POST", _INVOCATIONS, payload, {"X-Amzn-RequestId": request_id})
            answer = connection.getresponse()
            return answer.status, answer.read()
        except (OSError, http.client.HTTPException) as error:
            raise SandboxError(f"{type(error).__name__}: {error}") from error
        finally:
            connection.close()

    def take_log(self, request_id: str) -> bytes:
        """Return what was printed since the last call, up to this request's REPORT line."""
        return self._log.take(f"REPORT RequestId: {request_id}".encode(), _LOG_SECONDS)

    def kill(self) -> bytes:
        """End the sandbox with everything in it; return what it had printed."""
        with self._ended:
            if self._is_ended:
                return b""
            self._is_ended = True
        self._sessions.kill(self._process)
        self._log.join()
        shutil.rmtree(self._plan.folder, ignore_errors=True)
        return self._log.take(None, 0)

    def _start(self) -> tuple[Popen[bytes], Address]:
        problem = ""
        # Another process can take a port between its choice and its use.
        for _ in range(3):
            process, address = self._start_once()
            if _wait_until_up(process, address):
                self._log.start(process)
                return process, address
            self._sessions.kill(process)
            problem = (self._plan.folder / "emulator.log").read_text(errors="replace")[-2000:]
        raise SandboxError(f"the Lambda runtime emulator did not start: {problem}")

    def _start_once(self) -> tuple[Popen[bytes], Address]:
        host = _unforeseen_host()
        port, runtime_port = _free_ports(host)
        command = [
            self._plan.emulator,
            "--runtime-interface-emulator-address",
            f"{host}:{port}",
            "--runtime-api-address",
            f"{host}:{runtime_port}",
            "--log-level",
            "error",
            *self._plan.runtime_command,
        ]
        # The function's own output, stderr too, comes on stdout; stderr holds the emulator's.
        with (self._plan.folder / "emulator.log").open("wb") as emulator_log:
            process = self._sessions.start(
                command,
                cwd=self._plan.code,
                environment=self._plan.environment,
                stderr=emulator_log,
            )
        return process, (host, port)


def _unforeseen_host() -> str:
    """Return an address of this machine that no web page can know.

    The emulator asks nobody who calls it. On Linux all of 127.0.0.0/8 is this machine; a page in a
    browser would have to guess one address in sixteen million, and the port.
    """
    if sys.platform != "linux":
        return _LOOPBACK
    return "127." + ".".join(str(1 + secrets.randbelow(254)) for _ in range(3))


def _free_ports(host: str) -> tuple[int, int]:
    with socket.socket() as first, socket.socket() as second:
        first.bind((host, 0))
        second.bind((host, 0))
        return first.getsockname()[1], second.getsockname()[1]


def _wait_until_up(process: Popen[bytes], address: Address) -> bool:
    deadline = time.monotonic() + _START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection(address, 1):
            return process.poll() is None
        time.sleep(0.002)
    return False


class _LogCapture:
    """Collects what a process prints."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._text = bytearray()
        self._ended = False
        self._thread: threading.Thread | None = None

    def start(self, process: Popen[bytes]) -> None:
        assert process.stdout is not None
        self._thread = threading.Thread(
            target=self._read, args=(process.stdout,), name="lambda-log", daemon=True
        )
        self._thread.start()

    def take(self, last_line: bytes | None, wait_seconds: float) -> bytes:
        """Take the text; wait for the end of a line that holds `last_line`."""

        def complete() -> bool:
            at = self._text.rfind(last_line or b"")
            return self._ended or (at >= 0 and self._text.find(b"\n", at) >= 0)

        with self._changed:
            if last_line is not None:
                self._changed.wait_for(complete, wait_seconds)
            text = bytes(self._text)
            self._text.clear()
            return text

    def join(self) -> None:
        if self._thread is not None:
            self._thread.join(_LOG_SECONDS)

    def _read(self, stream: IO[bytes]) -> None:
        while True:
            chunk = os.read(stream.fileno(), 65536)
            with self._changed:
                self._text += chunk
                self._ended = not chunk
                self._changed.notify_all()
            if not chunk:
                stream.close()
                return
