"""Which process serves a call, and in what order calls are served."""

import contextlib
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest

from local_aws.functions.environment import FunctionConfig
from local_aws.functions.pool import PoolClosedError, SandboxPool, while_waiting

if TYPE_CHECKING:
    from local_aws.functions.sandbox import Sandbox


class Process:
    """Stands in for a sandbox."""

    is_alive = True

    def kill(self) -> bytes:
        self.is_alive = False
        return b""


def pool_of(processes: int) -> SandboxPool:
    return SandboxPool(
        lambda _config: cast("Sandbox", Process()),
        processes=processes,
        processes_per_function=processes,
    )


def function(name: str = "open") -> FunctionConfig:
    return FunctionConfig(name, "h.handler", Path(), {}, 60, 128)


class Callers:
    """Calls that stand in line, each in a thread, one after the other."""

    def __init__(self, pool: SandboxPool) -> None:
        self.pool = pool
        self.served: list[int] = []
        self.stopped: list[int] = []
        self.threads: list[threading.Thread] = []

    def come(self, number: int) -> None:
        self.threads.append(threading.Thread(target=self._call, args=(number,)))
        self.threads[-1].start()
        deadline = time.monotonic() + 60
        while number not in self.stopped and time.monotonic() < deadline:
            time.sleep(0.001)

    def _call(self, number: int) -> None:
        @contextlib.contextmanager
        def waiting() -> Iterator[None]:
            self.stopped.append(number)
            yield

        while_waiting.set(waiting)
        try:
            sandbox = self.pool.take(function())
        except PoolClosedError:
            return
        self.served.append(number)
        self.pool.give_back(function(), sandbox, reusable=True)

    def end(self) -> None:
        for thread in self.threads:
            thread.join(60)


def test_calls_are_served_in_the_order_in_which_they_came() -> None:
    pool = pool_of(1)
    first = pool.take(function())
    callers = Callers(pool)
    for number in range(20):
        callers.come(number)

    pool.give_back(function(), first, reusable=True)
    callers.end()

    assert callers.served == list(range(20))


def test_what_surrounds_a_wait_is_told_of_waits_alone() -> None:
    callers = Callers(pool_of(1))
    callers.threads.append(threading.Thread(target=callers._call, args=(1,)))
    callers.threads[0].start()
    callers.end()

    assert (callers.served, callers.stopped) == ([1], [])


def test_calls_in_line_hear_that_the_pool_was_closed() -> None:
    pool = pool_of(1)
    pool.take(function())
    callers = Callers(pool)
    callers.come(1)

    pool.close()
    callers.end()

    assert callers.served == []
    with pytest.raises(PoolClosedError):
        pool.take(function())


def test_the_longest_idle_process_makes_room_for_another_function() -> None:
    pool = pool_of(2)
    processes: list[Any] = [pool.take(function(name)) for name in ("a", "b")]
    for name, process in zip(("a", "b"), processes, strict=True):
        pool.give_back(function(name), process, reusable=True)

    pool.take(function("c"))

    assert [process.is_alive for process in processes] == [False, True]
    assert pool.take(function("b")) is processes[1]
