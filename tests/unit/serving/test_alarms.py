"""Alarms that can fire: metric, statistic, unit, threshold and dimensions."""

from decimal import Decimal

import boto3
import pytest
from botocore.validate import ParamValidator

from thriftline.serving.domain.alarms import (
    LEAST_WATCHED_SECONDS,
    AlarmWish,
    Champion,
    Fleet,
    alarm_names,
    alarms_of,
    left_out,
)
from thriftline.serving.domain.kinds import AlarmSettings, Kind

FLEET = Fleet("shop", "main", "shop-v2-aa")
CHAMPION = Champion(Decimal("0.01"), Decimal(20_000))
NEW_FLEET = (
    ("EndpointName", "shop"),
    ("VariantName", "main"),
    ("EndpointConfigName", "shop-v2-aa"),
)


def wishes(kind: Kind = Kind.REAL_TIME, **settings: object) -> dict[str, AlarmWish]:
    asked = AlarmSettings(**settings)  # type: ignore[arg-type]
    return {one.what: one for one in alarms_of(kind, FLEET, "d-1", asked, CHAMPION)}


def test_errors_are_a_share_of_the_new_fleets_requests() -> None:
    alarm = wishes()["server-errors"]
    # A request sends 1 or 0: only the average is a share, and no share is above 1.
    assert (alarm.metric, alarm.statistic) == ("Invocation5XXErrors", "Average")
    assert 0 < alarm.threshold < 1
    assert alarm.dimensions == NEW_FLEET


def test_model_errors_are_measured_against_the_champion() -> None:
    alarm = wishes(model_errors=Decimal("0.02"))["model-errors"]
    assert (alarm.metric, alarm.statistic) == ("InvocationModelErrors", "Average")
    assert alarm.threshold == pytest.approx(0.03)
    assert alarm.dimensions == NEW_FLEET


def test_latency_is_in_microseconds() -> None:
    alarm = wishes()["latency"]
    assert (alarm.metric, alarm.unit, alarm.threshold) == ("ModelLatency", "Microseconds", 30_000)
    assert "30.0 ms" in alarm.description


def test_an_unknown_latency_gives_no_alarm_and_says_so() -> None:
    settings = AlarmSettings()
    found = alarms_of(Kind.REAL_TIME, FLEET, "d-1", settings, None)
    assert "latency" not in {one.what for one in found}
    assert "No alarm on latency" in left_out(settings, None)[0]
    assert left_out(settings, CHAMPION) == ()


def test_abort_and_quality_are_metrics_of_our_own() -> None:
    found = wishes(quality=True)
    assert found["abort"].namespace == found["quality"].namespace == "Thriftline/Serving"
    assert found["abort"].dimensions == (("EndpointName", "shop"), ("DeploymentId", "d-1"))
    assert found["quality"].dimensions == NEW_FLEET[:2]
    # One data point is a person's word; a second one would never come.
    assert found["abort"].periods == found["quality"].periods == 1


def test_an_asynchronous_endpoint_has_an_alarm_on_what_it_publishes() -> None:
    found = wishes(Kind.ASYNCHRONOUS)
    assert found["failures"].metric == "InvocationFailures"
    metrics = {one.metric for one in found.values()}
    assert metrics.isdisjoint({"Invocations", "OverheadLatency", "InvocationsPerInstance"})


@pytest.mark.parametrize("kind", [Kind.REAL_TIME, Kind.ASYNCHRONOUS])
def test_cloudwatch_takes_every_one_and_the_periods_fit(kind: Kind) -> None:
    shape = (
        boto3.client("cloudwatch", region_name="us-east-1")
        .meta.service_model.operation_model("PutMetricAlarm")
        .input_shape
    )
    for one in wishes(kind, quality=True).values():
        asked = one.parameters
        assert not ParamValidator().validate(asked, shape).has_errors()
        assert asked["Period"] * asked["EvaluationPeriods"] < LEAST_WATCHED_SECONDS
        assert asked["TreatMissingData"] == "notBreaching"
        assert one.name.startswith("shop-d-1-")


def test_the_names_of_a_deployment_hold_those_of_the_person() -> None:
    found = alarms_of(Kind.REAL_TIME, FLEET, "d-1", AlarmSettings(), CHAMPION)
    assert alarm_names(found, ["pager"])[-1] == "pager"


def test_long_names_stay_within_cloudwatchs_limit() -> None:
    long = Fleet("e" * 300, "main", "c")
    found = alarms_of(Kind.REAL_TIME, long, "d-1", AlarmSettings(), CHAMPION)
    assert max(len(one.name) for one in found) <= 255
