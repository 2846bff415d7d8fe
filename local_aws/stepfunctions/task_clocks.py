"""Time-outs of tasks stand still while their function waits for a process.

Lambda has an execution environment for every call of a crowd; this machine has a few, and the other
calls stand in line. That wait is no time of the function's, so a state's TimeoutSeconds does not
count it: two hundred runs at once would otherwise fail for want of processors.
"""

import contextlib
import contextvars
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

from moto.stepfunctions.parser.asl.component.state.exec import execute_state

from local_aws.clients import Clients
from local_aws.hooks import Hooks

_HEADER = "X-Local-Aws-Task"
_LOOK_AGAIN_SECONDS = 1.0
_current: contextvars.ContextVar["TaskClock | None"] = contextvars.ContextVar("task", default=None)


class TaskClock:
    """The event that ends a state's wait, with a time-out that can stand still."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self.name = uuid4().hex
        self._now = now
        self._changed = threading.Condition()
        self._ended = False
        self._began = now()
        self._still = 0.0
        self._still_since: float | None = None

    def set(self) -> None:
        """End the wait: the task has ended."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def wait(self, seconds: float) -> bool:
        """Wait until the task has ended or its seconds are over; return whether it has ended."""
        with self._changed:
            while not self._ended and (left := seconds - self._elapsed()) > 0:
                moves = self._still_since is None
                self._changed.wait(min(left, _LOOK_AGAIN_SECONDS) if moves else None)
            return self._ended

    @contextlib.contextmanager
    def standing_still(self) -> Iterator[None]:
        """Let no time pass."""
        with self._changed:
            self._still_since = self._now()
            self._changed.notify_all()
        try:
            yield
        finally:
            with self._changed:
                self._still += self._now() - self._still_since
                self._still_since = None
                self._changed.notify_all()

    def _elapsed(self) -> float:
        until = self._now() if self._still_since is None else self._still_since
        return until - self._began - self._still


class TaskClocks:
    """The clocks of all tasks that run; the call of a function names that of its task.

    `now` tells the seconds.
    """

    def __init__(self) -> None:
        self.now: Callable[[], float] = time.monotonic
        self._running: dict[str, TaskClock] = {}

    def install(self, hooks: Hooks, clients: Clients) -> None:
        """Give every state that waits for a task a clock of this kind."""
        hooks.replace(execute_state, "threading", SimpleNamespace(Event=self._new_clock))
        hooks.replace(execute_state, "Thread", self._thread)
        events = clients.get("lambda").meta.events
        events.register("before-call.lambda.Invoke", _name_the_task)

    def standing_still(self, headers: Mapping[str, str]) -> contextlib.AbstractContextManager[None]:
        """Return what stops the clock of the task that sent a request, if one did."""
        clock = self._running.get(headers.get(_HEADER, ""))
        return clock.standing_still() if clock is not None else contextlib.nullcontext()

    def _new_clock(self) -> TaskClock:
        # moto makes it in the thread that waits, just before it starts the task's own.
        clock = TaskClock(self.now)
        _current.set(clock)
        return clock

    def _thread(self, *, target: Callable[[], None], daemon: bool) -> threading.Thread:
        clock = _current.get()
        assert clock is not None

        def run() -> None:
            _current.set(clock)
            self._running[clock.name] = clock
            try:
                target()
            finally:
                del self._running[clock.name]

        return threading.Thread(target=run, daemon=daemon)


def _name_the_task(params: Mapping[str, Any], **_: Any) -> None:
    clock = _current.get()
    if clock is not None:
        params["headers"][_HEADER] = clock.name
