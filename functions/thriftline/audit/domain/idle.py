"""The idle rule: whether anybody used an endpoint, by what AWS measured and by nothing else.

Usual tools ask one hard-coded variant name over a day and take silence for idleness. Here every
variant, shadow variant and inference component is asked by its own name, for the metrics that AWS
publishes for its kind, over whole UTC days (and today so far), and a read error makes the verdict
*unknown*. CloudWatch may have no datapoint for a day without requests; such a day counts as zero
only when the query succeeded, the name came from DescribeEndpoint, the endpoint was in service all
the while, and no error was counted. The confidence is then lower, and ``missing_datapoints`` makes
the planner refuse to end it. What is exempt is exempt because of what runs, not because of how it
is configured.

An endpoint with a schedule is judged by the hours in which it is on: a day that it slept through
tells nothing, each waking makes no young endpoint of it, and no audit ends it.
"""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from enum import StrEnum

from thriftline.audit.domain.facts import Fact, Unread
from thriftline.audit.domain.findings import Confidence
from thriftline.audit.domain.inventory import Window
from thriftline.audit.domain.metrics import Metrics, MetricSeries, series_of
from thriftline.audit.domain.parameters import AuditParameters
from thriftline.audit.domain.part_use import PartKind, PartUse, gap, parts_of, total_since
from thriftline.audit.domain.questions import request_metrics
from thriftline.audit.domain.resources.endpoints import UPDATE_ROLLBACK_FAILED, Endpoint, Variant
from thriftline.audit.domain.schedules import days_awake, hours_of, is_scheduled, serves_since
from thriftline.audit.domain.use_signals import BACKLOGS, backlog_metric
from thriftline.core.dataclass import dataclass
from thriftline.core.wording import counted, sentence

# The share of days that must have been measured before the rest may be taken for silence too.
_MOSTLY = 0.75


class Verdict(StrEnum):
    """What the idle rule says of an endpoint.

    QUIET is used, but hardly. EXEMPT has no use that was seen, and yet is not idle by the rule:
    it costs nothing, changes, or is too young to judge.
    """

    IDLE = "idle"
    QUIET = "quiet"
    IN_USE = "in use"
    EXEMPT = "exempt"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Idleness:
    """The verdict on one endpoint, with its reasons; ``confidence`` only of an idle one.

    ``last_use`` is the last day (UTC) with a sign of use in all that was read, None without one;
    ``read_from`` is the first day that was read. ``only_a_person`` are reasons for which no audit
    ends it, however idle it is.
    """

    endpoint: str
    verdict: Verdict
    reasons: tuple[str, ...]
    confidence: Confidence | None
    missing_datapoints: bool
    window: Window
    parts: tuple[PartUse, ...]
    last_use: date | None
    read_from: date | None
    only_a_person: tuple[str, ...]

    @property
    def invocations(self) -> float:
        """What all parts were asked in the window and since."""
        return sum(part.invocations for part in self.parts)


@dataclass(frozen=True, slots=True)
class _EndpointCase:
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
    parts = parts_of(endpoint, metrics, window) if endpoint.may_answer else ()
    case = _EndpointCase(endpoint, metrics, parameters, window, parts)
    verdict, reasons = next(
        (ruling for ask in _QUESTIONS if (ruling := ask(case)) is not None),
        (Verdict.IDLE, ()),
    )
    measured = _share_measured(case)
    read_from, last_use = _last_use(case)
    only_a_person = _only_a_person(endpoint)
    is_idle = verdict is Verdict.IDLE
    doubtful = last_use is not None or bool(only_a_person)
    return Idleness(
        endpoint=endpoint.name,
        verdict=verdict,
        reasons=(_silence(case), _said_of(last_use, read_from), *only_a_person)
        if is_idle
        else reasons,
        confidence=_confidence(measured, doubtful, case) if is_idle else None,
        missing_datapoints=measured < 1,
        window=window,
        parts=parts,
        last_use=last_use,
        read_from=read_from,
        only_a_person=only_a_person,
    )


def _last_use(case: _EndpointCase) -> tuple[date | None, date | None]:
    """Returns the first day that was read of anything, and the last day with a sign of use."""
    begun: list[datetime] = []
    used: list[datetime] = []
    for key in request_metrics(case.endpoint):
        series = series_of(case.metrics, key)
        if isinstance(series, Unread):
            continue
        begun.append(series.start)
        used += (when for when, value in series.points() if value)
    return (
        min(begun).date() if begun else None,
        max(used).date() if used else None,
    )


def _said_of(last_use: date | None, read_from: date | None) -> str:
    if last_use is not None:
        return f"It was last used on {last_use:%Y-%m-%d} (UTC)."
    return f"Every day since {read_from:%Y-%m-%d} was read: none shows any use."


def _only_a_person(endpoint: Endpoint) -> tuple[str, ...]:
    reasons = []
    if endpoint.shadow_variants:
        reasons.append("A shadow test runs on it: only a person ends that.")
    if endpoint.status == UPDATE_ROLLBACK_FAILED:
        reasons.append(
            "Its last update and the rollback failed, so it runs a mix of two configs that no "
            "saved copy could restore: only a person ends that."
        )
    if is_scheduled(endpoint):
        reasons.append(
            "It sleeps and wakes by its schedule, which would bring it back: only a person ends "
            "that, and takes the schedule away first."
        )
    return tuple(reasons)


def _not_in_service(case: _EndpointCase) -> _Ruling:
    if case.endpoint.serves:
        return None
    return Verdict.EXEMPT, (f"Its status is {case.endpoint.status}.",)


def _used(case: _EndpointCase) -> _Ruling:
    count = sum(part.invocations for part in case.parts)
    if count <= case.parameters.max_invocations:
        return None
    days = case.parameters.idle_window_days
    said = f"{counted(count, 'invocation')} in {counted(days, 'day')} and today."
    if count <= days * case.parameters.quiet_invocations_per_day:
        return Verdict.QUIET, (said, f"That is no more than {count / days:.1f} a day.")
    return Verdict.IN_USE, (said,)


def _answers_with_errors(case: _EndpointCase) -> _Ruling:
    count = sum(part.errors for part in case.parts)
    if count == 0:
        return None
    requests = f"{counted(count, 'request')} failed or ended in 4xx or 5xx"
    return Verdict.IN_USE, (f"Somebody calls it: {requests}.",)


def _queues(case: _EndpointCase) -> _Ruling:
    waiting = any(total_since(_backlog(case, name), case.window) > 0 for name in _queue(case))
    if waiting or any(part.has_waited for part in case.parts):
        return Verdict.IN_USE, ("Asynchronous requests wait, or waited, in its queue.",)
    return None


def _queue(case: _EndpointCase) -> tuple[str, ...]:
    return BACKLOGS if case.endpoint.is_asynchronous else ()


def _unread(case: _EndpointCase) -> _Ruling:
    reasons = [why for part in case.parts for why in part.unread]
    components = case.endpoint.inference_components
    if isinstance(components, Unread):
        reasons.append(f"Its inference components: {components.error}")
    for name in _queue(case):
        why = gap(_backlog(case, name), case.window)
        if why is not None:
            reasons.append(f"{name}: {why}")
    running = (*case.endpoint.variants, *case.endpoint.shadow_variants)
    if any(_count(variant) is None for variant in running):
        reasons.append("AWS does not say how many instances it has.")
    if not case.parts:
        reasons.append("It has no variant that could have been asked.")
    hours = hours_of(case.endpoint)
    if isinstance(hours, Unread) and is_scheduled(case.endpoint):
        reasons.append(f"When its schedule has it on is not known: {hours.error}")
    return (Verdict.UNKNOWN, tuple(reasons)) if reasons else None


def _changes(case: _EndpointCase) -> _Ruling:
    endpoint = case.endpoint
    if endpoint.has_pending_deployment or any(variant.statuses for variant in endpoint.variants):
        return Verdict.EXEMPT, ("An update is in progress.",)
    return None


def _slept(case: _EndpointCase) -> _Ruling:
    hours = hours_of(case.endpoint)
    if hours is None or isinstance(hours, Unread):
        return None
    if hours.hours_awake(case.window.start, case.window.end) > 0:
        return None
    return Verdict.EXEMPT, ("Its schedule had it asleep all the time.",)


def _too_young(case: _EndpointCase) -> _Ruling:
    if is_scheduled(case.endpoint):
        # It is made again, or changed, each morning.
        ages = [("serving what it serves since", serves_since(case.endpoint))]
    else:
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


def _costs_nothing(case: _EndpointCase) -> _Ruling:
    # Shadow variants are billed too. Scaling that may go to zero, and has not, costs as any other.
    variants = (*case.endpoint.variants, *case.endpoint.shadow_variants)
    if any(_count(variant) for variant in variants):
        return None
    return Verdict.EXEMPT, ("It runs no instance, so it costs nothing while nobody calls.",)


# In this order: use that was seen outweighs what could not be read, and that outweighs the rest.
_QUESTIONS: tuple[Callable[[_EndpointCase], _Ruling], ...] = (
    _not_in_service,
    _used,
    _answers_with_errors,
    _queues,
    _unread,
    _changes,
    _slept,
    _too_young,
    _costs_nothing,
)


def _backlog(case: _EndpointCase, name: str) -> Fact[MetricSeries]:
    return series_of(case.metrics, backlog_metric(case.endpoint.name, name))


def _count(variant: Variant) -> int | None:
    """Returns what the variant pays for while nobody calls: instances, or provisioned ones."""
    if variant.serverless is not None:
        return variant.serverless.provisioned_concurrency or 0
    return variant.instance_count


def _share_measured(case: _EndpointCase) -> float:
    """Returns the least share of days measured of a part that reports requests.

    An endpoint with inference components counts them there; its variants then report nothing.
    The counters of an asynchronous endpoint count events, and nobody has seen AWS publish their
    zeros; its queue is measured every minute. So the queue says which days were measured: one
    that was never measured is not an empty one.
    """
    queue = _days_of_queue(case)
    awake = _days_awake(case)
    return min((_share(part.daily, queue, awake) for part in _counting(case.parts)), default=0.0)


def _counting(parts: tuple[PartUse, ...]) -> list[PartUse]:
    components = [part for part in parts if part.kind is PartKind.COMPONENT]
    return components or [part for part in parts if part.kind is PartKind.VARIANT]


def _days_awake(case: _EndpointCase) -> tuple[bool, ...] | None:
    """Returns on which days of the window its schedule had it on, None without a schedule."""
    hours = hours_of(case.endpoint)
    if hours is None or isinstance(hours, Unread):
        return None
    return days_awake(hours, case.window.start, case.window.end)


def _share(
    daily: tuple[float | None, ...],
    queue: tuple[bool, ...] | None,
    awake: tuple[bool, ...] | None,
) -> float:
    """Returns the share of days measured, of those on which there was something to measure."""
    known = [value is not None for value in daily] if queue is None else list(queue)
    if awake is not None:
        known = [one for one, is_on in zip(known, awake, strict=False) if is_on]
    return sum(known) / len(known) if known else 0.0


def _days_of_queue(case: _EndpointCase) -> tuple[bool, ...] | None:
    """Returns on which days the whole queue was measured, None of one that has no queue."""
    days = []
    for name in _queue(case):
        series = _backlog(case, name)
        if isinstance(series, Unread):
            return ()
        values = series.between(case.window.start, case.window.end)
        days.append([value is not None for value in values])
    return tuple(all(measured) for measured in zip(*days, strict=False)) if days else None


def _confidence(measured: float, doubtful: bool, case: _EndpointCase) -> Confidence:
    """Returns how sure idleness is; what nothing can call needs no measurement."""
    if measured == 1 and not doubtful:
        return Confidence.HIGH
    awake = _days_awake(case)
    counting = _counting(case.parts)
    counted_days = min((_share(one.daily, None, awake) for one in counting), default=0.0)
    if max(measured, counted_days) >= _MOSTLY or _holds_no_model(case.endpoint):
        return Confidence.MEDIUM
    return Confidence.LOW


def _holds_no_model(endpoint: Endpoint) -> bool:
    """Whether it was made for inference components, and all of them are gone."""
    return endpoint.inference_components == () and all(
        one.model is None and one.serverless is None for one in endpoint.variants
    )


def _silence(case: _EndpointCase) -> str:
    days = case.parameters.idle_window_days
    if _holds_no_model(case.endpoint):
        return "Its inference components are gone: it runs instances for no model at all."
    count = sum(part.invocations for part in case.parts)
    names = ", ".join(f"{part.kind} {part.name}" for part in case.parts)
    said = sentence(counted(count, "invocation"))
    hours = hours_of(case.endpoint)
    if hours is not None and not isinstance(hours, Unread):
        awake = hours.hours_awake(case.window.start, case.window.end)
        return (
            f"{said} in the {counted(awake, 'hour')} of {counted(days, 'whole day')} in which its "
            f"schedule had it on, and today, asked of {names}."
        )
    return f"{said} in {counted(days, 'whole day')} and today, asked of {names}."
