"""What the metrics tell of each variant, shadow variant and inference component of an endpoint."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from thriftline.audit.domain.facts import Fact, Unread
from thriftline.audit.domain.inventory import Window
from thriftline.audit.domain.metrics import DAY, MetricKey, Metrics, MetricSeries, series_of
from thriftline.audit.domain.questions import (
    CLIENT_ERRORS,
    INVOCATIONS,
    SERVER_ERRORS,
    component_metric,
    variant_metric,
)
from thriftline.audit.domain.resources.endpoints import Endpoint


class PartKind(StrEnum):
    """What of an endpoint has metrics of its own."""

    VARIANT = "variant"
    SHADOW = "shadow variant"
    COMPONENT = "inference component"


@dataclass(frozen=True, slots=True)
class PartUse:
    """The requests of one part in a window.

    ``daily`` are its whole days, None where CloudWatch has no datapoint; ``today`` is what came
    after its end. ``errors`` are 4xx and 5xx together. ``unread`` says what could not be read.
    """

    name: str
    kind: PartKind
    daily: tuple[float | None, ...]
    today: float
    errors: float
    unread: tuple[str, ...]

    @property
    def invocations(self) -> float:
        """All that is known of; all there was only if nothing is ``unread``."""
        return sum(value or 0.0 for value in self.daily) + self.today

    @property
    def days_measured(self) -> int:
        """On how many whole days CloudWatch has a datapoint."""
        return sum(value is not None for value in self.daily)


def parts_of(endpoint: Endpoint, metrics: Metrics, window: Window) -> tuple[PartUse, ...]:
    """Returns the use of every part that the endpoint is known to have."""
    return tuple(
        _use(name, kind, keys, metrics, window) for name, kind, keys in _named_parts(endpoint)
    )


def _named_parts(endpoint: Endpoint) -> list[tuple[str, PartKind, tuple[MetricKey, ...]]]:
    names = (INVOCATIONS, CLIENT_ERRORS, SERVER_ERRORS)
    parts = [
        (one.name, kind, tuple(variant_metric(endpoint.name, one.name, name) for name in names))
        for kind, variants in (
            (PartKind.VARIANT, endpoint.variants),
            (PartKind.SHADOW, endpoint.shadow_variants),
        )
        for one in variants
    ]
    if not isinstance(endpoint.inference_components, Unread):
        parts += [
            (one.name, PartKind.COMPONENT, tuple(component_metric(one.name, n) for n in names))
            for one in endpoint.inference_components
        ]
    return parts


def _use(
    name: str, kind: PartKind, keys: tuple[MetricKey, ...], metrics: Metrics, window: Window
) -> PartUse:
    requests, *errors = (series_of(metrics, key) for key in keys)
    unread = tuple(
        f"{key.name} of {kind} {name}: {why}"
        for key, fact in zip(keys, (requests, *errors), strict=True)
        if (why := gap(fact, window)) is not None
    )
    return PartUse(
        name=name,
        kind=kind,
        daily=() if isinstance(requests, Unread) else requests.between(window.start, window.end),
        today=total_since(requests, window, from_end=True),
        errors=sum(total_since(fact, window) for fact in errors),
        unread=unread,
    )


def gap(fact: Fact[MetricSeries], window: Window) -> str | None:
    """Returns why a daily series does not tell all of a window, None if it does."""
    if isinstance(fact, Unread):
        return fact.error
    if fact.period_seconds != DAY:
        return f"it was read by {fact.period_seconds} s, not by day"
    last = fact.start + timedelta(seconds=DAY * len(fact.values))
    if fact.start > window.start or last < window.end:
        return "what was read does not cover the window"
    return None


def total_since(fact: Fact[MetricSeries], window: Window, *, from_end: bool = False) -> float:
    """Returns what was counted from the window's start (or its end) to the end of the series."""
    if isinstance(fact, Unread):
        return 0.0
    start = window.end if from_end else window.start
    return sum(value for value in fact.since(start) if value is not None)
