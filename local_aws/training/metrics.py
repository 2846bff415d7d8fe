"""Metrics that SageMaker reads out of what a training program prints."""

import re
import threading
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any


class MetricReader:
    """Finds values by the job's MetricDefinitions and remembers the last of each."""

    def __init__(self, definitions: Sequence[Mapping[str, str]]) -> None:
        self._patterns = [(each["Name"], re.compile(each["Regex"])) for each in definitions]
        self._lock = threading.Lock()
        self._last: dict[str, tuple[float, datetime]] = {}

    def read(self, line: str, now: datetime) -> None:
        """Take the values of one line."""
        for name, pattern in self._patterns:
            found = pattern.search(line)
            value = _number(found.group(1)) if found and pattern.groups else None
            if value is not None:
                with self._lock:
                    self._last[name] = (value, now)

    @property
    def final(self) -> list[dict[str, Any]]:
        """The last value of each metric, as DescribeTrainingJob shows it."""
        with self._lock:
            return [
                {"MetricName": name, "Value": value, "Timestamp": moment}
                for name, (value, moment) in self._last.items()
            ]


def _number(text: str | None) -> float | None:
    try:
        return float(text) if text else None
    except ValueError:
        return None
