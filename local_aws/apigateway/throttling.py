"""The rate of requests that a stage takes: a bucket of tokens."""

from collections.abc import Callable
from threading import Lock


class Throttle:
    """Lets `burst` requests through at once, and `rate` more each second."""

    def __init__(self, rate: float, burst: int, seconds: Callable[[], float]) -> None:
        self._rate = rate
        self._burst = burst
        self._seconds = seconds
        self._lock = Lock()
        self._left = float(burst)
        self._looked = seconds()

    def take(self) -> bool:
        """Whether one more request is let through now."""
        with self._lock:
            now = self._seconds()
            self._left = min(self._burst, self._left + (now - self._looked) * self._rate)
            self._looked = now
            if self._left < 1:
                return False
            self._left -= 1
            return True
