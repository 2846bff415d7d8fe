"""Rules of ``serve.yaml`` on scaling."""

from collections.abc import Iterator

from thriftline.serving.domain.kinds import KIND_FACTS, Kind, ServingWish
from thriftline.serving.domain.refusal import Refusal, Rule

# AWS has not put these families behind a scaled variant.
_BURSTABLE = "ml.t2."


def _scaling_fits_the_kind(wish: ServingWish) -> Iterator[Refusal]:
    scaling = wish.scaling
    if scaling is None:
        return
    if wish.kind is Kind.SERVERLESS:
        yield Refusal("scaling", "serverless scales by itself", "say serverless.max_concurrency")
        return
    if scaling.to_zero and not KIND_FACTS[wish.kind].zero:
        yield Refusal(
            "scaling.to_zero",
            f"a variant of a {wish.kind} endpoint has at least one instance",
            "say kind: component or asynchronous, or a schedule",
        )
    if wish.kind is Kind.ASYNCHRONOUS and scaling.requests_per_second is not None:
        yield Refusal(
            "scaling.requests_per_second",
            "an asynchronous endpoint publishes no InvocationsPerInstance; it scales by its "
            "backlog",
            "say auto",
        )
    if (wish.instance_type or "").startswith(_BURSTABLE):
        yield Refusal(
            "instance.type",
            f"burstable {wish.instance_type} cannot be scaled",
            "say another type such as ml.m5.large, or take scaling out",
        )


def _scaling_bounds(wish: ServingWish) -> Iterator[Refusal]:
    scaling = wish.scaling
    if scaling is None or wish.kind is Kind.SERVERLESS:
        return
    if scaling.max < max(1, scaling.min):
        yield Refusal("scaling.max", f"max is below min ({scaling.min})", "say a larger max")
    if scaling.min == 0 and not scaling.to_zero:
        yield Refusal(
            "scaling.min",
            "none at all needs the alarm that wakes the endpoint up: target tracking alone never "
            "leaves zero",
            "say to_zero: true, which sets it, or min: 1",
        )
    if scaling.to_zero and scaling.min > 0:
        yield Refusal(
            "scaling.min", f"to_zero goes below min ({scaling.min})", "say min: 0 or take it out"
        )
    count = wish.component.copies if wish.kind is Kind.COMPONENT else wish.instances
    key = "component.copies" if wish.kind is Kind.COMPONENT else "instance.count"
    if key in wish.named and not scaling.min <= count <= scaling.max:
        yield Refusal(
            key,
            f"{count} lies outside of scaling ({scaling.min} to {scaling.max})",
            f"say a {key} in these bounds, or take it out",
        )


SCALING_RULES: tuple[Rule, ...] = (
    _scaling_fits_the_kind,
    _scaling_bounds,
)
