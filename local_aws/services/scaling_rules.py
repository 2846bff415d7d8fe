"""What Application Auto Scaling makes of a policy: its alarms, and how many there should be."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from local_aws.http.own_calls import AwsError

Properties = Mapping[str, Any]
INSTANCES = "sagemaker:variant:DesiredInstanceCount"
CONCURRENCY = "sagemaker:variant:DesiredProvisionedConcurrency"
COPIES = "sagemaker:inference-component:DesiredCopyCount"
DIMENSIONS = (INSTANCES, CONCURRENCY, COPIES)
DEFAULT_COOLDOWN = 300
_SAGEMAKER = "AWS/SageMaker"
# What scaling in asks of the metric, against flapping: a tenth below the target.
_LOW = 0.9
_TRACKING = "TargetTrackingScalingPolicyConfiguration"
_STEPS = "StepScalingPolicyConfiguration"


@dataclass(frozen=True)
class Metric:
    """What a policy looks at; `period` in seconds."""

    namespace: str
    name: str
    dimensions: Mapping[str, str]
    statistic: str
    period: int = 60


@dataclass(frozen=True)
class _Predefined:
    dimension: str
    metric: str
    statistic: str
    period: int = 60


_PREDEFINED = {
    "SageMakerVariantInvocationsPerInstance": _Predefined(
        INSTANCES, "InvocationsPerInstance", "Sum"
    ),
    "SageMakerVariantConcurrentRequestsPerModelHighResolution": _Predefined(
        INSTANCES, "ConcurrentRequestsPerModel", "Maximum", 10
    ),
    "SageMakerVariantProvisionedConcurrencyUtilization": _Predefined(
        CONCURRENCY, "ServerlessProvisionedConcurrencyUtilization", "Maximum"
    ),
    "SageMakerInferenceComponentInvocationsPerCopy": _Predefined(
        COPIES, "InvocationsPerCopy", "Sum"
    ),
    "SageMakerInferenceComponentConcurrentRequestsPerCopyHighResolution": _Predefined(
        COPIES, "ConcurrentRequestsPerCopy", "Maximum", 10
    ),
}


def check_policy(policy: Properties) -> None:
    """Refuse a policy that says too little, too much, or does not fit its dimension.

    Raises:
        AwsError: it is refused.
    """
    kind = policy.get("PolicyType", "StepScaling")
    if kind == "TargetTrackingScaling":
        _check_tracking(policy.get(_TRACKING), policy["ScalableDimension"])
    elif kind == "StepScaling":
        _check_steps(policy.get(_STEPS))
    else:
        raise AwsError(
            "NotImplementedByLocalAws", f"The embedded AWS knows no policies of {kind}.", 501
        )


def _check_tracking(settings: Properties | None, dimension: str) -> None:
    if settings is None:
        raise _invalid(f"A target tracking policy needs a {_TRACKING}.")
    given = [
        name
        for name in ("PredefinedMetricSpecification", "CustomizedMetricSpecification")
        if settings.get(name)
    ]
    if len(given) != 1:
        raise _invalid("Exactly one of the predefined and the customized metric is required.")
    if given == ["CustomizedMetricSpecification"]:
        if settings["CustomizedMetricSpecification"].get("Metrics"):
            raise AwsError(
                "NotImplementedByLocalAws", "The embedded AWS knows no metric math here.", 501
            )
        return
    name = settings["PredefinedMetricSpecification"]["PredefinedMetricType"]
    fits = _PREDEFINED.get(name)
    if fits is None or fits.dimension != dimension:
        raise _invalid(f"The predefined metric {name} does not go with {dimension}.")


def _check_steps(settings: Properties | None) -> None:
    if settings is None or not settings.get("AdjustmentType"):
        raise _invalid(f"A step scaling policy needs a {_STEPS} with its AdjustmentType.")
    if not settings.get("StepAdjustments"):
        raise _invalid("A step scaling policy needs at least one step adjustment.")


def metric_of(policy: Properties) -> Metric:
    """Return what a target tracking policy looks at."""
    settings = policy[_TRACKING]
    if own := settings.get("CustomizedMetricSpecification"):
        pairs = {one["Name"]: one["Value"] for one in own.get("Dimensions", ())}
        return Metric(own["Namespace"], own["MetricName"], pairs, own["Statistic"])
    known = _PREDEFINED[settings["PredefinedMetricSpecification"]["PredefinedMetricType"]]
    pairs = _names(policy["ResourceId"])
    return Metric(_SAGEMAKER, known.metric, pairs, known.statistic, known.period)


def _names(resource: str) -> dict[str, str]:
    kind, _, rest = resource.partition("/")
    if kind == "inference-component":
        return {"InferenceComponentName": rest}
    endpoint, _, variant = rest.partition("/variant/")
    return {"EndpointName": endpoint, "VariantName": variant}


def alarms_of(policy: Properties) -> list[dict[str, Any]]:
    """Return the alarms that AWS makes for target tracking, in the form of PutMetricAlarm."""
    metric = metric_of(policy)
    settings = policy[_TRACKING]
    target = float(settings["TargetValue"])
    high = ("High", "GreaterThanThreshold", target, 3)
    low = ("Low", "LessThanThreshold", target * _LOW, 15)
    sides = [high] if settings.get("DisableScaleIn") else [high, low]
    return [
        {
            "AlarmName": _alarm_name(policy, side),
            "AlarmDescription": "DO NOT EDIT OR DELETE. For TargetTrackingScaling policy "
            f"{policy['PolicyARN']}.",
            "Namespace": metric.namespace,
            "MetricName": metric.name,
            "Dimensions": [
                {"Name": key, "Value": one} for key, one in sorted(metric.dimensions.items())
            ],
            "Statistic": metric.statistic,
            "Period": metric.period,
            "EvaluationPeriods": periods,
            "Threshold": threshold,
            "ComparisonOperator": comparison,
            "AlarmActions": [policy["PolicyARN"]],
        }
        for side, comparison, threshold, periods in sides
    ]


def _alarm_name(policy: Properties, side: str) -> str:
    # AWS's ending is random; this one tells the same policy again.
    ending = uuid5(NAMESPACE_URL, f"{policy['PolicyARN']}/{side}")
    return f"TargetTracking-{policy['ResourceId']}-Alarm{side}-{ending}"


def tracked(current: int, value: float, target: float) -> int:
    """Return how many there should be so that each has the target.

    None at all stay none: what nobody carries is no load that could be shared.
    """
    return math.ceil(current * value / target - 1e-9) if current else 0


def stepped(settings: Properties, current: int, excess: float) -> int | None:
    """Return how many there should be by a step policy; None when no step is meant.

    `excess` is how far the metric lies from the alarm's threshold.
    """
    step = next((one for one in settings["StepAdjustments"] if _holds(one, excess)), None)
    if step is None:
        return None
    amount = int(step["ScalingAdjustment"])
    kind = settings["AdjustmentType"]
    if kind == "ExactCapacity":
        return amount
    if kind == "ChangeInCapacity":
        return current + amount
    change = current * amount / 100
    # More than one rounds down, less than one becomes one.
    rounded = math.trunc(change) if abs(change) > 1 else int(math.copysign(1, change or amount))
    least = int(settings.get("MinAdjustmentMagnitude") or 0)
    return current + (rounded if abs(rounded) >= least else int(math.copysign(least, rounded)))


def _holds(step: Properties, excess: float) -> bool:
    low, high = step.get("MetricIntervalLowerBound"), step.get("MetricIntervalUpperBound")
    return (low is None or excess >= low) and (high is None or excess < high)


def aggregated(settings: Properties, values: Sequence[float]) -> float | None:
    """Return one value of the periods that an alarm looked at, as a step policy wants it."""
    if not values:
        return None
    kind = settings.get("MetricAggregationType", "Average")
    if kind == "Maximum":
        return max(values)
    return min(values) if kind == "Minimum" else math.fsum(values) / len(values)


def _invalid(message: str) -> AwsError:
    return AwsError("ValidationException", message)
