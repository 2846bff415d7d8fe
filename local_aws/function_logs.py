"""What functions print, as CloudWatch Logs."""

import threading
import uuid
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import Any

from moto.logs import logs_backends


class FunctionLogs:
    """One stream for each function in its log group."""

    def __init__(
        self, account: str, region: str, lock: Callable[[], AbstractContextManager[Any]]
    ) -> None:
        self._backend = logs_backends[account][region]
        self._lock = lock
        self._groups: dict[str, str] = {}
        self._streams: dict[str, str] = {}
        self._own = threading.Lock()

    def configure(self, function: str, properties: Mapping[str, Any]) -> None:
        """Take the log group out of a function's properties in the template."""
        group = properties.get("LoggingConfig", {}).get("LogGroup")
        self._groups[function] = group or f"/aws/lambda/{function}"

    def write(self, function: str, text: str) -> None:
        """Append the lines of `text`."""
        now = datetime.now(UTC)
        timestamp = int(now.timestamp() * 1000)
        lines = [line for line in text.splitlines() if line.strip()]
        if not lines:
            return
        group = self._groups.get(function, f"/aws/lambda/{function}")
        with self._own, self._lock():
            stream = self._stream(function, group, now)
            events = [{"timestamp": timestamp, "message": line} for line in lines]
            self._backend.put_log_events(group, stream, events)

    def _stream(self, function: str, group: str, now: datetime) -> str:
        if function not in self._streams:
            name = f"{now:%Y/%m/%d}/[$LATEST]{uuid.uuid4().hex}"
            self._backend.ensure_log_group(group)
            self._backend.create_log_stream(group, name)
            self._streams[function] = name
        return self._streams[function]
