"""Dynamic batching: rows of requests that wait at the same time go through the model together.

All state belongs to the event loop, so there are no locks; the model runs in a thread of its own.
While it runs, rows gather; when it is done, the next batch takes up to a budget of tokens. Requests
take turns, a row each, so that a request of one row never waits for all rows of a big one.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence, Sized
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Row = TypeVar("Row", bound=Sized)
"""Its length is its number of tokens."""
Result = TypeVar("Result")


class QueueFullError(Exception):
    """More tokens wait than the model can read in decent time."""


@dataclass(eq=False)
class _Waiting(Generic[Row, Result]):
    """The rows of one request, and how many of them were taken."""

    rows: Sequence[Row]
    done: "asyncio.Future[list[Result]]"
    results: list[Result | None] = field(default_factory=list)
    taken: int = 0
    answered: int = 0

    def __post_init__(self) -> None:
        self.results = [None] * len(self.rows)


class BatchQueue(Generic[Row, Result]):
    """Gathers rows and hands them to `run` in batches, in a thread, one batch at a time."""

    def __init__(
        self,
        run: Callable[[list[Row]], Sequence[Result]],
        *,
        batch_tokens: int,
        waiting_tokens: int,
        wait_seconds: float = 0.003,
        check: Callable[[], None] = lambda: None,
        thread: ThreadPoolExecutor | None = None,
    ) -> None:
        """Sets the limits.

        Args:
            run: returns a result for each row, in order; may raise for all of them.
            check: called after `run` raised; if it raises too, nothing is run any more.
            batch_tokens: the most tokens of a batch, unless one row has more.
            waiting_tokens: the most tokens that wait; a request into an empty queue may be larger.
            wait_seconds: how long a batch with room waits for requests that are on their way.
            thread: where `run` is called; models that share a processor share one, and take turns.
        """
        self._run = run
        self._check = check
        self._batch_tokens = batch_tokens
        self._waiting_tokens = waiting_tokens
        self._wait_seconds = wait_seconds
        self._requests: deque[_Waiting[Row, Result]] = deque()
        self.tokens = 0
        """Of the rows that wait."""
        self._arriving = 0
        self._changed = asyncio.Event()
        self._end: Exception | None = None
        self._thread = thread
        self._running = 0
        self._waits_since = 0.0

    @property
    def idle(self) -> bool:
        """Whether no row waits or is being run."""
        return not self._requests and not self._running

    @property
    def stalled_seconds(self) -> float:
        """For how long there has been work and no batch has ended."""
        return 0.0 if self.idle else time.monotonic() - self._waits_since

    @contextmanager
    def arriving(self) -> Iterator[None]:
        """Tells, while a request is being read and tokenised, that it is worth waiting for."""
        self._arriving += 1
        try:
            yield
        finally:
            self._arriving -= 1
            self._changed.set()

    def submit(self, rows: Sequence[Row], *, begun: bool = False) -> "asyncio.Future[list[Result]]":
        """Queues a request's rows; cancelling the future drops those that still wait.

        Args:
            rows: at least one.
            begun: whether rows of the same request were answered, so that it is too late to refuse.

        Raises:
            QueueFullError: too much waits already.
            Exception: what `check` raised.
        """
        if self._end:
            raise self._end
        tokens = sum(map(len, rows))
        if not begun and self.tokens and self.tokens + tokens > self._waiting_tokens:
            raise QueueFullError
        waiting = _Waiting[Row, Result](rows, asyncio.get_running_loop().create_future())
        waiting.done.add_done_callback(lambda _: self._drop(waiting))
        if self.idle:
            self._waits_since = time.monotonic()
        self._requests.append(waiting)
        self.tokens += tokens
        self._changed.set()
        return waiting.done

    def _drop(self, waiting: _Waiting[Row, Result]) -> None:
        """Forgets the rows of a request that was cancelled, or failed before they were taken."""
        if waiting.taken < len(waiting.rows):
            self._requests.remove(waiting)
            self.tokens -= sum(map(len, waiting.rows[waiting.taken :]))

    async def work(self) -> None:
        """Runs batches until it is cancelled.

        Raises:
            Exception: what `check` raised; the waiting requests get it too.
        """
        thread = self._thread or ThreadPoolExecutor(1, "model")
        try:
            while True:
                await self._gather()
                await self._answer(self._take(), thread)
        except Exception as error:
            self.close(error)
            raise
        finally:
            if thread is not self._thread:
                # A batch that never ends must not keep the process from ending.
                thread.shutdown(wait=False, cancel_futures=True)

    def close(self, reason: Exception) -> None:
        """Refuses whatever waits, and whatever comes, with a reason."""
        self._end = reason
        for waiting in tuple(self._requests):
            _fail(waiting, reason)

    async def _gather(self) -> None:
        """Waits for rows, and then a little for those that are on their way."""
        while not self._requests:
            await self._change()
        try:
            async with asyncio.timeout(self._wait_seconds):
                while self._arriving and self.tokens < self._batch_tokens:
                    await self._change()
        except TimeoutError:
            pass

    async def _change(self) -> None:
        self._changed.clear()
        await self._changed.wait()

    def _take(self) -> list[tuple[_Waiting[Row, Result], int]]:
        """Takes rows off the requests in turn until the budget is spent."""
        batch: list[tuple[_Waiting[Row, Result], int]] = []
        room = self._batch_tokens
        while self._requests:
            waiting = self._requests[0]
            size = len(waiting.rows[waiting.taken])
            if batch and size > room:
                break
            room -= size
            self.tokens -= size
            batch.append((waiting, waiting.taken))
            waiting.taken += 1
            self._requests.popleft()
            if waiting.taken < len(waiting.rows):
                self._requests.append(waiting)
        return batch

    async def _answer(
        self, batch: list[tuple[_Waiting[Row, Result], int]], thread: ThreadPoolExecutor
    ) -> None:
        loop = asyncio.get_running_loop()
        rows = [waiting.rows[index] for waiting, index in batch]
        self._running = len(rows)
        try:
            results = await loop.run_in_executor(thread, self._run, rows)
        except Exception as error:
            for waiting, _ in batch:
                _fail(waiting, error)
            await loop.run_in_executor(thread, self._check)
            return
        finally:
            self._running = 0
            self._waits_since = time.monotonic()
        for (waiting, index), result in zip(batch, results, strict=True):
            waiting.results[index] = result
            waiting.answered += 1
            if waiting.answered == len(waiting.rows) and not waiting.done.done():
                waiting.done.set_result([each for each in waiting.results if each is not None])


def _fail(waiting: _Waiting[Row, Result], error: Exception) -> None:
    if not waiting.done.done():
        waiting.done.set_exception(error)
