import math
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_aws.services.metric_store import (
    MetricKey,
    MetricStore,
    Series,
    StatisticSet,
    StatisticUnknownError,
    finest_period,
)

NOW = datetime(2025, 11, 3, 12, tzinfo=UTC)
KEY = MetricKey("AWS/SageMaker", "Invocations", frozenset({("EndpointName", "e")}))
DAY = 86_400


def samples(*values: float) -> StatisticSet:
    found = StatisticSet()
    for value in values:
        found.add(total=value, count=1.0, low=value, high=value)
        found.values.append((value, 1.0))
    return found


points = st.dictionaries(
    st.integers(min_value=0, max_value=100), st.floats(min_value=0, max_value=1e6), max_size=40
)


@given(points=points, start=st.integers(0, 60), length=st.integers(1, 60), period=st.integers(1, 9))
def test_sums_of_periods_add_up_to_the_sum_of_the_window(
    points: dict[int, float], start: int, length: int, period: int
) -> None:
    store, end = MetricStore(), start + length
    store.give(KEY, "Sum", ((float(time), value) for time, value in points.items()))

    found = store.series[KEY].statistics("Sum", start, end, period)

    inside = [value for time, value in points.items() if start <= time < end]
    assert math.fsum(value for _, value in found) == pytest.approx(math.fsum(inside))
    assert all((time - start) % period == 0 and start <= time < end for time, _ in found)
    assert len(found) == len({(time - start) // period for time in points if start <= time < end})


@given(values=st.lists(st.floats(0, 1e6), min_size=1, max_size=30))
def test_samples_have_the_statistics_of_their_values(values: list[float]) -> None:
    found = samples(*values)

    assert found.statistic("Sum") == pytest.approx(math.fsum(values))
    assert found.statistic("SampleCount") == len(values)
    assert found.statistic("Average") == pytest.approx(math.fsum(values) / len(values))
    assert (found.statistic("Minimum"), found.statistic("Maximum")) == (min(values), max(values))
    assert found.statistic("p100") == max(values)
    assert sum(value <= (found.statistic("p50") or 0) for value in values) >= len(values) / 2


def test_a_percentile_of_samples_that_were_only_summed_is_not_known() -> None:
    found = StatisticSet()
    found.add(total=10, count=2, low=4, high=6)

    assert found.statistic("p50") is None


def test_averages_follow_from_sums_and_counts() -> None:
    store = MetricStore()
    store.give(KEY, "Sum", [(0.0, 10.0), (60.0, 30.0)])
    store.give(KEY, "SampleCount", [(0.0, 2.0), (60.0, 3.0)])

    assert store.series[KEY].statistics("Average", 0, 120, 60) == [(0, 5.0), (60, 10.0)]


@pytest.mark.parametrize(
    ("given_stats", "asked", "value"),
    [
        ({"Sum": 10.0, "SampleCount": 4.0}, "Average", 2.5),
        ({"Average": 2.5, "SampleCount": 4.0}, "Sum", 10.0),
        ({"Sum": 10.0, "Average": 2.5}, "SampleCount", 4.0),
        # Nothing that AWS measures is negative: all of a zero sum is zero.
        ({"Sum": 0.0}, "Maximum", 0.0),
        ({"Maximum": 0.0}, "Average", 0.0),
        ({"Average": 0.0}, "p99", 0.0),
    ],
)
def test_a_statistic_follows_from_others(
    given_stats: dict[str, float], asked: str, value: float
) -> None:
    store = MetricStore()
    for stat, each in given_stats.items():
        store.give(KEY, stat, [(0.0, each)])

    assert store.series[KEY].statistics(asked, 0, 60, 60) == [(0, value)]


@pytest.mark.parametrize(
    ("stat", "value", "asked"),
    [
        ("Sum", 10.0, "Average"),
        ("Average", 3.0, "Sum"),
        ("Maximum", 3.0, "p99"),
        ("Sum", 0.0, "SampleCount"),
        ("Minimum", 0.0, "Maximum"),
    ],
)
def test_a_statistic_that_does_not_follow_is_refused_and_never_without_data(
    stat: str, value: float, asked: str
) -> None:
    store = MetricStore()
    store.give(KEY, stat, [(0.0, value)])

    with pytest.raises(StatisticUnknownError, match=rf"{asked} of Invocations from {stat}"):
        store.series[KEY].statistics(asked, 0, 60, 60)
    assert store.series[KEY].statistics(asked, 60, 120, 60) == []


def test_own_metrics_may_be_negative_so_a_zero_sum_says_nothing_of_its_samples() -> None:
    store, own = MetricStore(), MetricKey("Mine", "Balance", frozenset())
    store.give(own, "Sum", [(0.0, 0.0)])

    with pytest.raises(StatisticUnknownError):
        store.series[own].statistics("Maximum", 0, 60, 60)


@pytest.mark.parametrize("stat", ["p50", "TM(10%:90%)", "IQM", "p101"])
def test_put_samples_that_do_not_tell_a_statistic_are_refused(stat: str) -> None:
    store = MetricStore()
    summed = StatisticSet()
    summed.add(total=10, count=2, low=4, high=6)
    store.put(KEY, NOW, summed)

    with pytest.raises(StatisticUnknownError):
        store.read(KEY, stat, NOW, NOW + timedelta(minutes=1), 60, NOW)


def test_nothing_is_known_of_a_metric_that_is_not_there() -> None:
    assert MetricStore().read(KEY, "Sum", NOW - timedelta(days=1), NOW, DAY, NOW) == []
    assert Series().latest() == -math.inf


@pytest.mark.parametrize(
    ("age", "period"),
    [
        (timedelta(hours=1), 1),
        (timedelta(hours=4), 60),
        (timedelta(days=16), 300),
        (timedelta(days=64), 3600),
    ],
)
def test_old_data_is_kept_in_longer_periods(age: timedelta, period: int) -> None:
    assert finest_period(age) == period


def test_data_older_than_fifteen_months_is_gone() -> None:
    store = MetricStore()
    old, young = NOW - timedelta(days=460), NOW - timedelta(days=450)
    store.give(KEY, "Sum", [(old.timestamp(), 1.0), (young.timestamp(), 2.0)])

    found = store.read(KEY, "Sum", NOW - timedelta(days=500), NOW, 365 * DAY, NOW)

    assert [value for _, value in found] == [2.0]


def test_what_is_put_in_one_minute_is_one_set() -> None:
    store = MetricStore()
    for second in (1, 30, 59):
        store.put(KEY, NOW + timedelta(seconds=second), samples(float(second)))
    store.put(KEY, NOW + timedelta(seconds=60), samples(1000.0))

    found = store.read(KEY, "Sum", NOW, NOW + timedelta(minutes=2), 60, NOW)

    assert [value for _, value in found] == [90.0, 1000.0]
