"""What an alarm of moto's looks at: one metric, an expression of several, or a band around one."""

import math
import re
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from local_aws.services import alarm_expressions as expressions
from local_aws.services.alarm_rules import Rule
from local_aws.services.metric_store import MetricKey, MetricStore

_BAND = re.compile(r"ANOMALY_DETECTION_BAND\(\s*(\w+)\s*(?:,\s*([\d.]+)\s*)?\)")
_BAND_SPAN = timedelta(days=14)
# Of fewer values a deviation says nothing.
_LEAST_OF_BAND = 3


@dataclass(frozen=True)
class Measure:
    """A statistic of one metric."""

    key: MetricKey
    stat: str
    period: int

    def values(self, store: MetricStore, end: datetime, periods: int) -> list[float | None]:
        """Return the value of each of so many periods before `end`, the latest last.

        Raises:
            StatisticUnknownError: there is data that does not tell this statistic.
        """
        step = timedelta(seconds=self.period)
        start = end - periods * step
        found = dict(store.recent(self.key, self.stat, start, end, self.period))
        return [found.get(start + number * step) for number in range(periods)]

    def band(self, store: MetricStore, now: datetime, width: float) -> float | None:
        """Return the upper edge of what is usual: the mean and so many deviations."""
        step = timedelta(seconds=self.period)
        points = store.read(self.key, self.stat, now - _BAND_SPAN, now - step, self.period, now)
        values = [value for _, value in points]
        if len(values) < _LEAST_OF_BAND:
            return None
        return statistics.fmean(values) + width * statistics.stdev(values)


class Watched:
    """What one alarm looks at.

    Raises:
        ExpressionNotDoneError: it is not evaluated here.
    """

    def __init__(self, alarm: Any) -> None:
        self._measures: dict[str, Measure] = {}
        self._expression: Any = None
        self._band: tuple[str, float] | None = None
        if alarm.metric_data_queries:
            self._of_queries(alarm)
        else:
            dimensions = frozenset((each.name, each.value) for each in alarm.dimensions)
            key = MetricKey(alarm.namespace, alarm.metric_name, dimensions)
            stat = alarm.statistic or alarm.extended_statistic
            self._measures["m"] = Measure(key, stat, int(alarm.period))
            self._expression = expressions.parse("m")
        self.period = max(each.period for each in self._measures.values())
        self._alarm = alarm

    def _of_queries(self, alarm: Any) -> None:
        main = None
        for query in alarm.metric_data_queries:
            if query.metric_stat is not None:
                self._measures[query.id] = _measure(query)
            if band := _BAND.fullmatch((query.expression or "").strip()):
                self._band = (band[1], float(band[2] or 2))
            elif query.expression or str(query.return_data).lower() != "false":
                main = query
        if main is None or not self._measures:
            raise expressions.ExpressionNotDoneError("an alarm needs a metric that returns data")
        self._expression = expressions.parse(main.expression or main.id)

    def rule(self, store: MetricStore, now: datetime) -> Rule | None:
        """Return when it alarms; None as long as nobody knows what is usual."""
        alarm = self._alarm
        threshold = alarm.threshold
        if self._band is not None:
            name, width = self._band
            threshold = self._measures[name].band(store, now, width)
        if threshold is None:
            return None
        periods = int(alarm.evaluation_periods)
        return Rule(
            comparison=alarm.comparison_operator,
            threshold=float(threshold),
            periods=periods,
            datapoints=int(alarm.datapoints_to_alarm or periods),
            missing=alarm.treat_missing_data or "missing",
        )

    def values(self, store: MetricStore, end: datetime, periods: int) -> Sequence[float | None]:
        """Return the value of each of so many periods before `end`, the latest last."""
        known: Mapping[str, list[float | None]] = {
            name: each.values(store, end, periods) for name, each in self._measures.items()
        }
        return [
            expressions.evaluate(
                self._expression, {name: values[number] for name, values in known.items()}
            )
            for number in range(periods)
        ]

    def data_since(self, store: MetricStore, since: datetime) -> list[datetime]:
        """Return when data came in after an instant of the service time, in order."""
        found = [store.came_since(each.key, since) for each in self._measures.values()]
        return sorted({moment for moments in found for moment in moments})


def _measure(query: Any) -> Measure:
    wanted = query.metric_stat
    dimensions = frozenset((each.name, each.value) for each in wanted.metric.dimensions)
    key = MetricKey(wanted.metric.namespace, wanted.metric.metric_name, dimensions)
    return Measure(key, wanted.stat, int(wanted.period))


def window_end(moment: datetime, period: int) -> datetime:
    """Return the end of the last whole period: to the minute, or to 10 s where that is finer."""
    grain = 60 if period >= 60 else 10
    return datetime.fromtimestamp(math.floor(moment.timestamp() / grain) * grain, moment.tzinfo)
