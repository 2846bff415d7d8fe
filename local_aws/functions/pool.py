"""Which execution environment serves a call: a warm one, a new one, or the next that falls free.

Calls of one function are served in the order in which they came.
"""

import contextlib
import threading
from collections import Counter, defaultdict, deque
from collections.abc import Callable
from contextlib import AbstractContextManager
from contextvars import ContextVar
from dataclasses import dataclass

from local_aws.functions.environment import FunctionConfig
from local_aws.functions.sandbox import Sandbox

# What surrounds a call's wait for a process: whoever waits for the call may stop a clock meanwhile.
while_waiting: ContextVar[Callable[[], AbstractContextManager[None]]] = ContextVar(
    "while_waiting", default=contextlib.nullcontext
)


class PoolClosedError(RuntimeError):
    """The runtime was closed while a call waited for a process."""


@dataclass(frozen=True)
class _Idle:
    config: FunctionConfig
    sandbox: Sandbox


class SandboxPool:
    """Sandboxes by function; a sandbox serves one call at a time and one configuration only."""

    def __init__(
        self,
        start: Callable[[FunctionConfig], Sandbox],
        *,
        processes: int,
        processes_per_function: int,
    ) -> None:
        self._start = start
        self._processes = processes
        self._processes_per_function = processes_per_function
        self._changed = threading.Condition()
        # The longest idle comes first.
        self._idle: list[_Idle] = []
        self._taken: Counter[str] = Counter()
        self._lines: defaultdict[str, deque[object]] = defaultdict(deque)
        self._busy: set[Sandbox] = set()
        self._closed = False

    def take(self, config: FunctionConfig) -> Sandbox:
        """Return a sandbox for a call, waiting for one where all are busy.

        Raises:
            PoolClosedError: the pool was closed meanwhile.
        """
        sandbox, superseded = self._warm_or_room(config)
        for old in superseded:
            old.kill()
        if sandbox is None:
            sandbox = self._start_new(config)
        return sandbox

    def give_back(self, config: FunctionConfig, sandbox: Sandbox, *, reusable: bool) -> None:
        """Keep a sandbox warm for the next call, or end it."""
        with self._changed:
            self._busy.discard(sandbox)
            keep = reusable and sandbox.is_alive and not self._closed
            if keep:
                self._idle.append(_Idle(config, sandbox))
            self._release(config)
        if not keep:
            sandbox.kill()

    def close(self) -> None:
        """End every sandbox, the busy ones too."""
        with self._changed:
            self._closed = True
            sandboxes = [idle.sandbox for idle in self._idle] + list(self._busy)
            self._idle.clear()
            self._changed.notify_all()
        for sandbox in sandboxes:
            sandbox.kill()

    def _warm_or_room(self, config: FunctionConfig) -> tuple[Sandbox | None, list[Sandbox]]:
        """Return a warm sandbox, or none and the right to start one; and sandboxes to end."""
        call, line = object(), self._lines[config.name]
        with self._changed:
            dropped = self._drop_useless(config)
            line.append(call)
            try:
                while not self._closed:
                    if line[0] is call and self._has_place(config, dropped):
                        return self._take_place(config), dropped
                    with while_waiting.get()():
                        self._changed.wait()
            finally:
                line.remove(call)
                self._changed.notify_all()
        raise PoolClosedError(f"the Lambda runtime was closed before {config.name} ran")

    def _drop_useless(self, config: FunctionConfig) -> list[Sandbox]:
        """Take out idle sandboxes that died, or that an update of the function left behind."""
        useless = [
            idle
            for idle in self._idle
            if not idle.sandbox.is_alive
            or (idle.config.name == config.name and idle.config.key != config.key)
        ]
        self._idle = [idle for idle in self._idle if idle not in useless]
        return [idle.sandbox for idle in useless]

    def _has_place(self, config: FunctionConfig, dropped: list[Sandbox]) -> bool:
        if any(idle.config.key == config.key for idle in self._idle):
            return True
        room = self._taken[config.name] < self._processes_per_function
        return room and self._make_room(dropped)

    def _take_place(self, config: FunctionConfig) -> Sandbox | None:
        self._taken[config.name] += 1
        warm = self._pop_warm(config)
        if warm is not None:
            self._busy.add(warm)
        return warm

    def _pop_warm(self, config: FunctionConfig) -> Sandbox | None:
        for index in range(len(self._idle) - 1, -1, -1):
            if self._idle[index].config.key == config.key:
                return self._idle.pop(index).sandbox
        return None

    def _make_room(self, dropped: list[Sandbox]) -> bool:
        if self._taken.total() + len(self._idle) < self._processes:
            return True
        if self._idle:
            dropped.append(self._idle.pop(0).sandbox)
            return True
        return False

    def _start_new(self, config: FunctionConfig) -> Sandbox:
        try:
            sandbox = self._start(config)
        except BaseException:
            with self._changed:
                self._release(config)
            raise
        with self._changed:
            closed = self._closed
            if not closed:
                self._busy.add(sandbox)
        if closed:
            sandbox.kill()
            raise PoolClosedError(f"the Lambda runtime was closed before {config.name} ran")
        return sandbox

    def _release(self, config: FunctionConfig) -> None:
        self._taken[config.name] -= 1
        self._changed.notify_all()
