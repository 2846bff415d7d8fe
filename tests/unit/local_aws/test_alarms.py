"""Alarms of moto's are evaluated on the service time, over what came in."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from moto.cloudwatch.models import (
    Dimension,
    Metric,
    MetricDataQuery,
    MetricStat,
    cloudwatch_backends,
)

from local_aws.clock import Clock
from local_aws.hooks import Hooks
from local_aws.services.alarms import Alarms
from local_aws.services.metric_store import MetricKey, MetricStore, StatisticSet
from local_aws.services.places import Places

START = datetime(2026, 11, 30, 12, tzinfo=UTC)
ACCOUNT, REGION = "123456789012", "us-east-1"
NAME = "errors"


class World:
    def __init__(self, rate: float = 1.0) -> None:
        self.real = START
        self.clock = Clock(lambda: self.real, rate=rate)
        self.metrics = Places(lambda account, region: MetricStore(account, region, self.clock))
        self.alarms = Alarms(self.clock, self.metrics)
        self.told: list[tuple[str, str]] = []
        self.backend = cloudwatch_backends[ACCOUNT][REGION]
        self.alarms.actions.announce = lambda _a, _r, detail, _n: self.told.append(
            (detail["previousState"]["value"], detail["state"]["value"])
        )

    def put(self, value: float, metric: str = "Errors", seconds_ago: float = 0) -> None:
        samples = StatisticSet()
        samples.add(total=value, count=1.0, low=value, high=value)
        samples.values.append((value, 1.0))
        key = MetricKey("Test", metric, frozenset())
        moment = self.clock.now() - timedelta(seconds=seconds_ago)
        self.metrics.at(ACCOUNT, REGION).put(key, moment, samples)

    def alarm(self, **more: Any) -> Any:
        asked = {
            "name": NAME,
            "namespace": "Test",
            "metric_name": "Errors",
            "comparison_operator": "GreaterThanThreshold",
            "evaluation_periods": 2,
            "period": 60,
            "threshold": 0.02,
            "statistic": "Average",
            "description": "",
            "dimensions": [],
            "alarm_actions": [],
            "treat_missing_data": "notBreaching",
        }
        return self.backend.put_metric_alarm(**{**asked, **more})

    def passes(self, seconds: float) -> None:
        self.clock.advance(timedelta(seconds=seconds))
        self.alarms.look()

    @property
    def state(self) -> str:
        return str(self.backend.alarms[NAME].state_value)

    def first_alarm(self, since: float, until: float) -> float | None:
        found = self.alarms.first_alarm(
            ACCOUNT,
            REGION,
            (NAME,),
            START + timedelta(seconds=since),
            START + timedelta(seconds=until),
        )
        return (found - START).total_seconds() if found else None


@pytest.fixture
def world() -> Iterator[World]:
    hooks = Hooks()
    cloudwatch_backends.reset()
    made = World()
    made.alarms.install(hooks)
    yield made
    made.alarms.close()
    hooks.undo()
    cloudwatch_backends.reset()


def test_an_alarm_has_no_state_until_it_was_looked_at(world: World) -> None:
    world.alarm()
    first = world.state
    world.passes(10)

    assert (first, world.state) == ("INSUFFICIENT_DATA", "OK")


def test_two_bad_minutes_in_a_row_alarm_and_good_ones_end_it(world: World) -> None:
    world.alarm()
    courses = []
    for value in (0.0, 0.5, 0.5, 0.0, 0.0, 0.0):
        world.put(value)
        world.passes(60)
        courses.append(world.state)

    assert courses == ["OK", "OK", "ALARM", "OK", "OK", "OK"]
    world.alarms.close()
    assert world.told == [("INSUFFICIENT_DATA", "OK"), ("OK", "ALARM"), ("ALARM", "OK")]


def test_the_average_of_a_minute_is_the_share_of_errors(world: World) -> None:
    world.alarm(evaluation_periods=1, threshold=0.5)
    for value in (1.0, 0.0, 0.0, 0.0):
        world.put(value)
    world.passes(60)
    quarter = world.state
    for value in (1.0, 1.0, 1.0, 0.0):
        world.put(value)
    world.passes(60)

    assert (quarter, world.state) == ("OK", "ALARM")


@pytest.mark.parametrize(
    ("statistic", "threshold", "expected"),
    [
        *(("Sum", 9.5, "ALARM"), ("Sum", 10.5, "OK")),
        *(("Maximum", 6.5, "ALARM"), ("Maximum", 7.5, "OK")),
        *(("Minimum", 0.5, "ALARM"), ("SampleCount", 3.5, "OK"), ("SampleCount", 2.5, "ALARM")),
    ],
)
def test_every_statistic(world: World, statistic: str, threshold: float, expected: str) -> None:
    world.alarm(evaluation_periods=1, statistic=statistic, threshold=threshold)
    for value in (1.0, 2.0, 7.0):
        world.put(value)
    world.passes(60)

    assert world.state == expected


def test_percentiles(world: World) -> None:
    world.alarm(evaluation_periods=1, statistic=None, extended_statistic="p90", threshold=50)
    for value in range(1, 101):
        world.put(float(value))
    world.passes(60)

    assert world.state == "ALARM"


def test_datapoints_to_alarm(world: World) -> None:
    world.alarm(evaluation_periods=3, datapoints_to_alarm=2)
    for value in (0.5, 0.0, 0.5):
        world.put(value)
        world.passes(60)

    assert world.state == "ALARM"


def test_a_state_that_is_set_lasts_until_the_next_look(world: World) -> None:
    world.alarm()
    world.passes(10)
    world.backend.set_alarm_state(NAME, "a test", "{}", "ALARM")
    set_to = world.state
    world.passes(10)

    assert (set_to, world.state) == ("ALARM", "OK")
    assert world.first_alarm(0, 100) == 10


def test_a_leap_of_the_clock_misses_no_alarm(world: World) -> None:
    world.alarm()
    world.put(0.9)
    world.passes(61)
    world.put(0.9)
    world.passes(24 * 3600)

    assert world.state == "OK"
    moment = world.first_alarm(0, 24 * 3600)
    assert moment is not None
    assert moment <= 180


def test_data_between_two_leaps_is_looked_at_where_it_came(world: World) -> None:
    world.alarm(evaluation_periods=1)
    world.clock.advance(timedelta(hours=10))
    world.put(0.9)
    world.passes(10 * 3600)

    moment = world.first_alarm(0, 20 * 3600)
    assert moment is not None
    assert 10 * 3600 < moment <= 10 * 3600 + 60
    assert world.state == "OK"


def test_an_alarm_that_alarms_already_is_one_at_once(world: World) -> None:
    world.alarm(evaluation_periods=1)
    world.put(0.9)
    world.passes(60)

    assert world.first_alarm(60, 60) == 60


def test_an_alarm_that_is_put_again_keeps_its_state(world: World) -> None:
    world.alarm(evaluation_periods=1)
    world.put(0.9)
    world.passes(60)
    world.alarm(evaluation_periods=1, threshold=0.03)

    assert world.state == "ALARM"
    assert world.first_alarm(61, 61) == 61


def test_the_time_scale_shortens_periods() -> None:
    hooks = Hooks()
    cloudwatch_backends.reset()
    world = World(rate=60)
    world.alarms.install(hooks)
    try:
        world.alarm()
        for _ in range(3):
            world.put(0.5)
            world.real += timedelta(seconds=1)
        world.alarms.look()
        assert world.state == "ALARM"
    finally:
        world.alarms.close()
        hooks.undo()


def test_an_expression_of_metrics(world: World) -> None:
    def query(name: str) -> MetricDataQuery:
        stat = MetricStat(Metric(name, "Test", []), "60", "Sum", "")
        return MetricDataQuery(name.lower(), name, "60", "false", metric_stat=stat)

    both = MetricDataQuery("sum", "", "60", "true", expression="FILL(a, 0) + FILL(b, 0)")
    world.alarm(
        evaluation_periods=1,
        threshold=3,
        metric_data_queries=[both, query("A"), query("B")],
        namespace=None,
        metric_name=None,
        statistic=None,
        period=None,
    )
    world.put(2, metric="A")
    world.passes(60)
    alone = world.state
    world.put(2, metric="A")
    world.put(2, metric="B")
    world.passes(60)

    assert (alone, world.state) == ("OK", "ALARM")


def test_a_band_around_what_is_usual(world: World) -> None:
    stat = MetricStat(Metric("Spend", "Test", [Dimension("a", "b")]), "60", "Maximum", "")
    stat.metric.dimensions = []
    world.alarm(
        evaluation_periods=1,
        threshold=None,
        threshold_metric_id="usual",
        comparison_operator="GreaterThanUpperThreshold",
        metric_data_queries=[
            MetricDataQuery(
                "usual", "", "60", "true", expression="ANOMALY_DETECTION_BAND(spend, 3)"
            ),
            MetricDataQuery("spend", "", "60", "true", metric_stat=stat),
        ],
        namespace=None,
        metric_name=None,
        statistic=None,
        period=None,
    )
    for value in (10.0, 11.0, 9.0, 10.0, 10.5, 10.0):
        world.put(value, metric="Spend")
        world.passes(60)
    usual = world.state
    world.put(100.0, metric="Spend")
    world.passes(60)

    assert (usual, world.state) == ("OK", "ALARM")


def test_what_is_not_evaluated_here_is_refused(world: World) -> None:
    search = MetricDataQuery("s", "", "60", "true", expression="SEARCH('x')")
    with pytest.raises(NotImplementedError, match="errors"):
        world.alarm(metric_data_queries=[search])
    with pytest.raises(NotImplementedError, match="ssm"):
        world.alarm(alarm_actions=["arn:aws:ssm:us-east-1:123456789012:opsitem:1"])
    assert NAME not in world.backend.alarms
