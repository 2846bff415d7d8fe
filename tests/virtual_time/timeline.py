"""A virtual clock: what is due next happens next, at once, and the same every time.

A step of the workflow is ordinary blocking code. Each call of a function runs in a thread of its
own, but only one thread runs at any moment: whoever waits hands over to the clock, which wakes
whoever is due next. So calls of different functions interleave as they do in AWS, and a seed
decides how.
"""

import heapq
import itertools
import threading
from collections.abc import Callable
from datetime import datetime, timedelta

Act = Callable[[], None]


class Timeline:
    """The clock and what is due."""

    def __init__(self, start: datetime) -> None:
        self._start = start
        self.seconds = 0.0
        self._due: list[tuple[float, int, Act]] = []
        self._order = itertools.count()

    @property
    def now(self) -> datetime:
        """The time that the world believes in."""
        return self._start + timedelta(seconds=self.seconds)

    def after(self, seconds: float, act: Act) -> None:
        """Lets something happen later; of two at the same instant the first asked comes first."""
        heapq.heappush(self._due, (self.seconds + seconds, next(self._order), act))

    def is_free_until(self, seconds: float) -> bool:
        """Whether nothing is due before an instant."""
        return not self._due or self._due[0][0] > seconds

    def run(self, until: float = float("inf")) -> None:
        """Lets everything happen that is due by then."""
        while self._due and self._due[0][0] <= until:
            self.seconds, _, act = heapq.heappop(self._due)
            act()
        if until != float("inf"):
            self.seconds = max(self.seconds, until)


class _Thread:
    """A thread that is used again; it and the clock's own thread take turns."""

    def __init__(self) -> None:
        self._go, self._back = threading.Lock(), threading.Lock()
        self._go.acquire()
        self._back.acquire()
        self.work: Act = lambda: None
        threading.Thread(target=self._loop, daemon=True).start()

    def _loop(self) -> None:
        while True:
            self._go.acquire()
            self.work()
            self._back.release()

    def resume(self) -> None:
        """Called by the clock: the thread goes on until it waits or is done."""
        self._go.release()
        self._back.acquire()

    def pause(self) -> None:
        """Called by the thread: the clock goes on."""
        self._back.release()
        self._go.acquire()


class Actors:
    """Runs blocking code on a timeline."""

    def __init__(self, timeline: Timeline) -> None:
        self.timeline = timeline
        self._turns: dict[_Thread, Act] = {}
        self._current: _Thread | None = None

    def start(self, work: Act) -> None:
        """Runs some work from now on."""
        thread = _IDLE.pop() if _IDLE else _Thread()
        done = False
        fault: BaseException | None = None

        def whole() -> None:
            nonlocal done, fault
            try:
                work()
            except BaseException as error:
                fault = error
            done = True

        def turn() -> None:
            self._current = thread
            thread.resume()
            self._current = None
            if done:
                del self._turns[thread]
                _IDLE.append(thread)
            if fault:
                raise fault

        thread.work = whole
        self._turns[thread] = turn
        turn()

    def wait(self, seconds: float) -> None:
        """Called by running work: time goes by for it, and whoever is due meanwhile acts."""
        target = self.timeline.seconds + seconds
        if self.timeline.is_free_until(target):
            self.timeline.seconds = target
            return
        thread = self._current
        assert thread is not None
        self.timeline.after(seconds, self._turns[thread])
        thread.pause()


# Threads outlive the worlds that they work in.
_IDLE: list[_Thread] = []
