"""CloudWatch's metrics, five hundred in a call, each with its own error."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

from thriftline.audit.aws.collectors.reading import Answer, attempt
from thriftline.audit.domain.facts import Fact, Unread
from thriftline.audit.domain.metrics import DAY, MetricKey, Metrics, MetricSeries
from thriftline.core.aws.target_clients import TargetClients
from thriftline.core.dataclass import dataclass

OPERATION = "GetMetricData"
# The limits of one call: queries, and datapoints of a page.
MAX_QUERIES = 500
MAX_DATAPOINTS = 100_800
# CloudWatch takes fifty calls a second, and each of ours is large.
_WORKERS = 8


@dataclass(frozen=True, slots=True)
class _Span:
    """Whole periods from ``start``; the last of them holds the present instant."""

    start: datetime
    period_seconds: int
    periods: int

    @property
    def end(self) -> datetime:
        """The end of the last period, which may lie in the future."""
        return self.start + timedelta(seconds=self.period_seconds * self.periods)


@dataclass(frozen=True, slots=True)
class _Batch:
    """The keys of one call, all over the same span."""

    keys: Sequence[MetricKey]
    span: _Span


def read_metrics(
    clients: TargetClients,
    keys: Iterable[MetricKey],
    *,
    daily_start: datetime,
    hourly_start: datetime,
    now: datetime,
) -> Metrics:
    """Returns the series of every key, or why it could not be read; each is asked once.

    Series of a day or more begin on the UTC midnight of ``daily_start``, shorter ones on the
    period of ``hourly_start``; both reach to the period that ``now`` is in.
    """
    by_period: dict[int, dict[MetricKey, None]] = defaultdict(dict)
    for key in keys:
        by_period[key.period_seconds][key] = None
    batches = [
        batch
        for period, some in by_period.items()
        for batch in _batches(
            tuple(some), _span(daily_start if period >= DAY else hourly_start, now, period)
        )
    ]
    if not batches:
        return {}
    client = attempt(OPERATION, lambda: clients.client("cloudwatch"))
    if isinstance(client, Unread):
        return {key: client for batch in batches for key in batch.keys}
    metrics: dict[MetricKey, Fact[MetricSeries]] = {}
    with ThreadPoolExecutor(_WORKERS) as pool:
        for read in pool.map(lambda batch: _read(client, batch), batches):
            metrics.update(read)
    return metrics


def _span(start: datetime, now: datetime, period: int) -> _Span:
    # The epoch began at midnight, so its multiples of a day are midnights.
    first = int(start.timestamp()) // period * period
    periods = max(0, (int(now.timestamp()) - first) // period) + 1
    return _Span(datetime.fromtimestamp(first, now.tzinfo), period, periods)


def _batches(keys: Sequence[MetricKey], span: _Span) -> Iterator[_Batch]:
    """Cuts keys into calls whose datapoints fit into one page."""
    size = max(1, min(MAX_QUERIES, MAX_DATAPOINTS // span.periods))
    for start in range(0, len(keys), size):
        yield _Batch(keys[start : start + size], span)


def _read(client: Any, batch: _Batch) -> Mapping[MetricKey, Fact[MetricSeries]]:
    results = attempt(OPERATION, lambda: _results(client, batch))
    if isinstance(results, Unread):
        return dict.fromkeys(batch.keys, results)
    return {
        key: _series(results.get(_id(index)), batch.span) for index, key in enumerate(batch.keys)
    }


@dataclass(slots=True)
class _Result:
    """What the pages say of one query; only the last page's status counts."""

    values: list[float | None]
    status: str = ""
    messages: str = ""


def _results(client: Any, batch: _Batch) -> Mapping[str, _Result]:
    results: dict[str, _Result] = {}
    pages = client.get_paginator("get_metric_data").paginate(
        MetricDataQueries=[_query(index, key) for index, key in enumerate(batch.keys)],
        StartTime=batch.span.start,
        EndTime=batch.span.end,
        ScanBy="TimestampAscending",
    )
    for page in pages:
        for answer in page["MetricDataResults"]:
            if answer["Id"] not in results:
                results[answer["Id"]] = _Result([None] * batch.span.periods)
            _take(answer, results[answer["Id"]], batch.span)
    return results


def _take(answer: Answer, result: _Result, span: _Span) -> None:
    begin = span.start.timestamp()
    for when, value in zip(answer.get("Timestamps", ()), answer.get("Values", ()), strict=True):
        index = int(when.timestamp() - begin) // span.period_seconds
        if 0 <= index < span.periods:
            result.values[index] = value
    # A metric that was refused on one page stays refused.
    if result.status != "Forbidden":
        result.status = answer.get("StatusCode", "")
        texts = (f"{one.get('Code')}: {one.get('Value')}" for one in answer.get("Messages", ()))
        result.messages = "; ".join(texts)


def _series(result: _Result | None, span: _Span) -> Fact[MetricSeries]:
    if result is None:
        return Unread(OPERATION, "CloudWatch did not answer for this metric.")
    if result.status != "Complete":
        return Unread(OPERATION, f"{result.status or 'no status'}: {result.messages}".rstrip(": "))
    return MetricSeries(span.start, span.period_seconds, tuple(result.values))


def _id(index: int) -> str:
    return f"m{index}"


def _query(index: int, key: MetricKey) -> dict[str, Any]:
    return {
        "Id": _id(index),
        "MetricStat": {
            "Metric": {
                "Namespace": key.namespace,
                "MetricName": key.name,
                "Dimensions": [{"Name": name, "Value": value} for name, value in key.dimensions],
            },
            "Period": key.period_seconds,
            "Stat": key.stat,
        },
    }
