"""Whether an endpoint may be terminated: asked when it is planned, and again when it is done."""

from datetime import datetime, timedelta

from thriftline.audit.domain.facts import Unread
from thriftline.audit.domain.guard import marked_at, refusal
from thriftline.audit.domain.idle import Idleness, Verdict, assess_endpoint
from thriftline.audit.domain.inventory import Window
from thriftline.audit.domain.metrics import DAY, Metrics, series_of
from thriftline.audit.domain.parameters import AuditParameters
from thriftline.audit.domain.part_use import parts_of
from thriftline.audit.domain.questions import request_metrics
from thriftline.audit.domain.resources.endpoints import Endpoint
from thriftline.audit.domain.unknowns import has_unread
from thriftline.core.dataclass import dataclass
from thriftline.core.wording import counted, sentence


@dataclass(frozen=True, slots=True)
class Permission:
    """Whether something may be done now, and every reason why not."""

    allowed: bool
    reasons: tuple[str, ...]


def may_mark(
    endpoint: Endpoint, metrics: Metrics, now: datetime, parameters: AuditParameters
) -> Permission:
    """Returns whether an endpoint may be announced for termination.

    It must be idle by the rule, with every fact about it read: what cannot be read cannot be
    saved, and what is not saved cannot be restored.
    """
    said = assess_endpoint(endpoint, metrics, now, parameters)
    reasons = _against(endpoint, said, now, parameters)
    return Permission(not reasons, tuple(reasons))


def _against(
    endpoint: Endpoint, said: Idleness, now: datetime, parameters: AuditParameters
) -> list[str]:
    """Returns every reason against ending an endpoint, but for missing datapoints."""
    reasons = [] if said.verdict is Verdict.IDLE else [f"It is {said.verdict}.", *said.reasons]
    reasons += said.only_a_person if said.verdict is Verdict.IDLE else ()
    if has_unread(endpoint):
        reasons.append("Not everything about it could be read, so it could not be restored.")
    why = refusal(endpoint.tags, now, parameters)
    return [*reasons, why] if why else reasons


def may_plan_termination(
    endpoint: Endpoint, metrics: Metrics, now: datetime, parameters: AuditParameters
) -> Permission:
    """Returns whether an endpoint may be marked now and terminated after its grace.

    Silence alone, days for which CloudWatch has no datapoint, is enough for a mark but not for
    an end, unless ``act_on_missing_datapoints`` says so.
    """
    said = assess_endpoint(endpoint, metrics, now, parameters)
    reasons = _against(endpoint, said, now, parameters)
    if said.missing_datapoints and not parameters.act_on_missing_datapoints:
        reasons.append(
            "CloudWatch has no datapoint for some days: that is reported, and not acted on."
        )
    return Permission(not reasons, tuple(reasons))


def may_terminate(
    endpoint: Endpoint, metrics_since_mark: Metrics, now: datetime, parameters: AuditParameters
) -> Permission:
    """Returns whether an endpoint may be deleted now: the check at the moment of acting.

    ``endpoint`` and ``metrics_since_mark`` are read afresh: ``request_metrics`` of the endpoint,
    by day, from the idle window's start or the mark's day, whichever is earlier, up to ``now``.
    """
    reasons = list(may_plan_termination(endpoint, metrics_since_mark, now, parameters).reasons)
    mark = marked_at(endpoint.tags, parameters)
    if mark is None:
        reasons.append(f"It has no valid {parameters.mark_tag} tag.")
        return Permission(False, tuple(reasons))
    due = mark + timedelta(hours=parameters.grace_hours)
    if now < due:
        reasons.append(f"Its grace ends at {due:%Y-%m-%d %H:%M} UTC.")
    reasons += _seen_since(mark, endpoint, metrics_since_mark, now, parameters)
    return Permission(not reasons, tuple(reasons))


def why_too_young(endpoint: Endpoint, now: datetime, parameters: AuditParameters) -> str | None:
    """Returns why a failed endpoint is left alone for now: somebody may be looking into it."""
    old = endpoint.last_modified + timedelta(days=parameters.failed_endpoint_min_age_days)
    if now >= old:
        return None
    return f"It was last changed at {endpoint.last_modified:%Y-%m-%d %H:%M} UTC."


def _seen_since(
    mark: datetime,
    endpoint: Endpoint,
    metrics: Metrics,
    now: datetime,
    parameters: AuditParameters,
) -> list[str]:
    """Returns requests since the day of the mark, and metrics that do not reach from it to now."""
    start = mark.replace(hour=0, minute=0, second=0, microsecond=0)
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    reasons = []
    for key in request_metrics(endpoint):
        series = series_of(metrics, key)
        if isinstance(series, Unread):
            reasons.append(f"{key.name}: {series.error}")
            continue
        end = series.start + timedelta(seconds=DAY * len(series.values))
        if series.start > start or end <= today:
            reasons.append(f"{key.name} was not read from the mark to this hour.")
    parts = parts_of(endpoint, metrics, Window(start, today))
    count = sum(part.invocations for part in parts)
    failed = sum(part.errors for part in parts)
    if count > parameters.max_invocations:
        reasons.append(f"{sentence(counted(count, 'invocation'))} since it was marked.")
    if failed:
        reasons.append(f"{sentence(counted(failed, 'failed request'))} since it was marked.")
    return reasons
