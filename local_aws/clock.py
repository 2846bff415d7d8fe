"""The time of the embedded AWS: this machine's, or that of an account file and on from there."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from threading import Lock


def _this_machine() -> datetime:
    return datetime.now(UTC)


class Clock:
    """A clock that can be set and moved on; safe for threads.

    Every time stamp that the embedded AWS gives comes from here. What measures how long
    something takes (time-outs, waits) does not: that is real time.
    """

    def __init__(self, source: Callable[[], datetime] = _this_machine) -> None:
        self._source = source
        self._lock = Lock()
        self._offset = timedelta(0)

    def now(self) -> datetime:
        """Return the present instant, in UTC."""
        return self._source() + self._offset

    def set(self, moment: datetime) -> None:
        """Let it be `moment` (timezone-aware) now."""
        with self._lock:
            self._offset = moment.astimezone(UTC) - self._source()

    def advance(self, step: timedelta) -> None:
        """Let `step` pass at once; waits that run already take the time they took before."""
        if step < timedelta(0):
            raise ValueError(f"time runs forward only, not by {step}")
        with self._lock:
            self._offset += step
