"""The idle rule: whether anybody used an endpoint, told from what AWS measured and nothing else.

Usual tools ask one hard-coded variant name over a day and take silence for idleness. Here every
variant, shadow variant and inference component is asked by its own name over whole UTC days (and
today so far), and a read error makes the verdict *unknown*. CloudWatch may have no datapoint for
a day without requests; such a day counts as zero only when the query succeeded, the name came
from DescribeEndpoint, the endpoint was in service all the while, and no error was counted. The
confidence is then lower, and ``missing_datapoints`` tells the planner to hold its hand.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from thriftline.audit.domain.facts import Fact, Unread
from thriftline.audit.domain.findings import Confidence
from thriftline.audit.domain.inventory import Window
from thriftline.audit.domain.metrics import Metrics, MetricSeries, series_of
from thriftline.audit.domain.parameters import AuditParameters
from thriftline.audit.domain.part_use import PartKind, PartUse, gap, parts_of, total_since
from thriftline.audit.domain.questions import BACKLOG, BACKLOG_WITHOUT_CAPACITY, backlog_metric
from thriftline.audit.domain.resources.endpoints import Endpoint, Variant

# The share of days that must have been measured before the rest may be taken for silence too.
_MOSTLY = 0.75


class Verdict(StrEnum):
    """What the idle rule says of an endpoint.

    QUIET is used, but hardly. EXEMPT has no use that was seen, and yet is not idle by the rule:
    it costs nothing, changes, or is too young to tell.
    """

    IDLE = "idle"
    QUIET = "quiet"
    IN_USE = "in use"
    EXEMPT = "exempt"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Idleness:
    """The verdict on one endpoint, with its reasons; ``confidence`` only of an idle one."""

    endpoint: str
    verdict: Verdict
    reasons: tuple[str, ...]
    confidence: Confidence | None
    missing_datapoints: bool
    window: Window
    parts: tuple[PartUse, ...]

    @property
    def invocations(self) -> float:
        """What all parts were asked in the window and since."""
        return sum(part.invocations for part in self.parts)


@dataclass(frozen=True, slots=True)
class _Case:
    endpoint: Endpoint
    metrics: Metrics
    parameters: AuditParameters
    window: Window
    parts: tuple[PartUse, ...]


_Ruling = tuple[Verdict, tuple[str, ...]] | None


def idle_window(now: datetime, days: int) -> Window:
    """Returns the last whole UTC days before ``now``."""
    end = now.replace(hour=0, minute=0, second=0, microsecond=0)
    return Window(end - timedelta(days=days), end)


def assess_endpoint(
    endpoint: Endpoint, metrics: Metrics, now: datetime, parameters: AuditParameters
) -> Idleness:
    """Returns whether an endpoint is idle by the rule at ``now`` (UTC)."""
    window = idle_window(now, parameters.idle_window_days)
    in_service = endpoint.status == "InService"
    parts = parts_of(endpoint, metrics, window) if in_service else ()
    case = _Case(endpoint, metrics, parameters, window, parts)
    verdict, reasons = next(
        (ruling for ask in _QUESTIONS if (ruling := ask(case)) is not None),
        (Verdict.IDLE, (_silence(case),)),
    )
    measured = _share_measured(parts)
    return Idleness(
        endpoint=endpoint.name,
        verdict=verdict,
        reasons=reasons,
        confidence=_confidence(measured) if verdict is Verdict.IDLE else None,
        missing_datapoints=measured < 1,
        window=window,
        parts=parts,
    )


def _not_in_service(case: _Case) -> _Ruling:
    if case.endpoint.status == "InService":
        return None
    return Verdict.EXEMPT, (f"Its status is {case.endpoint.status}.",)


def _used(case: _Case) -> _Ruling:
    count = sum(part.invocations for part in case.parts)
    if count <= case.parameters.max_invocations:
        return None
    days = case.parameters.idle_window_days
    said = f"{count:,.0f} invocations in {days} days and today."
    if count <= days * case.parameters.quiet_invocations_per_day:
        return Verdict.QUIET, (said, f"That is no more than {count / days:.1f} a day.")
    return Verdict.IN_USE, (said,)


def _answers_with_errors(case: _Case) -> _Ruling:
    count = sum(part.errors for part in case.parts)
    if count == 0:
        return None
    return Verdict.IN_USE, (f"Somebody calls it: {count:,.0f} requests ended in 4xx or 5xx.",)


def _queues(case: _Case) -> _Ruling:
    if case.endpoint.async_output_s3_uri is None:
        return None
    for name in (BACKLOG, BACKLOG_WITHOUT_CAPACITY):
        waiting = total_since(_backlog(case, name), case.window)
        if waiting > 0:
            return Verdict.IN_USE, ("Asynchronous requests wait in its queue.",)
    return None


def _unread(case: _Case) -> _Ruling:
    reasons = [why for part in case.parts for why in part.unread]
    components = case.endpoint.inference_components
    if isinstance(components, Unread):
        reasons.append(f"Its inference components: {components.error}")
    if case.endpoint.async_output_s3_uri is not None:
        for name in (BACKLOG, BACKLOG_WITHOUT_CAPACITY):
            why = gap(_backlog(case, name), case.window)
            if why is not None:
                reasons.append(f"{name}: {why}")
    if any(_count(variant) is None for variant in case.endpoint.variants):
        reasons.append("AWS does not say how many instances it has.")
    if not case.parts:
        reasons.append("It has no variant that could have been asked.")
    return (Verdict.UNKNOWN, tuple(reasons)) if reasons else None


def _changes(case: _Case) -> _Ruling:
    endpoint = case.endpoint
    if endpoint.has_pending_deployment or any(variant.statuses for variant in endpoint.variants):
        return Verdict.EXEMPT, ("An update is in progress.",)
    if endpoint.shadow_variants:
        return Verdict.EXEMPT, ("A shadow test runs on it.",)
    return None


def _too_young(case: _Case) -> _Ruling:
    ages = [("created", case.endpoint.created), ("last modified", case.endpoint.last_modified)]
    if not isinstance(case.endpoint.inference_components, Unread):
        for one in case.endpoint.inference_components:
            ages.append((f"component {one.name} created", one.created))
            ages.append((f"component {one.name} last modified", one.last_modified))
    reasons = tuple(
        f"Within the window: {what} {when:%Y-%m-%d %H:%M}."
        for what, when in ages
        if when > case.window.start
    )
    return (Verdict.EXEMPT, reasons) if reasons else None


def _costs_nothing(case: _Case) -> _Ruling:
    variants = case.endpoint.variants
    if not any(_count(variant) for variant in variants):
        return Verdict.EXEMPT, ("It runs no instance, so it costs nothing while nobody calls.",)
    if any(
        variant.managed_scaling and variant.managed_scaling.minimum == 0 for variant in variants
    ):
        return Verdict.EXEMPT, ("It scales to zero by itself.",)
    return None


# In this order: use that was seen outweighs what could not be read, and that outweighs the rest.
_QUESTIONS: tuple[Callable[[_Case], _Ruling], ...] = (
    _not_in_service,
    _used,
    _answers_with_errors,
    _queues,
    _unread,
    _changes,
    _too_young,
    _costs_nothing,
)


def _backlog(case: _Case, name: str) -> Fact[MetricSeries]:
    return series_of(case.metrics, backlog_metric(case.endpoint.name, name))


def _count(variant: Variant) -> int | None:
    """Returns what the variant pays for while nobody calls: instances, or provisioned ones."""
    if variant.serverless is not None:
        return variant.serverless.provisioned_concurrency or 0
    return variant.instance_count


def _share_measured(parts: tuple[PartUse, ...]) -> float:
    """Returns the least share of days measured of a part that reports requests.

    An endpoint with inference components counts them there; its variants then report nothing.
    """
    components = [part for part in parts if part.kind is PartKind.COMPONENT]
    asked = components or [part for part in parts if part.kind is PartKind.VARIANT]
    return min(
        (part.days_measured / len(part.daily) if part.daily else 0.0 for part in asked),
        default=0.0,
    )


def _confidence(measured: float) -> Confidence:
    if measured == 1:
        return Confidence.HIGH
    return Confidence.MEDIUM if measured >= _MOSTLY else Confidence.LOW


def _silence(case: _Case) -> str:
    count = sum(part.invocations for part in case.parts)
    names = ", ".join(f"{part.kind} {part.name}" for part in case.parts)
    days = case.parameters.idle_window_days
    return f"{count:,.0f} invocations in {days} whole days and today, asked of {names}."
