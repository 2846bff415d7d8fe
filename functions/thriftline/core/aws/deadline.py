"""When a request that somebody waits for must be answered, whatever AWS does meanwhile."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from thriftline.core.errors import ServiceUnavailableError


class Deadline:
    """The end of the one request that a function works on; without one, time is no matter.

    A function works on one request at a time, and threads of a request share its end.

    Args:
        clock: seconds that only grow.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._end: float | None = None

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """Sets the end of what is done inside: ``seconds`` from now, or the end around it."""
        around = self._end
        end = self._clock() + seconds
        self._end = end if around is None else min(end, around)
        try:
            yield
        finally:
            self._end = around

    def require(self, seconds: float) -> None:
        """Checks that something may be begun that takes ``seconds`` at the most.

        Raises:
            ServiceUnavailableError: it might not end in time, so it is not begun.
        """
        if self._end is None:
            return
        left = self._end - self._clock()
        if seconds > left:
            raise ServiceUnavailableError(
                f"AWS took so long that {max(left, 0):.1f} s are left to answer in; a call may "
                f"take {seconds:g} s, so it was not made."
            )
