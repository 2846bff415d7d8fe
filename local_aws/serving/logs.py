"""What containers print, as CloudWatch Logs shows it: a group for each endpoint."""

import threading
from collections import deque
from collections.abc import Callable, Iterable

LOG_GROUP = "/aws/sagemaker/Endpoints/"
_FIRST_LINES = 20
_KEPT_LINES = 200
_LINE_CHARACTERS = 60_000

Write = Callable[[str, str, Iterable[str]], None]


class Tail:
    """The lines of one container, numbered from its start.

    The first and the last ones are kept: an endpoint that comes to a container later than others
    reads how it started.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._first: list[str] = []
        self._last: deque[str] = deque(maxlen=_KEPT_LINES)
        self._count = 0

    def write(self, line: str) -> None:
        """Add a line."""
        kept = line[:_LINE_CHARACTERS]
        with self._lock:
            if len(self._first) < _FIRST_LINES:
                self._first.append(kept)
            else:
                self._last.append(kept)
            self._count += 1

    def after(self, number: int) -> tuple[list[str], int]:
        """Return the kept lines from a number on, and the number of the next one."""
        with self._lock:
            since = max(0, self._count - max(number, len(self._first)))
            last = list(self._last)
            return [*self._first[number:], *last[len(last) - min(since, len(last)) :]], self._count


class EndpointLogs:
    """Copies each container's lines to the groups of the endpoints that it serves."""

    def __init__(self, write: Write) -> None:
        self._write = write
        self._told: dict[tuple[str, str], int] = {}

    def copy(self, endpoint: str, stream: str, tail: Tail) -> None:
        """Write what was printed since the last copy."""
        lines, self._told[endpoint, stream] = tail.after(self._told.get((endpoint, stream), 0))
        if lines:
            self._write(f"{LOG_GROUP}{endpoint}", stream, lines)
