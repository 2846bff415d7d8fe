"""What Application Auto Scaling is asked for: targets, steps from none, bounds by the clock."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thriftline.core.waking_hours import WakingHours
from thriftline.serving.domain.kinds import Kind, Scaling, ServingWish
from thriftline.serving.domain.scaling import (
    COPY_COUNT,
    VARIANT_COUNT,
    invocations_target,
    measured_requests_per_second,
    scaling_plan,
)

WORKDAYS = WakingHours.of("Europe/Berlin", "0 7 ? * MON-FRI *", "0 19 ? * MON-FRI *")


def _wish(kind: Kind = Kind.REAL_TIME, **scaling: object) -> ServingWish:
    values = {"min": 1, "max": 4, "requests_per_second": Decimal(20), **scaling}
    return ServingWish(kind=kind, scaling=Scaling(**values))  # type: ignore[arg-type]


def test_the_target_is_half_of_what_an_instance_takes_in_a_minute() -> None:
    plan = scaling_plan(_wish(), "chat")
    assert plan is not None
    assert (plan.resource_id, plan.dimension) == ("endpoint/chat/variant/main", VARIANT_COUNT)
    (policy,) = plan.policies
    assert policy.configuration["TargetValue"] == 600
    assert policy.configuration["PredefinedMetricSpecification"] == {
        "PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"
    }


def test_a_measurement_stands_in_for_what_nobody_said_and_nothing_is_guessed() -> None:
    measured = scaling_plan(_wish(requests_per_second=None), "chat", Decimal(10))
    unknown = scaling_plan(_wish(requests_per_second=None), "chat")
    assert measured is not None
    assert unknown is not None
    assert measured.policies[0].configuration["TargetValue"] == 300
    assert unknown.policies == ()
    assert "scaling.requests_per_second" in unknown.notes[0]


def test_what_was_measured_is_the_least_that_an_instance_can_do() -> None:
    assert measured_requests_per_second(Decimal("0.05"), Decimal(600)) == 20
    assert measured_requests_per_second(Decimal("0.05"), Decimal(3000)) == 50
    assert measured_requests_per_second(None, None) is None
    assert measured_requests_per_second(Decimal(0), None) is None


@given(st.decimals(Decimal("0.01"), 10_000, places=2))
def test_there_is_another_instance_before_one_is_full(rate: Decimal) -> None:
    assert 0 < invocations_target(rate) < rate * 60


def test_an_instance_that_takes_nothing_has_no_target() -> None:
    with pytest.raises(ValueError, match="no request"):
        invocations_target(Decimal(0))


def test_a_component_at_none_wakes_at_the_first_request() -> None:
    plan = scaling_plan(_wish(Kind.COMPONENT, to_zero=True, min=0), "chat")
    assert plan is not None
    assert (plan.resource_id, plan.dimension) == ("inference-component/chat-model", COPY_COUNT)
    assert (plan.minimum, plan.maximum) == (0, 4)
    wake = plan.policies[-1]
    assert wake.alarm is not None
    assert wake.alarm["MetricName"] == "NoCapacityInvocationFailures"
    # One request is a Sum of 1: greater than 1 would leave it alone for good.
    assert (wake.alarm["ComparisonOperator"], wake.alarm["Threshold"]) == (
        "GreaterThanOrEqualToThreshold",
        1.0,
    )
    assert wake.configuration["StepAdjustments"] == [
        {"MetricIntervalLowerBound": 0.0, "ScalingAdjustment": 1}
    ]


def test_an_asynchronous_endpoint_scales_by_its_backlog() -> None:
    wish = _wish(Kind.ASYNCHRONOUS, to_zero=True, min=0, requests_per_second=None)
    plan = scaling_plan(wish, "chat")
    assert plan is not None
    target, wake = plan.policies
    metric = target.configuration["CustomizedMetricSpecification"]
    assert metric["MetricName"] == "ApproximateBacklogSizePerInstance"
    assert wake.alarm is not None
    assert wake.alarm["MetricName"] == "HasBacklogWithoutCapacity"
    assert wake.alarm["EvaluationPeriods"] * wake.alarm["Period"] == 120


def test_a_schedule_of_what_goes_to_none_are_bounds_by_the_clock() -> None:
    plan = scaling_plan(ServingWish(kind=Kind.ASYNCHRONOUS, instances=2), "chat", hours=WORKDAYS)
    assert plan is not None
    off, on = plan.scheduled
    assert (off.expression, off.minimum, off.maximum) == ("cron(0 19 ? * MON-FRI *)", 0, 0)
    assert (on.expression, on.minimum, on.maximum) == ("cron(0 7 ? * MON-FRI *)", 2, 2)
    assert {off.timezone, on.timezone} == {"Europe/Berlin"}


def test_a_schedule_of_a_real_time_endpoint_is_none_of_its_scaling() -> None:
    assert scaling_plan(ServingWish(), "chat", hours=WORKDAYS) is None
    plan = scaling_plan(_wish(), "chat", hours=WORKDAYS)
    assert plan is not None
    assert plan.scheduled == ()
