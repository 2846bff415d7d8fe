"""How a finding becomes actions: one function for each way, named by the kinds of action.

Low confidence never leads to an action, nor does anything unread.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeAlias

from thriftline.audit.domain.actions import PlannedAction, Refused, Step, tagged_by
from thriftline.audit.domain.facts import Fact, ResourceKind, Tags, Unread
from thriftline.audit.domain.findings import ActionKind, ApiCall, Confidence, Finding
from thriftline.audit.domain.guard import marked_at, refusal
from thriftline.audit.domain.idle import Verdict, assess_endpoint
from thriftline.audit.domain.inventory import Inventory
from thriftline.audit.domain.parameters import AuditParameters
from thriftline.audit.domain.resource_kinds import tagged_resources, tags_by_resource
from thriftline.audit.domain.resources.endpoints import Endpoint
from thriftline.audit.domain.termination import may_mark, may_plan_termination, may_terminate
from thriftline.audit.domain.unknowns import has_unread
from thriftline.core.dataclass import dataclass

Planned: TypeAlias = Iterator[PlannedAction | Refused]


@dataclass(frozen=True, slots=True)
class PlanningContext:
    """What plans are made from; what several findings ask for is worked out once."""

    inventory: Inventory
    parameters: AuditParameters
    endpoints: Mapping[str, Endpoint]
    tags: Mapping[tuple[ResourceKind, str], Fact[Tags]]
    half_read_buckets: frozenset[str]

    @classmethod
    def of(cls, inventory: Inventory, parameters: AuditParameters) -> "PlanningContext":
        """Returns the context of one inventory."""
        return cls(
            inventory,
            parameters,
            {endpoint.name: endpoint for endpoint in inventory.endpoints},
            tags_by_resource(inventory),
            frozenset(one.name for one in inventory.buckets if has_unread(one)),
        )


Planner: TypeAlias = Callable[[Finding, ActionKind, PlanningContext], Planned]


def plan_change(finding: Finding, action: ActionKind, context: PlanningContext) -> Planned:
    """Yields the change of the one resource that a finding is about, or why it is left alone."""
    bucket = finding.resource.split("/", 1)[0]
    own = context.tags.get((finding.resource_type, bucket))
    own = context.tags.get((finding.resource_type, finding.resource), own)
    why_not = _why_not(finding, own, context)
    is_bucket = finding.resource_type is ResourceKind.BUCKET
    if is_bucket and bucket in context.half_read_buckets:
        why_not = "Not everything about it could be read, so nothing in it is changed."
    if why_not is not None:
        yield Refused(action, finding.resource, (why_not,))
    else:
        yield _planned(finding, action, Step.EXECUTE, finding.summary, None)


def _why_not(finding: Finding, tags: Fact[Tags] | None, context: PlanningContext) -> str | None:
    if finding.confidence is Confidence.LOW:
        return "The evidence is weak: a person decides."
    if not finding.change.calls:
        return "Its present state could not be read, so it cannot be changed safely."
    if tags is None:
        return "Its tags are not known."
    return refusal(tags, context.inventory.now, context.parameters)


def plan_tags(finding: Finding, action: ActionKind, context: PlanningContext) -> Planned:
    """Yields one action for those that may be tagged, and a refusal for each that may not."""
    if not context.parameters.default_tags:
        return
    tags = {one.place: one.tags for one in tagged_resources(context.inventory)}
    calls = []
    for call in finding.change.calls:
        place = tagged_by(call)
        kept = refusal(tags[place], context.inventory.now, context.parameters)
        if kept is None:
            calls.append(call)
        else:
            yield Refused(action, place, (kept,))
    if calls:
        one = _planned(finding, action, Step.EXECUTE, finding.summary, None)
        yield replace(one, calls=tuple(calls))


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


def plan_termination(finding: Finding, action: ActionKind, context: PlanningContext) -> Planned:
    """Yields the mark of an idle endpoint, its grace, its end, or why it is left alone."""
    endpoint = context.endpoints.get(finding.resource)
    if endpoint is not None:
        yield _termination(finding, action, endpoint, context)


def _termination(
    finding: Finding, action: ActionKind, endpoint: Endpoint, context: PlanningContext
) -> PlannedAction | Refused:
    inventory, parameters = context.inventory, context.parameters
    asked = (endpoint, inventory.metrics, inventory.now, parameters)
    mark = marked_at(endpoint.tags, parameters)
    due = None if mark is None else mark + timedelta(hours=parameters.grace_hours)
    if may_plan_termination(*asked).allowed:
        if due is None:
            due = inventory.now + timedelta(hours=parameters.grace_hours)
            marked = _planned(finding, action, Step.MARK, finding.summary, due)
            return replace(marked, calls=_mark(endpoint, inventory.now, parameters))
        ready = may_terminate(*asked)
        if ready.allowed:
            return _planned(finding, action, Step.EXECUTE, finding.summary, due)
        return _planned(finding, action, Step.WAIT, " ".join(ready.reasons), due)
    permission = may_mark(*asked)
    if not permission.allowed:
        return Refused(action, endpoint.name, permission.reasons)
    if mark is None:
        only = _planned(finding, ActionKind.MARK_ENDPOINT, Step.MARK, finding.summary, None)
        return replace(only, calls=_mark(endpoint, inventory.now, parameters))
    why = "It is marked; only missing datapoints say that it is idle, so it stays."
    return Refused(action, endpoint.name, (why,))


def _mark(endpoint: Endpoint, now: datetime, parameters: AuditParameters) -> tuple[ApiCall, ...]:
    tag = {"Key": parameters.mark_tag, "Value": now.isoformat(timespec="seconds")}
    return (ApiCall("sagemaker", "AddTags", {"ResourceArn": endpoint.arn, "Tags": [tag]}),)


def plan_unmarks(inventory: Inventory, parameters: AuditParameters) -> Planned:
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
