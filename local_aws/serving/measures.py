"""Values of metrics, gathered as they come and put into CloudWatch a few times a second."""

import math
import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime

from local_aws.services.metric_store import Dimensions, MetricKey, MetricStore, StatisticSet

NAMESPACE = "AWS/SageMaker"
# What instances and containers use of what they have.
CONTAINERS = "/aws/sagemaker/Endpoints"
# A percentile need not be finer than this, and a minute holds few different values then.
_DIGITS = 3


@dataclass
class _Minute:
    """One metric in one minute."""

    samples: StatisticSet = field(default_factory=StatisticSet)
    counts: dict[float, float] = field(default_factory=dict)

    def add(self, value: float) -> None:
        self.samples.add(total=value, count=1.0, low=value, high=value)
        shown = _rounded(value)
        self.counts[shown] = self.counts.get(shown, 0.0) + 1.0


class Measures:
    """What was measured and is not in CloudWatch yet; safe for threads."""

    def __init__(
        self,
        store_at: Callable[[str, str], MetricStore],
        clock: Callable[[], datetime],
        lock: Callable[[], AbstractContextManager[object]],
    ) -> None:
        self._store_at = store_at
        self._clock = clock
        self._store_lock = lock
        self._lock = threading.Lock()
        self._minutes: dict[tuple[str, str, MetricKey, int], _Minute] = {}

    def add(
        self,
        account: str,
        region: str,
        dimensions: Iterable[Dimensions],
        values: Mapping[str, float],
        namespace: str = NAMESPACE,
    ) -> None:
        """Add one value of each named metric, under each set of dimensions."""
        minute = int(self._clock().timestamp() // 60)
        with self._lock:
            for each in dimensions:
                for name, value in values.items():
                    key = (account, region, MetricKey(namespace, name, each), minute)
                    if key not in self._minutes:
                        self._minutes[key] = _Minute()
                    self._minutes[key].add(value)

    def flush(self) -> None:
        """Put what was gathered into CloudWatch."""
        with self._lock:
            minutes, self._minutes = self._minutes, {}
        if not minutes:
            return
        zone = self._clock().tzinfo
        with self._store_lock():
            for (account, region, key, number), minute in minutes.items():
                minute.samples.values = list(minute.counts.items())
                moment = datetime.fromtimestamp(number * 60, zone)
                self._store_at(account, region).put(key, moment, minute.samples)


def dimensions(**named: str) -> Dimensions:
    """Return a set of dimensions."""
    return frozenset(named.items())


def _rounded(value: float) -> float:
    if value in (0.0, 1.0) or not math.isfinite(value):
        return value
    return round(value, _DIGITS - 1 - math.floor(math.log10(abs(value))))
