"""Scaling around a deployment: out of its way before an update, and as wished after it."""

from datetime import datetime
from decimal import Decimal

from thriftline.core.dataclass import dataclass
from thriftline.core.waking_hours import WakingHours
from thriftline.serving.aws.endpoint_scaling import EndpointScaling
from thriftline.serving.domain.kinds import MAIN_VARIANT, Kind, ServingWish
from thriftline.serving.domain.names import component_name
from thriftline.serving.domain.scaling import (
    measured_requests_per_second,
    scaled_resource,
    scaling_plan,
)


@dataclass(frozen=True)
class ScalingApplied:
    """What became of an endpoint's scaling; ``resource_id`` is None when nothing of it scales."""

    resource_id: str | None
    minimum: int | None = None
    maximum: int | None = None
    notes: tuple[str, ...] = ()


def release_scaling(kind: Kind, endpoint: str, scaling: EndpointScaling) -> bool:
    """Takes the scaling of an endpoint away for good; returns whether there was any."""
    return scaling.deregister(*scaled_resource(kind, endpoint))


def apply_scaling(
    wish: ServingWish,
    endpoint: str,
    scaling: EndpointScaling,
    *,
    now: datetime,
    hours: WakingHours | None = None,
) -> ScalingApplied:
    """Lets an endpoint in service scale as its spec says; what no longer should scale does not.

    Asked again it changes nothing.

    Raises:
        ThriftlineError: it could not be read or set; the endpoint serves all the same.
    """
    plan = scaling_plan(wish, endpoint, _measured(wish, endpoint, scaling, now), hours)
    if plan is None:
        release_scaling(wish.kind, endpoint, scaling)
        return ScalingApplied(None)
    scaling.apply(plan)
    return ScalingApplied(plan.resource_id, plan.minimum, plan.maximum, plan.notes)


def _measured(
    wish: ServingWish, endpoint: str, scaling: EndpointScaling, now: datetime
) -> Decimal | None:
    asked = wish.scaling
    if asked is None or asked.requests_per_second or wish.kind is Kind.ASYNCHRONOUS:
        return None
    if wish.kind is Kind.COMPONENT:
        dimensions = {"InferenceComponentName": component_name(endpoint)}
        per_instance = "InvocationsPerCopy"
    else:
        dimensions = {"EndpointName": endpoint, "VariantName": MAIN_VARIANT}
        per_instance = "InvocationsPerInstance"
    return measured_requests_per_second(*scaling.measured(dimensions, per_instance, now))
