"""What containers print, as CloudWatch Logs shows it: a group for each endpoint."""

import threading
from collections import deque
from collections.abc import Callable, Iterable

LOG_GROUP = "/aws/sagemaker/Endpoints/"
_KEPT_LINES = 200
_LINE_CHARACTERS = 60_000

Write = Callable[[str, str, Iterable[str]], None]


class Tail:
    """The lines of one container, numbered from its start; the last ones are kept."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lines: deque[str] = deque(maxlen=_KEPT_LINES)
        self._count = 0

    def write(self, line: str) -> None:
        """Add a line."""
        with self._lock:
            self._lines.append(line[:_LINE_CHARACTERS])
            self._count += 1

    def after(self, number: int) -> tuple[list[str], int]:
        """Return the kept lines from a number on, and the number of the next one."""
        with self._lock:
            fresh = min(self._count - number, len(self._lines))
            return list(self._lines)[len(self._lines) - fresh :], self._count


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
