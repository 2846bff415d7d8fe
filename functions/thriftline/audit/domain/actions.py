"""Plans what Thriftline would do about findings, under the caps; nothing here does it."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from math import floor

from thriftline.audit.domain.facts import Fact, ResourceKind, Tags, Unread
from thriftline.audit.domain.findings import ActionKind, ApiCall, Confidence, Finding
from thriftline.audit.domain.guard import marked_at, refusal
from thriftline.audit.domain.idle import Verdict, assess_endpoint
from thriftline.audit.domain.inventory import Inventory
from thriftline.audit.domain.parameters import AuditParameters, Mode
from thriftline.audit.domain.resource_kinds import tagged_resources, tags_by_resource
from thriftline.audit.domain.resources.endpoints import Endpoint
from thriftline.audit.domain.termination import may_mark, may_plan_termination, may_terminate
from thriftline.audit.domain.unknowns import has_unread


class Step(StrEnum):
    """How far an action is: to be announced, waiting for its grace, or to be done.

    PUT_BACK gives up a termination that was interrupted: what it took away comes back.
    """

    MARK = "mark"
    WAIT = "wait"
    EXECUTE = "execute"
    PUT_BACK = "put_back"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedAction:
    """What would be done to one resource, and why.

    ``calls`` are those of the ``step``. ``executes`` says whether this run's mode does it,
    ``withheld`` why the caps keep it back. ``due`` is the end of the grace, where there is one.
    """

    action: ActionKind
    step: Step
    resource_type: ResourceKind
    resource: str
    account: str
    region: str
    reason: str
    finding: str | None
    calls: tuple[ApiCall, ...]
    undo: str
    due: datetime | None
    executes: bool
    withheld: str | None


@dataclass(frozen=True, slots=True)
class Refused:
    """A finding that nothing is done about, and why."""

    action: ActionKind
    resource: str
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ActionPlan:
    """``alerts`` are for a person: a cap was reached, and a whole kind of action stopped."""

    actions: tuple[PlannedAction, ...]
    refused: tuple[Refused, ...]
    alerts: tuple[str, ...]


_Planned = Iterator[PlannedAction | Refused]


def plan_actions(
    findings: Sequence[Finding],
    inventory: Inventory,
    parameters: AuditParameters,
    mode: Mode,
) -> ActionPlan:
    """Returns what the audit would do about one inventory's findings, whatever the mode allows.

    The findings are those that nobody accepted. Low confidence never leads to an action, nor
    does anything unread.
    """
    planned: list[PlannedAction] = []
    refused: list[Refused] = []
    here = [one for one in findings if one.action and _is_here(one, inventory)]
    for one in (*_for_findings(here, inventory, parameters), *_unmarks(inventory, parameters)):
        if isinstance(one, Refused):
            refused.append(one)
        else:
            planned.append(replace(one, executes=_executes(one, mode)))
    actions, alerts = _capped(planned, inventory, parameters)
    return ActionPlan(tuple(actions), tuple(refused), tuple(alerts))


def _is_here(finding: Finding, inventory: Inventory) -> bool:
    return (finding.account, finding.region) == (inventory.account, inventory.region)


def _executes(one: PlannedAction, mode: Mode) -> bool:
    if one.step is Step.WAIT or mode is Mode.REPORT:
        return False
    return mode is Mode.ACT or one.step is Step.MARK


def _for_findings(
    findings: Iterable[Finding], inventory: Inventory, parameters: AuditParameters
) -> _Planned:
    endpoints = {endpoint.name: endpoint for endpoint in inventory.endpoints}
    tags = tags_by_resource(inventory)
    half_read = {one.name for one in inventory.buckets if has_unread(one)}
    for finding in findings:
        if finding.action is None:
            continue
        if finding.action is ActionKind.TERMINATE_ENDPOINT:
            endpoint = endpoints.get(finding.resource)
            if endpoint is not None:
                yield _termination(finding, endpoint, inventory, parameters)
        elif finding.action is ActionKind.TAG_RESOURCE:
            if parameters.default_tags:
                yield from _tagging(finding, inventory, parameters)
        else:
            own = tags.get((finding.resource_type, _bucket_of(finding)))
            own = tags.get((finding.resource_type, finding.resource), own)
            why_not = _why_not(finding, own, inventory, parameters)
            if finding.resource_type is ResourceKind.BUCKET and _bucket_of(finding) in half_read:
                why_not = "Not everything about it could be read, so nothing in it is changed."
            yield _single(finding, finding.action, why_not)


def _bucket_of(finding: Finding) -> str:
    return finding.resource.split("/", 1)[0]


def _tagging(finding: Finding, inventory: Inventory, parameters: AuditParameters) -> _Planned:
    """Yields one action for those that may be tagged, and a refusal for each that may not."""
    tags = {one.place: one.tags for one in tagged_resources(inventory)}
    calls = []
    for call in finding.change.calls:
        place = tagged_by(call)
        kept = refusal(tags[place], inventory.now, parameters)
        if kept is None:
            calls.append(call)
        else:
            yield Refused(ActionKind.TAG_RESOURCE, place, (kept,))
    if calls:
        one = _planned(finding, ActionKind.TAG_RESOURCE, Step.EXECUTE, finding.summary, None)
        yield replace(one, calls=tuple(calls))


def tagged_by(call: ApiCall) -> str:
    """Returns what a call tags: an ARN, or the name of a bucket."""
    names = ("ResourceArn", "resourceARN", "Bucket")
    return str(next(call.parameters[name] for name in names if name in call.parameters))


def touched(action: PlannedAction) -> frozenset[str]:
    """Returns the resources that an action changes; one that tags is about several."""
    if action.action is ActionKind.TAG_RESOURCE and action.calls:
        return frozenset(tagged_by(call) for call in action.calls)
    return frozenset({action.resource})


def _why_not(
    finding: Finding,
    tags: Fact[Tags] | None,
    inventory: Inventory,
    parameters: AuditParameters,
) -> str | None:
    if finding.confidence is Confidence.LOW:
        return "The evidence is weak: a person decides."
    if not finding.change.calls:
        return "What there is now could not be read, so it cannot be changed safely."
    if tags is None:
        return "Its tags are not known."
    return refusal(tags, inventory.now, parameters)


def _single(finding: Finding, action: ActionKind, why_not: str | None) -> PlannedAction | Refused:
    if why_not is not None:
        return Refused(action, finding.resource, (why_not,))
    return _planned(finding, action, Step.EXECUTE, finding.summary, None)


def _planned(
    finding: Finding, action: ActionKind, step: Step, reason: str, due: datetime | None
) -> PlannedAction:
    return PlannedAction(
        action=action,
        step=step,
        resource_type=finding.resource_type,
        resource=finding.resource,
        account=finding.account,
        region=finding.region,
        reason=reason,
        finding=finding.id,
        calls=finding.change.calls,
        undo=finding.change.undo,
        due=due,
        executes=False,
        withheld=None,
    )


def _termination(
    finding: Finding, endpoint: Endpoint, inventory: Inventory, parameters: AuditParameters
) -> PlannedAction | Refused:
    asked = (endpoint, inventory.metrics, inventory.now, parameters)
    mark = marked_at(endpoint.tags, parameters)
    due = None if mark is None else mark + timedelta(hours=parameters.grace_hours)
    if may_plan_termination(*asked).allowed:
        end = ActionKind.TERMINATE_ENDPOINT
        if due is None:
            due = inventory.now + timedelta(hours=parameters.grace_hours)
            marked = _planned(finding, end, Step.MARK, finding.summary, due)
            return replace(marked, calls=_mark(endpoint, inventory.now, parameters))
        ready = may_terminate(*asked)
        if ready.allowed:
            return _planned(finding, end, Step.EXECUTE, finding.summary, due)
        return _planned(finding, end, Step.WAIT, " ".join(ready.reasons), due)
    permission = may_mark(*asked)
    if not permission.allowed:
        return Refused(ActionKind.TERMINATE_ENDPOINT, endpoint.name, permission.reasons)
    if mark is None:
        only = _planned(finding, ActionKind.MARK_ENDPOINT, Step.MARK, finding.summary, None)
        return replace(only, calls=_mark(endpoint, inventory.now, parameters))
    why = "It is marked; only missing datapoints say that it is idle, so it stays."
    return Refused(ActionKind.TERMINATE_ENDPOINT, endpoint.name, (why,))


def _mark(endpoint: Endpoint, now: datetime, parameters: AuditParameters) -> tuple[ApiCall, ...]:
    tag = {"Key": parameters.mark_tag, "Value": now.isoformat(timespec="seconds")}
    return (ApiCall("sagemaker", "AddTags", {"ResourceArn": endpoint.arn, "Tags": [tag]}),)


def _unmarks(inventory: Inventory, parameters: AuditParameters) -> _Planned:
    """Yields the marks to take away: of endpoints that somebody uses again, or wants to keep."""
    for endpoint in inventory.endpoints:
        if isinstance(endpoint.tags, Unread) or parameters.mark_tag not in dict(endpoint.tags):
            continue
        said = assess_endpoint(endpoint, inventory.metrics, inventory.now, parameters)
        kept = refusal(endpoint.tags, inventory.now, parameters)
        if said.verdict not in (Verdict.IN_USE, Verdict.QUIET) and kept is None:
            continue
        untag = {"ResourceArn": endpoint.arn, "TagKeys": [parameters.mark_tag]}
        yield PlannedAction(
            action=ActionKind.UNMARK_ENDPOINT,
            step=Step.MARK,
            resource_type=ResourceKind.ENDPOINT,
            resource=endpoint.name,
            account=inventory.account,
            region=inventory.region,
            reason=kept or " ".join(said.reasons),
            finding=None,
            calls=(ApiCall("sagemaker", "DeleteTags", untag),),
            undo="Mark it again.",
            due=None,
            executes=False,
            withheld=None,
        )


def _in_service(inventory: Inventory) -> int:
    return sum(endpoint.status == "InService" for endpoint in inventory.endpoints)


# Of how many a share is taken. Taking a mark away ends nothing, and has no cap.
_POPULATIONS: Mapping[ActionKind, Callable[[Inventory], int]] = {
    ActionKind.TERMINATE_ENDPOINT: _in_service,
    ActionKind.MARK_ENDPOINT: _in_service,
    ActionKind.DELETE_FAILED_ENDPOINT: lambda inventory: len(inventory.endpoints),
    ActionKind.STOP_NOTEBOOK: lambda inventory: len(inventory.notebooks),
    ActionKind.APPLY_LIFECYCLE_RULES: lambda inventory: len(inventory.buckets),
    ActionKind.ABORT_UPLOADS: lambda inventory: len(inventory.buckets),
    ActionKind.DELETE_ARTIFACTS: lambda inventory: sum(
        len(bucket.prefixes) for bucket in inventory.buckets if isinstance(bucket.prefixes, tuple)
    ),
    ActionKind.SET_LOG_RETENTION: lambda inventory: len(inventory.log_groups),
    ActionKind.TAG_RESOURCE: lambda inventory: sum(1 for _ in tagged_resources(inventory)),
}

CAPPED = frozenset(_POPULATIONS)


def _capped(
    planned: Sequence[PlannedAction], inventory: Inventory, parameters: AuditParameters
) -> tuple[list[PlannedAction], list[str]]:
    """Returns the actions, those of a kind above its cap withheld, and an alert for each kind."""
    # Two changes of one bucket are one resource that is touched.
    changed = {
        (one.action, resource)
        for one in planned
        if one.step is not Step.WAIT
        for resource in touched(one)
    }
    counts = Counter(action for action, _ in changed)
    why: dict[ActionKind, str] = {}
    for action, count in counts.items():
        population = _POPULATIONS.get(action)
        if population is None:
            continue
        # One may always be acted on, or a small account could never be cleaned.
        share = max(1, floor(parameters.max_action_share * population(inventory)))
        limit = min(parameters.max_actions, share)
        if count > limit:
            why[action] = (
                f"{count} x {action} in one run, of {population(inventory)}: more than {limit} "
                f"(max_actions {parameters.max_actions}, max_action_share "
                f"{parameters.max_action_share}). Nothing of this kind is done; look at them, "
                "then raise the cap."
            )
    held = [
        replace(one, withheld=why[one.action], executes=False) if one.action in why else one
        for one in planned
    ]
    return held, list(why.values())
