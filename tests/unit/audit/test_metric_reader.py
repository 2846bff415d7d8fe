"""Series are whole periods, each key has its own error, and no call is larger than AWS allows."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.audit.fake_cloudwatch import FakeClients, FakeCloudWatch, Pages, page, result
from thriftline.audit.aws.metric_reader import MAX_DATAPOINTS, MAX_QUERIES, read_metrics
from thriftline.audit.domain.facts import Unread
from thriftline.audit.domain.metrics import DAY, HOUR, MetricKey, Metrics, MetricSeries
from thriftline.audit.domain.use_signals import variant_metric

NOW = datetime(2026, 11, 21, 12, 30, tzinfo=UTC)
MIDNIGHT = NOW.replace(hour=0, minute=0)
Queries = Sequence[Mapping[str, Any]]


def key(index: int = 0, period: int = DAY) -> MetricKey:
    return variant_metric(f"endpoint-{index}", "blue", "Invocations", period_seconds=period)


def read(cloudwatch: FakeCloudWatch, *keys: MetricKey, now: datetime = NOW) -> Metrics:
    return read_metrics(
        FakeClients(cloudwatch),
        keys,
        daily_start=now - timedelta(days=30),
        hourly_start=now - timedelta(days=7),
        now=now,
    )


def silent(queries: Queries) -> Pages:
    return [page(*(result(query["Id"]) for query in queries))]


def one_page(*results: dict[str, Any]) -> FakeCloudWatch:
    return FakeCloudWatch(lambda _: [page(*results)])


def test_days_begin_at_midnight_and_today_is_the_last_of_them() -> None:
    points = {MIDNIGHT - timedelta(days=30): 5.0, MIDNIGHT - timedelta(days=1): 0.0, MIDNIGHT: 7.0}
    cloudwatch = one_page(result("m0", points))
    series = read(cloudwatch, key())[key()]
    assert series == MetricSeries(MIDNIGHT - timedelta(days=30), DAY, (5.0, *[None] * 28, 0.0, 7.0))
    (asked,) = cloudwatch.asked
    assert asked["StartTime"] == MIDNIGHT - timedelta(days=30)
    assert asked["EndTime"] == MIDNIGHT + timedelta(days=1)


def test_hours_begin_on_the_hour_and_the_present_one_is_the_last() -> None:
    series = read(FakeCloudWatch(silent), key(period=HOUR))[key(period=HOUR)]
    assert isinstance(series, MetricSeries)
    assert series.start == NOW.replace(minute=0) - timedelta(days=7)
    assert len(series.values) == 7 * 24 + 1


def test_at_midnight_sharp_today_has_begun() -> None:
    series = read(FakeCloudWatch(silent), key(), now=MIDNIGHT)[key()]
    assert isinstance(series, MetricSeries)
    assert series.start + timedelta(days=len(series.values)) == MIDNIGHT + timedelta(days=1)


def test_pages_of_one_metric_are_put_together() -> None:
    first = page(result("m0", {MIDNIGHT - timedelta(days=1): 3.0}, "PartialData"))
    second = page(result("m0", {MIDNIGHT: 4.0}))
    series = read(FakeCloudWatch(lambda _: [first, second]), key())[key()]
    assert isinstance(series, MetricSeries)
    assert series.values[-2:] == (3.0, 4.0)


@pytest.mark.parametrize("status", ["PartialData", "InternalError", "Forbidden"])
def test_a_metric_that_never_was_complete_is_unread_and_the_others_are_known(status: str) -> None:
    cloudwatch = one_page(
        result("m0", {MIDNIGHT: 9.0}, status, ("AccessDenied", "not yours")), result("m1")
    )
    metrics = read(cloudwatch, key(0), key(1))
    assert metrics[key(0)] == Unread("GetMetricData", f"{status}: AccessDenied: not yours")
    assert isinstance(metrics[key(1)], MetricSeries)


def test_what_was_forbidden_on_one_page_stays_so() -> None:
    pages = [page(result("m0", {}, "Forbidden", ("No", "no"))), page(result("m0"))]
    metrics = read(FakeCloudWatch(lambda _: pages), key())
    assert metrics[key()] == Unread("GetMetricData", "Forbidden: No: no")


def test_an_internal_error_that_a_later_page_mends_is_none() -> None:
    pages = [page(result("m0", {}, "InternalError")), page(result("m0", {MIDNIGHT: 1.0}))]
    series = read(FakeCloudWatch(lambda _: pages), key())[key()]
    assert isinstance(series, MetricSeries)
    assert series.values[-1] == 1.0


def test_a_metric_without_an_answer_is_not_silent() -> None:
    assert isinstance(read(one_page(result("m1")), key(0), key(1))[key(0)], Unread)


def test_an_error_of_a_call_is_that_of_its_keys_and_of_no_other() -> None:
    def answer(queries: Queries) -> Pages:
        names = [query["MetricStat"]["Metric"]["Dimensions"][0]["Value"] for query in queries]
        if "endpoint-0" in names:
            raise ClientError({"Error": {"Code": "ValidationError", "Message": "no"}}, "x")
        return silent(queries)

    keys = [key(index) for index in range(MAX_QUERIES + 1)]
    metrics = read(FakeCloudWatch(answer), *keys)
    assert metrics[keys[0]] == Unread("GetMetricData", "ValidationError: no")
    assert sum(isinstance(one, Unread) for one in metrics.values()) == MAX_QUERIES
    assert isinstance(metrics[keys[-1]], MetricSeries)


def test_a_call_that_breaks_off_between_pages_leaves_all_of_its_keys_unread() -> None:
    def answer(queries: Queries) -> Any:
        yield page(result("m0", {MIDNIGHT: 1.0}))
        raise ClientError({"Error": {"Code": "InternalServiceFault", "Message": "x"}}, "x")

    metrics = read(FakeCloudWatch(answer), key(0), key(1))
    assert {type(one) for one in metrics.values()} == {Unread}


def test_a_key_is_asked_once_however_often_it_is_needed() -> None:
    cloudwatch = FakeCloudWatch(silent)
    assert len(read(cloudwatch, key(), key(), key())) == 1
    (asked,) = cloudwatch.asked
    assert len(asked["MetricDataQueries"]) == 1


def test_nothing_is_asked_when_nothing_is_needed() -> None:
    cloudwatch = FakeCloudWatch(silent)
    assert read(cloudwatch) == {}
    assert cloudwatch.asked == []


@given(count=st.integers(1, 1100), days=st.integers(1, 120), hourly=st.booleans())
def test_no_call_has_more_queries_or_datapoints_than_aws_allows(
    count: int, days: int, hourly: bool
) -> None:
    cloudwatch = FakeCloudWatch(silent)
    period = HOUR if hourly else DAY
    keys = [key(index, period) for index in range(count)]
    start = NOW - timedelta(days=days)
    metrics = read_metrics(
        FakeClients(cloudwatch), keys, daily_start=start, hourly_start=start, now=NOW
    )
    assert list(metrics) == keys
    for asked in cloudwatch.asked:
        queries = len(asked["MetricDataQueries"])
        periods = (asked["EndTime"] - asked["StartTime"]) // timedelta(seconds=period)
        assert queries <= MAX_QUERIES
        assert queries * periods <= MAX_DATAPOINTS
        assert asked["EndTime"] > NOW


@given(
    start_hours=st.integers(1, 900),
    values=st.dictionaries(st.integers(0, 40), st.floats(0, 1e9), max_size=20),
)
def test_a_value_stands_at_the_day_that_it_was_measured_on(
    start_hours: int, values: dict[int, float]
) -> None:
    start = NOW - timedelta(hours=start_hours)
    first = start.replace(hour=0, minute=0)
    points = {first + timedelta(days=day): value for day, value in values.items()}
    metrics = read_metrics(
        FakeClients(one_page(result("m0", points))),
        [key()],
        daily_start=start,
        hourly_start=start,
        now=NOW,
    )
    series = metrics[key()]
    assert isinstance(series, MetricSeries)
    for when, value in series.points():
        assert value == points.get(when)
