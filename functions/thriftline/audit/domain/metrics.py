"""CloudWatch series as they were read: which metric, from when, and what each period said."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from thriftline.audit.domain.facts import Fact, Unread
from thriftline.core.dataclass import dataclass

DAY = 86_400
HOUR = 3_600


@dataclass(frozen=True, slots=True)
class MetricKey:
    """One metric of one resource, as CloudWatch is asked for it.

    ``dimensions`` are in order of name; CloudWatch answers only for the exact set.
    """

    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...]
    stat: str
    period_seconds: int


@dataclass(frozen=True, slots=True)
class MetricSeries:
    """The values of consecutive periods from ``start`` (UTC, on a boundary of the period).

    ``None`` is a period for which CloudWatch, asked without error, has no datapoint. A period
    that has only begun is the last one.
    """

    start: datetime
    period_seconds: int
    values: tuple[float | None, ...]

    def points(self) -> Iterator[tuple[datetime, float | None]]:
        """Yields the beginning of each period and what was measured in it."""
        step = timedelta(seconds=self.period_seconds)
        for index, value in enumerate(self.values):
            yield self.start + index * step, value

    def between(self, start: datetime, end: datetime) -> tuple[float | None, ...]:
        """Returns the values of the periods that begin in [start, end)."""
        return self.values[self._index(start) : self._index(end)]

    def since(self, start: datetime) -> tuple[float | None, ...]:
        """Returns the values of the periods that begin at ``start`` or later."""
        return self.values[self._index(start) :]

    def _index(self, when: datetime) -> int:
        """Returns the index of the first period that does not begin before ``when``."""
        periods = -((self.start - when) // timedelta(seconds=self.period_seconds))
        return min(max(periods, 0), len(self.values))


Metrics = Mapping[MetricKey, Fact[MetricSeries]]

NOT_ASKED = Unread("GetMetricData", "The metric was not asked for.")


def series_of(metrics: Metrics, key: MetricKey) -> Fact[MetricSeries]:
    """Returns the series; a metric that nobody asked for is as unknown as one that failed."""
    return metrics.get(key, NOT_ASKED)


def metric_key(
    namespace: str,
    name: str,
    dimensions: Mapping[str, str],
    stat: str = "Sum",
    period_seconds: int = DAY,
) -> MetricKey:
    """Returns the key with its dimensions in order."""
    return MetricKey(namespace, name, tuple(sorted(dimensions.items())), stat, period_seconds)
