"""The machines that this one stands in for: so many jobs train at once, the others wait."""

from threading import Lock


class JobQueue:
    """A line of jobs, first come first served; safe for threads.

    The first `places` of the line train. On AWS every job has an instance of its own; here two
    hundred at once would share the cores until functions and jobs ran out of their time.
    """

    def __init__(self, places: int) -> None:
        if places < 1:
            raise ValueError(f"no job could ever train with {places} places")
        self._places = places
        self._lock = Lock()
        self._line: list[str] = []

    def join(self, job: str) -> None:
        """Stand at the end of the line."""
        with self._lock:
            self._line.append(job)

    def leave(self, job: str) -> None:
        """Give the place, or the wait for one, up."""
        with self._lock:
            self._line.remove(job)

    def ahead_of(self, job: str) -> int:
        """Return how many jobs must end before this one may train; 0 when it may."""
        with self._lock:
            return max(0, self._line.index(job) - self._places + 1)
