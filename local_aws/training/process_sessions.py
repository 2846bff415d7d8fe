"""Processes that the embedded AWS starts, and that never outlive it.

Each one leads a session of its own, so everything it starts can be found again by the session's id:
the runtime emulator puts its children in other process groups, where ``killpg`` does not reach
them. A small guard process holds the list and kills what is on it when this process ends without
cleaning up, even by SIGKILL.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import IO

_GUARD_PROGRAM = """
import json, sys
sys.path.insert(0, sys.argv[1])
from process_sessions import clean_up, kill_session
sessions = {}
for line in sys.stdin:
    change, session, command = json.loads(line)
    if change == "+":
        sessions[session] = command
    else:
        sessions.pop(session, None)
for session, command in sessions.items():
    kill_session(session)
    clean_up(command)
"""
_CLEAN_UP_SECONDS = 60


def session_members(session: int) -> list[int]:
    """Return the processes of a session; none where there is no /proc."""
    return members_of_sessions([session])[session]


def members_of_sessions(sessions: Iterable[int]) -> dict[int, list[int]]:
    """Return the processes of each session, from one look at all processes of the machine."""
    members: dict[int, list[int]] = {session: [] for session in sessions}
    try:
        with os.scandir("/proc") as entries:
            names = [entry.name for entry in entries]
    except OSError:
        return members
    for name in names:
        if not name.isdecimal():
            continue
        # Ten times a second for all that runs: pathlib and buffers took a tenth of a core.
        with contextlib.suppress(OSError, ValueError, IndexError):
            file = os.open(f"/proc/{name}/stat", os.O_RDONLY)
            try:
                stat = os.read(file, 4096)
            finally:
                os.close(file)
            # The second field is the command in brackets and may hold spaces and brackets itself.
            fields = stat.rpartition(b")")[2].split(None, 4)
            session = int(fields[3])
            if session in members and fields[0] != b"Z":
                members[session].append(int(name))
    return members


def kill_session(session: int) -> None:
    """Kill every process of a session, those too that it starts meanwhile."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(session, signal.SIGKILL)
    for _ in range(20):
        members = session_members(session)
        if not members:
            return
        for member in members:
            with contextlib.suppress(ProcessLookupError):
                os.kill(member, signal.SIGKILL)


def clean_up(command: Sequence[str]) -> None:
    """Run what removes the rest of a killed process, if anything does; never fail."""
    if not command:
        return
    with contextlib.suppress(OSError, subprocess.TimeoutExpired):
        subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=_CLEAN_UP_SECONDS,
            check=False,
        )


class ProcessSessions:
    """Starts processes as session leaders and ends them whole."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._guard: subprocess.Popen[str] | None = None
        self._sessions: dict[int, tuple[str, ...]] = {}

    def start(
        self,
        command: Sequence[str | Path],
        *,
        cwd: Path,
        environment: Mapping[str, str],
        stdout: int | IO[bytes] = subprocess.PIPE,
        stderr: int | IO[bytes] = subprocess.STDOUT,
        afterwards: Sequence[str] = (),
    ) -> subprocess.Popen[bytes]:
        """Start a process that leads its own session, with exactly this environment.

        `afterwards` is a command that removes what killing the process leaves, a container for
        instance. It runs in this process's environment.
        """
        process = subprocess.Popen(
            [str(part) for part in command],
            cwd=cwd,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            start_new_session=True,
        )
        self._note("+", process.pid, tuple(afterwards))
        return process

    def kill(self, process: subprocess.Popen[bytes]) -> None:
        """Kill the process and all that it started, and reap it."""
        kill_session(process.pid)
        process.wait()
        clean_up(self._sessions.get(process.pid, ()))
        self._note("-", process.pid)

    def close(self) -> None:
        """Kill whatever is left and end the guard."""
        with self._lock:
            guard, self._guard = self._guard, None
            left, self._sessions = self._sessions, {}
        for session, command in left.items():
            kill_session(session)
            clean_up(command)
        if guard is not None and guard.stdin is not None:
            guard.stdin.close()
            guard.wait()

    def _note(self, change: str, session: int, command: tuple[str, ...] = ()) -> None:
        with self._lock:
            if self._guard is None:
                if change == "-":
                    return
                self._guard = _start_guard()
            if change == "+":
                self._sessions[session] = command
            else:
                self._sessions.pop(session, None)
            assert self._guard.stdin is not None
            with contextlib.suppress(BrokenPipeError):
                self._guard.stdin.write(json.dumps([change, session, command]) + "\n")
                self._guard.stdin.flush()


def _start_guard() -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", _GUARD_PROGRAM, str(Path(__file__).parent)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
