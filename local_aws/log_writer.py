"""CloudWatch Logs, written to from inside of the server."""

import json
import uuid
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from typing import Any

from moto.logs import logs_backends

from local_aws.clock import Clock


class LogWriter:
    """Appends lines to streams, and makes groups and streams that are missing."""

    def __init__(
        self,
        account: str,
        region: str,
        lock: Callable[[], AbstractContextManager[Any]],
        clock: Clock,
    ) -> None:
        self._clock = clock
        self._backend = logs_backends[account][region]
        self._lock = lock
        self._streams: set[tuple[str, str]] = set()

    def append(self, group: str, stream: str, lines: Iterable[str]) -> None:
        """Append `lines` as events of now."""
        timestamp = int(self._clock.now().timestamp() * 1000)
        events = [{"timestamp": timestamp, "message": line} for line in lines]
        if not events:
            return
        with self._lock():
            if (group, stream) not in self._streams:
                self._backend.ensure_log_group(group)
                self._backend.create_log_stream(group, stream)
                self._streams.add((group, stream))
            self._backend.put_log_events(group, stream, events)


class FunctionLogs:
    """What functions print: one stream for each function in its log group."""

    def __init__(self, writer: LogWriter, clock: Clock) -> None:
        self._writer = writer
        self._groups: dict[str, str] = {}
        # Hears every line, for the metrics that are in some.
        self.on_line: Callable[[str], None] = lambda _: None
        self._stream = f"{clock.now():%Y/%m/%d}/[$LATEST]{uuid.uuid4().hex}"

    def configure(self, function: str, properties: Mapping[str, Any]) -> None:
        """Take the log group out of a function's properties in the template."""
        group = properties.get("LoggingConfig", {}).get("LogGroup")
        if group:
            self._groups[function] = group

    def write(self, function: str, text: str) -> None:
        """Append the lines of `text`."""
        group = self._groups.get(function, f"/aws/lambda/{function}")
        lines = [line for line in text.splitlines() if line.strip()]
        self._writer.append(group, self._stream, lines)
        for line in lines:
            self.on_line(line)


def json_line(fields: Mapping[str, Any]) -> str:
    """Return one compact line of JSON."""
    return json.dumps(fields, separators=(",", ":"), default=str)
