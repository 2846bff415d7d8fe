"""How much memory a function uses, and its end when that is more than it has."""

import contextlib
import os
import signal
import threading
from collections.abc import Collection, Iterator
from pathlib import Path

from local_aws.training.process_sessions import members_of_sessions

_MIB = 1024 * 1024
_LOOK_EVERY_SECONDS = 0.1
# A function of this project with boto3 and Powertools holds 60 to 150 MiB.
_OF_A_PROCESS = 96 * _MIB
_FEWEST_PROCESSES, _MOST_PROCESSES = 16, 48


def memory_of_machine() -> int:
    """Return the machine's physical memory in bytes."""
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def processes_that_fit(memory_bytes: int) -> int:
    """Return how many execution environments a quarter of this memory keeps warm.

    With fewer than two for each function that a run calls, runs at the same time end each other's
    warm processes, and nearly every call pays for a cold start.
    """
    fit = memory_bytes // 4 // _OF_A_PROCESS
    return max(_FEWEST_PROCESSES, min(_MOST_PROCESSES, fit))


def peak_mib(pid: int) -> int | None:
    """Return the largest resident size that a process ever had, None if it is gone."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return None
    for line in status.splitlines():
        if line.startswith("VmHWM:"):
            return -(-int(line.split()[1]) // 1024)
    return None


def _resident_bytes(pid: int) -> int:
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (OSError, IndexError, ValueError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


class MemoryWatch:
    """Looks at running invocations ten times a second and kills what outgrows its function.

    Lambda's limit is a control group's; here it is resident memory, sampled, so a short peak can
    slip through, and where there is no /proc nothing is enforced.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._limits: dict[int, int] = {}
        self._closed = False
        self._thread = threading.Thread(target=self._watch, name="lambda-memory", daemon=True)
        self._thread.start()

    @contextlib.contextmanager
    def enforcing(self, emulator: int, limit_mib: int) -> Iterator[None]:
        """Hold what the emulator's process runs to a limit while the block runs."""
        with self._changed:
            self._limits[emulator] = limit_mib * _MIB
            self._changed.notify()
        try:
            yield
        finally:
            with self._changed:
                self._limits.pop(emulator, None)

    def close(self) -> None:
        """Stop looking."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join()

    def _watch(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._closed or self._limits)
                # Short calls, which are most, end before anybody looks.
                if self._changed.wait_for(lambda: self._closed, _LOOK_EVERY_SECONDS):
                    return
                limits = dict(self._limits)
            for emulator, members in members_of_sessions(limits).items():
                _kill_if_over(set(members) - {emulator}, limits[emulator])


def _kill_if_over(members: Collection[int], limit: int) -> None:
    if sum(_resident_bytes(member) for member in members) <= limit:
        return
    for member in members:
        with contextlib.suppress(ProcessLookupError):
            os.kill(member, signal.SIGKILL)
