"""What the metrics tell of each variant, shadow variant and inference component of an endpoint."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from enum import StrEnum

from thriftline.audit.domain.facts import Fact, Unread
from thriftline.audit.domain.inventory import Window
from thriftline.audit.domain.metrics import DAY, MetricKey, Metrics, MetricSeries, series_of
from thriftline.audit.domain.resources.endpoints import Endpoint
from thriftline.audit.domain.use_signals import (
    COMPONENT,
    UseSignals,
    component_metric,
    signals_of_variants,
    variant_metric,
    waited_metric,
)
from thriftline.core.dataclass import dataclass


class PartKind(StrEnum):
    """What of an endpoint has metrics of its own."""

    VARIANT = "variant"
    SHADOW = "shadow variant"
    COMPONENT = "inference component"


@dataclass(frozen=True, slots=True)
class PartUse:
    """The requests of one part in a window.

    ``daily`` are its whole days, None where CloudWatch has no datapoint; ``today`` is what came
    after its end. ``requests`` is the metric that counted them. ``errors`` are requests that
    failed, in whatever way AWS counts that for its kind. ``has_waited`` says that requests stood
    in a queue. ``unread`` says what could not be read.
    """

    name: str
    kind: PartKind
    requests: str
    daily: tuple[float | None, ...]
    today: float
    errors: float
    has_waited: bool
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
    return tuple(_use(part, metrics, window) for part in _named_parts(endpoint))


@dataclass(frozen=True, slots=True)
class _Part:
    """One part, and the keys of its metrics by name."""

    name: str
    kind: PartKind
    signals: UseSignals
    keys: Mapping[str, MetricKey]


def _named_parts(endpoint: Endpoint) -> Iterator[_Part]:
    signals = signals_of_variants(endpoint)
    for kind, variants in (
        (PartKind.VARIANT, endpoint.variants),
        (PartKind.SHADOW, endpoint.shadow_variants),
    ):
        for one in variants:
            keys = {
                name: variant_metric(endpoint.name, one.name, name) for name in signals.counts()
            }
            if signals.waited is not None:
                keys[signals.waited] = waited_metric(endpoint.name, one.name)
            yield _Part(one.name, kind, signals, keys)
    if not isinstance(endpoint.inference_components, Unread):
        for component in endpoint.inference_components:
            keys = {name: component_metric(component.name, name) for name in COMPONENT.counts()}
            yield _Part(component.name, PartKind.COMPONENT, COMPONENT, keys)


def _use(part: _Part, metrics: Metrics, window: Window) -> PartUse:
    series = {name: series_of(metrics, key) for name, key in part.keys.items()}
    sums = {name: total_since(fact, window) for name, fact in series.items()}
    requests = series[part.signals.requests]
    waited = part.signals.waited
    return PartUse(
        name=part.name,
        kind=part.kind,
        requests=part.signals.requests,
        daily=() if isinstance(requests, Unread) else requests.between(window.start, window.end),
        today=total_since(requests, window, from_end=True),
        errors=max(sum(sums[name] for name in group) for group in part.signals.failures),
        has_waited=waited is not None and sums[waited] > 0,
        unread=tuple(
            f"{name} of {part.kind} {part.name}: {why}"
            for name, fact in series.items()
            if (why := gap(fact, window)) is not None
        ),
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
