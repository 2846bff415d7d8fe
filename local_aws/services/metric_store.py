"""Metrics as CloudWatch keeps them: a statistic of a metric with exactly these dimensions."""

import math
import re
from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from local_aws.clock import Clock

Dimensions = frozenset[tuple[str, str]]
_KEPT = timedelta(days=455)
_PERCENTILE = re.compile(r"p(\d{1,2}(\.\d{1,10})?|100)")
# What is zero together, where no sample is negative: as all that AWS measures is.
_ZERO_TOGETHER = ("Sum", "Maximum", "Average")
_MEASURED_BY_AWS = ("AWS/", "/aws/")
# Alarms look at samples as they came, by the service time, in parts of this many seconds.
FINE_SECONDS = 10
_FINE_KEPT = int(timedelta(days=7) / timedelta(seconds=FINE_SECONDS))


class StatisticUnknownError(Exception):
    """CloudWatch would answer, and what is known of the metric does not tell this statistic."""

    def __init__(self, name: str, stat: str, known: Iterable[str]) -> None:
        """Name the metric, what was asked, and what is known instead."""
        told = ", ".join(sorted(known)) or "nothing"
        super().__init__(
            f"The embedded AWS cannot work out {stat} of {name} from {told}: "
            f"give it in the account file, or ask for what is there."
        )


@dataclass(frozen=True)
class MetricKey:
    """What CloudWatch takes for one metric."""

    namespace: str
    name: str
    dimensions: Dimensions


@dataclass
class StatisticSet:
    """What was put into one minute; `values` with how often each came."""

    values: list[tuple[float, float]] = field(default_factory=list)
    total: float = 0.0
    count: float = 0.0
    low: float = math.inf
    high: float = -math.inf

    def add(self, *, total: float, count: float, low: float, high: float) -> None:
        """Take in a set of samples."""
        self.total += total
        self.count += count
        self.low, self.high = min(self.low, low), max(self.high, high)

    def merge(self, other: "StatisticSet") -> None:
        """Take in another minute."""
        self.add(total=other.total, count=other.count, low=other.low, high=other.high)
        self.values += other.values

    def statistic(self, stat: str) -> float | None:
        """Return a statistic by CloudWatch's name; None where the samples do not tell it."""
        plain = {
            "Sum": self.total,
            "SampleCount": self.count,
            "Minimum": self.low,
            "Maximum": self.high,
            "Average": self.total / self.count,
        }
        return plain[stat] if stat in plain else self._percentile(stat)

    def _percentile(self, stat: str) -> float | None:
        known = sum(count for _, count in self.values)
        # Of a statistic set the single values are not known.
        if not _PERCENTILE.fullmatch(stat) or known < self.count:
            return None
        rank = float(stat.removeprefix("p")) / 100 * known
        reached = 0.0
        for value, count in sorted(self.values):
            reached += count
            if reached >= rank:
                return value
        return None


class MetricPoints:
    """One statistic over time, as an account file gives it: epoch seconds and values, sorted."""

    def __init__(self, points: Iterable[tuple[float, float]]) -> None:
        ordered = sorted(points)
        self.times = array("d", (time for time, _ in ordered))
        self.values = array("d", (value for _, value in ordered))

    def between(self, start: float, end: float) -> Sequence[tuple[float, float]]:
        """Return the points from `start` to before `end`."""
        low, high = bisect_left(self.times, start), bisect_left(self.times, end)
        return list(zip(self.times[low:high], self.values[low:high], strict=True))


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)


# Of a percentile's parts no percentile of the whole follows: the largest is its upper bound.
_TOGETHER: Mapping[str, Callable[[Sequence[float]], float]] = {
    "Sum": math.fsum,
    "SampleCount": math.fsum,
    "Minimum": min,
    "Maximum": max,
    "Average": _mean,
}


class Series:
    """Everything known of one metric: statistics out of a file, and samples that were put."""

    def __init__(self, name: str = "", namespace: str = "AWS/") -> None:
        self.given: dict[str, MetricPoints] = {}
        self.put: dict[int, StatisticSet] = {}
        self.fine: dict[int, StatisticSet] = {}
        self._name = name
        self._never_negative = namespace.startswith(_MEASURED_BY_AWS)

    def statistics(
        self, stat: str, start: float, end: float, period: int
    ) -> list[tuple[float, float]]:
        """Return (epoch seconds, value) of each period from `start` that has data, in order.

        Raises:
            StatisticUnknownError: there is data that does not tell this statistic.
        """
        return self._together(stat, start, end, period, self._samples(start, end, period))

    def recent(self, stat: str, start: float, end: float, period: int) -> list[tuple[float, float]]:
        """Return the same by the service time; `start` and `end` are whole parts of it.

        Raises:
            StatisticUnknownError: there is data that does not tell this statistic.
        """
        found: dict[int, StatisticSet] = {}
        for part in range(int(start) // FINE_SECONDS, int(end) // FINE_SECONDS):
            if samples := self.fine.get(part):
                index = int((part * FINE_SECONDS - start) // period)
                found.setdefault(index, StatisticSet()).merge(samples)
        return self._together(stat, start, end, period, found)

    def keep_fine(self, moment: float, samples: StatisticSet) -> None:
        """Add samples to the part of an instant of the service time."""
        if len(self.fine) >= _FINE_KEPT:
            for part in sorted(self.fine)[: _FINE_KEPT // 2]:
                del self.fine[part]
        self.fine.setdefault(int(moment // FINE_SECONDS), StatisticSet()).merge(samples)

    def _together(
        self,
        stat: str,
        start: float,
        end: float,
        period: int,
        samples_of: Mapping[int, StatisticSet],
    ) -> list[tuple[float, float]]:
        buckets: dict[int, list[float]] = {}
        for time, value in self._told(stat, start, end):
            buckets.setdefault(int((time - start) // period), []).append(value)
        for index, samples in samples_of.items():
            value_of = samples.statistic(stat)
            if value_of is None:
                raise StatisticUnknownError(self._name, stat, ("statistic sets",))
            buckets.setdefault(index, []).append(value_of)
        together = _TOGETHER.get(stat, max)
        return [
            (start + index * period, together(values)) for index, values in sorted(buckets.items())
        ]

    def _told(self, stat: str, start: float, end: float) -> Iterator[tuple[float, float]]:
        """Yield what the file gives of a statistic, or what follows from what it gives."""
        if stat in self.given:
            yield from self.given[stat].between(start, end)
            return
        known = {name: dict(points.between(start, end)) for name, points in self.given.items()}
        for time in sorted({time for points in known.values() for time in points}):
            at_once = {name: points[time] for name, points in known.items() if time in points}
            value = _derived(stat, at_once, zeros=self._never_negative)
            if value is None:
                raise StatisticUnknownError(self._name, stat, self.given)
            yield time, value

    def _samples(self, start: float, end: float, period: int) -> dict[int, StatisticSet]:
        found: dict[int, StatisticSet] = {}
        for time, samples in self.put.items():
            if start <= time < end:
                found.setdefault(int((time - start) // period), StatisticSet()).merge(samples)
        return found

    def latest(self) -> float:
        """Return when the last data came, in epoch seconds."""
        ends = [points.times[-1] for points in self.given.values() if points.times]
        return max([*ends, *self.put], default=-math.inf)


def _derived(stat: str, given: Mapping[str, float], *, zeros: bool) -> float | None:
    """Return a statistic of one period from others of the same period, None if it is open."""
    total, count, mean = (given.get(name) for name in ("Sum", "SampleCount", "Average"))
    if stat == "Average" and total is not None and count:
        return total / count
    if stat == "Sum" and mean is not None and count is not None:
        return mean * count
    if stat == "SampleCount" and total is not None and mean:
        return total / mean
    if zeros and stat != "SampleCount" and any(given.get(name) == 0 for name in _ZERO_TOGETHER):
        return 0.0
    return None


@dataclass(frozen=True)
class ReadError:
    """Metrics whose reading fails: those of a namespace that have these dimensions."""

    namespace: str
    dimensions: Dimensions
    code: str

    def meets(self, key: MetricKey) -> bool:
        """Whether reading a metric fails."""
        return self.namespace == key.namespace and self.dimensions <= key.dimensions


class MetricStore:
    """The metrics of one account and region."""

    def __init__(self, _account: str = "", _region: str = "", clock: Clock | None = None) -> None:
        self._clock = clock or Clock()
        self.series: dict[MetricKey, Series] = {}
        self.errors: list[ReadError] = []

    def give(self, key: MetricKey, stat: str, points: Iterable[tuple[float, float]]) -> None:
        """Set a statistic of a metric out of an account file."""
        self._of(key).given[stat] = MetricPoints(points)

    def put(self, key: MetricKey, moment: datetime, samples: StatisticSet) -> None:
        """Add samples to the minute of `moment`."""
        minute = int(moment.timestamp() // 60 * 60)
        series = self._of(key)
        series.put.setdefault(minute, StatisticSet()).merge(samples)
        came = self._clock.service_time() - (self._clock.now() - moment)
        series.keep_fine(came.timestamp(), samples)

    def _of(self, key: MetricKey) -> Series:
        return self.series.setdefault(key, Series(key.name, key.namespace))

    def read(
        self, key: MetricKey, stat: str, start: datetime, end: datetime, period: int, now: datetime
    ) -> list[tuple[datetime, float]]:
        """Return the statistic of each period that has data.

        Fine periods are kept for a while only, so a request that starts before that finds nothing;
        periods are counted from `start`, rounded down as CloudWatch does.

        Raises:
            StatisticUnknownError: there is data that does not tell this statistic.
        """
        series = self.series.get(key)
        age = now - start
        if series is None or period % finest_period(age):
            return []
        rounding = max(60, finest_period(age))
        first = max(start, now - _KEPT).timestamp() // rounding * rounding
        found = series.statistics(stat, first, end.timestamp(), period)
        return [(datetime.fromtimestamp(time, start.tzinfo), value) for time, value in found]

    def recent(
        self, key: MetricKey, stat: str, start: datetime, end: datetime, period: int
    ) -> list[tuple[datetime, float]]:
        """Return the statistic of each period that has data, by the service time.

        `start` and `end` are whole parts of `FINE_SECONDS`.

        Raises:
            StatisticUnknownError: there is data that does not tell this statistic.
        """
        series = self.series.get(key)
        if series is None:
            return []
        found = series.recent(stat, start.timestamp(), end.timestamp(), period)
        return [(datetime.fromtimestamp(time, start.tzinfo), value) for time, value in found]

    def came_since(self, key: MetricKey, since: datetime) -> list[datetime]:
        """Return the parts of the service time after `since` in which data came in."""
        series = self.series.get(key)
        first = since.timestamp() // FINE_SECONDS
        parts = [part for part in list(series.fine) if part >= first] if series else []
        return [datetime.fromtimestamp(part * FINE_SECONDS, since.tzinfo) for part in parts]

    def error(self, key: MetricKey) -> str | None:
        """Return the error that reading a metric meets, if any."""
        return next((each.code for each in self.errors if each.meets(key)), None)


def finest_period(age: timedelta) -> int:
    """Return the shortest period, in seconds, of data as old as `age`."""
    if age > timedelta(days=63):
        return 3600
    if age > timedelta(days=15):
        return 300
    return 60 if age > timedelta(hours=3) else 1
