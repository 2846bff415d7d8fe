"""Between how many instances or copies the load chooses: what Application Auto Scaling is asked.

The target of a variant is half of what one instance takes at the most, in requests a minute. An
endpoint that may go to none needs a second policy, behind an alarm on the first request that finds
nobody: target tracking never leaves zero.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from thriftline.core.dataclass import dataclass
from thriftline.core.waking_hours import WakingHours
from thriftline.serving.domain.kinds import MAIN_VARIANT, Kind, ServingWish
from thriftline.serving.domain.names import component_name

SAGEMAKER = "AWS/SageMaker"
VARIANT_COUNT = "sagemaker:variant:DesiredInstanceCount"
COPY_COUNT = "sagemaker:inference-component:DesiredCopyCount"
# Below it an instance has room for what comes while another one starts.
_SAFETY = Decimal("0.5")
_SECONDS_A_MINUTE = 60
# Waiting costs nobody an answer; AWS's own example aims at as many for each instance.
_BACKLOG_AIM = Decimal(5)
# SageMaker needs minutes for an instance: one more decision in that time rests on old figures.
_COOLDOWN_SECONDS = 300
_WAKE_COOLDOWN_SECONDS = 60
TARGET_POLICY = "thriftline-target"
WAKE_POLICY = "thriftline-wake"
SLEEP_ACTION = "thriftline-off"
WAKE_ACTION = "thriftline-on"
_PREDEFINED = {
    Kind.REAL_TIME: "SageMakerVariantInvocationsPerInstance",
    Kind.MULTI_MODEL: "SageMakerVariantInvocationsPerInstance",
    Kind.COMPONENT: "SageMakerInferenceComponentInvocationsPerCopy",
}


@dataclass(frozen=True)
class ScalingPolicy:
    """One policy. ``alarm`` sets it off, without its action; target tracking makes its own."""

    name: str
    kind: str
    configuration: Mapping[str, Any]
    alarm: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class ScheduledAction:
    """The bounds from a time on, by the clocks of a time zone."""

    name: str
    expression: str
    timezone: str
    minimum: int
    maximum: int


@dataclass(frozen=True)
class ScalingPlan:
    """A scalable target with all that hangs on it; ``notes`` are for the person who deploys."""

    resource_id: str
    dimension: str
    minimum: int
    maximum: int
    policies: tuple[ScalingPolicy, ...] = ()
    scheduled: tuple[ScheduledAction, ...] = ()
    notes: tuple[str, ...] = ()


def scaled_resource(kind: Kind, endpoint: str) -> tuple[str, str]:
    """Returns resource id and dimension of what scales of an endpoint."""
    if kind is Kind.COMPONENT:
        return f"inference-component/{component_name(endpoint)}", COPY_COUNT
    return f"endpoint/{endpoint}/variant/{MAIN_VARIANT}", VARIANT_COUNT


def sleeps_by_scaling(kind: Kind) -> bool:
    """Whether a schedule needs no deletion: SageMaker takes the kind down to none."""
    return kind in (Kind.COMPONENT, Kind.ASYNCHRONOUS)


def invocations_target(requests_per_second: Decimal) -> Decimal:
    """Returns the requests a minute of one instance at which there should be another.

    Raises:
        ValueError: it takes none.
    """
    if requests_per_second <= 0:
        raise ValueError("an instance that takes no request cannot be scaled")
    return requests_per_second * _SAFETY * _SECONDS_A_MINUTE


def measured_requests_per_second(
    latency_seconds: Decimal | None, busiest_minute: Decimal | None
) -> Decimal | None:
    """Returns what one instance is known to take; None when nothing was measured.

    One request after the other is the least that it can do, and what it did in its busiest minute
    is the least that it did. So the target is rather too low than too high.
    """
    one_by_one = 1 / latency_seconds if latency_seconds else None
    busiest = busiest_minute / _SECONDS_A_MINUTE if busiest_minute else None
    return max((one for one in (one_by_one, busiest) if one is not None), default=None)


def scaling_plan(
    wish: ServingWish,
    endpoint: str,
    measured: Decimal | None = None,
    hours: WakingHours | None = None,
) -> ScalingPlan | None:
    """Returns what an endpoint should have; None when nothing of it scales.

    Args:
        wish: what the project asks for.
        endpoint: its name.
        measured: requests a second of one instance, where the wish leaves it open.
        hours: its schedule, which kinds that go to none keep by their bounds.
    """
    by_scaling = hours if sleeps_by_scaling(wish.kind) else None
    if wish.kind is Kind.SERVERLESS or (wish.scaling is None and by_scaling is None):
        return None
    resource, dimension = scaled_resource(wish.kind, endpoint)
    least, most = bounds(wish)
    policies, notes = _policies(wish, endpoint, measured)
    return ScalingPlan(
        resource_id=resource,
        dimension=dimension,
        minimum=least,
        maximum=most,
        policies=policies,
        scheduled=() if by_scaling is None else scheduled_actions(by_scaling, least, most),
        notes=notes,
    )


def bounds(wish: ServingWish) -> tuple[int, int]:
    """Returns the fewest and the most of what scales."""
    if wish.scaling is None:
        count = wish.component.copies if wish.kind is Kind.COMPONENT else wish.instances
        return count, count
    return (0 if wish.scaling.to_zero else wish.scaling.min), wish.scaling.max


def _policies(
    wish: ServingWish, endpoint: str, measured: Decimal | None
) -> tuple[tuple[ScalingPolicy, ...], tuple[str, ...]]:
    scaling = wish.scaling
    if scaling is None:
        return (), ()
    wake = (_wake(wish.kind, endpoint),) if scaling.to_zero else ()
    if wish.kind is Kind.ASYNCHRONOUS:
        return (_by_backlog(endpoint), *wake), ()
    rate = scaling.requests_per_second or measured
    if rate is None:
        note = (
            "How many requests a second one instance takes is not known yet, so nothing scales by "
            "the load: say scaling.requests_per_second, or deploy again when it has had requests."
        )
        return wake, (note,)
    return (_by_invocations(wish.kind, rate), *wake), ()


def _tracking(aim: Decimal, metric: Mapping[str, Any]) -> ScalingPolicy:
    return ScalingPolicy(
        TARGET_POLICY,
        "TargetTrackingScaling",
        {
            "TargetValue": float(aim),
            "ScaleInCooldown": _COOLDOWN_SECONDS,
            "ScaleOutCooldown": _COOLDOWN_SECONDS,
            **metric,
        },
    )


def _by_invocations(kind: Kind, rate: Decimal) -> ScalingPolicy:
    metric = {"PredefinedMetricSpecification": {"PredefinedMetricType": _PREDEFINED[kind]}}
    return _tracking(invocations_target(rate), metric)


def _by_backlog(endpoint: str) -> ScalingPolicy:
    metric = {
        "MetricName": "ApproximateBacklogSizePerInstance",
        "Namespace": SAGEMAKER,
        "Dimensions": [{"Name": "EndpointName", "Value": endpoint}],
        "Statistic": "Average",
    }
    return _tracking(_BACKLOG_AIM, {"CustomizedMetricSpecification": metric})


def _wake(kind: Kind, endpoint: str) -> ScalingPolicy:
    """Returns the step from none to one, at the very first request.

    AWS's own example of the alarm asks for more than one failure in a minute, and so leaves the
    first lonely caller without an answer for good.
    """
    configuration = {
        "AdjustmentType": "ChangeInCapacity",
        "MetricAggregationType": "Maximum",
        "Cooldown": _WAKE_COOLDOWN_SECONDS,
        "StepAdjustments": [{"MetricIntervalLowerBound": 0.0, "ScalingAdjustment": 1}],
    }
    if kind is Kind.COMPONENT:
        name = component_name(endpoint)
        metric, dimension, periods = "NoCapacityInvocationFailures", "InferenceComponentName", 1
        statistic = "Sum"
    else:
        name = endpoint
        metric, dimension, periods = "HasBacklogWithoutCapacity", "EndpointName", 2
        statistic = "Average"
    alarm = {
        "AlarmName": f"{name}-wake",
        "AlarmDescription": f"Somebody asks {name}, which has scaled to none",
        "Namespace": SAGEMAKER,
        "MetricName": metric,
        "Dimensions": [{"Name": dimension, "Value": name}],
        "Statistic": statistic,
        "Period": 60,
        "EvaluationPeriods": periods,
        "DatapointsToAlarm": periods,
        "Threshold": 1.0,
        "ComparisonOperator": "GreaterThanOrEqualToThreshold",
        "TreatMissingData": "missing",
    }
    return ScalingPolicy(WAKE_POLICY, "StepScaling", configuration, alarm)


def scheduled_actions(hours: WakingHours, least: int, most: int) -> tuple[ScheduledAction, ...]:
    """Returns the bounds by which a kind that goes to none keeps a schedule."""
    return (
        ScheduledAction(SLEEP_ACTION, hours.off.expression, hours.timezone, 0, 0),
        ScheduledAction(WAKE_ACTION, hours.on.expression, hours.timezone, least, most),
    )
