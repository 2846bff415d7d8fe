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

    `service_time` is the second hand: it runs `rate` times as fast as this machine's clock, and is
    moved on with the first. What AWS takes minutes or hours for goes by it: roll-outs of
    endpoints with their bakes, the periods of alarms, scaling, and what an endpoint is billed for.
    """

    def __init__(
        self, source: Callable[[], datetime] = _this_machine, *, rate: float = 1.0
    ) -> None:
        self._source = source
        self._lock = Lock()
        self._offset = timedelta(0)
        self.rate = rate
        self._zero = source()

    def now(self) -> datetime:
        """Return the present instant, in UTC."""
        return self._source() + self._offset

    def service_time(self) -> datetime:
        """Return the present instant of the second hand, in UTC."""
        with self._lock:
            real = self._source()
            return real + self._offset + (real - self._zero) * (self.rate - 1)

    def set(self, moment: datetime) -> None:
        """Let it be `moment` (timezone-aware) now, by both hands."""
        with self._lock:
            self._zero = self._source()
            self._offset = moment.astimezone(UTC) - self._zero

    def advance(self, step: timedelta) -> None:
        """Let `step` pass at once; waits that run already take the time they took before."""
        if step < timedelta(0):
            raise ValueError(f"time runs forward only, not by {step}")
        with self._lock:
            self._offset += step
