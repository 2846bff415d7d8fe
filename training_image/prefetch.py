"""Runs an iterator ahead in a thread, so that reading and tokenising overlap."""

import queue
import threading
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

Item = TypeVar("Item")
AHEAD = 2  # items that are ready at the most
LOOK_SECONDS = 1.0  # how often one who waits looks whether to go on waiting


def prefetched(source: Iterator[Item], between: Callable[[], None]) -> Generator[Item]:
    """Yields what `source` yields, which is asked for in a thread of its own.

    Args:
        source: its errors are raised here, after the items before them.
        between: called before every item, and while one is waited for; it may raise.
    """
    ahead = _ReadAhead(source)
    # A daemon: a stream that gives nothing must not keep a stopped program alive.
    threading.Thread(target=ahead.work, name="read ahead", daemon=True).start()
    try:
        while not isinstance(item := ahead.next(between), _EndOfItems):
            between()
            yield item
    finally:
        ahead.given_up.set()


@dataclass(frozen=True)
class _EndOfItems:
    """The iterator has no more, or it failed."""

    error: BaseException | None = None


class _ReadAhead(Generic[Item]):
    def __init__(self, source: Iterator[Item]) -> None:
        self._source = source
        self._ready: queue.Queue[Item | _EndOfItems] = queue.Queue(AHEAD)
        self.given_up = threading.Event()

    def work(self) -> None:
        """Fills the queue until the iterator ends or nobody wants more."""
        try:
            for item in self._source:
                self._put(item)
                if self.given_up.is_set():
                    return
            self._put(_EndOfItems())
        except BaseException as error:
            self._put(_EndOfItems(error))

    def next(self, between: Callable[[], None]) -> Item | _EndOfItems:
        """Waits for an item."""
        while True:
            try:
                item = self._ready.get(timeout=LOOK_SECONDS)
                break
            except queue.Empty:
                between()
        if isinstance(item, _EndOfItems) and item.error is not None:
            raise item.error
        return item

    def _put(self, item: Item | _EndOfItems) -> None:
        while not self.given_up.is_set():
            try:
                return self._ready.put(item, timeout=LOOK_SECONDS)
            except queue.Full:
                continue
