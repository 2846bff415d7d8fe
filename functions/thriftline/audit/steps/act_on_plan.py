"""Act on the plan: one action, looked at afresh, done if it still holds, recorded and told."""

from collections.abc import Callable
from datetime import datetime
from importlib import import_module

from thriftline.audit.domain.action_kinds import StepSpec, step_spec
from thriftline.audit.domain.actions import PlannedAction, Step
from thriftline.audit.domain.findings import ApiCall
from thriftline.audit.domain.layout import plan_key, record_key
from thriftline.audit.domain.parameters import Mode
from thriftline.audit.reports.action_message import (
    ActionNotice,
    event_of,
    message_of,
)
from thriftline.audit.schemas.action_record import ActionRecord
from thriftline.audit.schemas.settings import AuditSettings, Target
from thriftline.audit.schemas.steps import ActRequest, ActResponse
from thriftline.audit.steps.acting.case import ActionCase, Outcome, declined
from thriftline.audit.steps.documents import read_plan, read_settings
from thriftline.core.aws.buckets import Bucket
from thriftline.core.aws.event_bus import EventBus
from thriftline.core.aws.executor import Executor
from thriftline.core.aws.target_clients import TargetClients
from thriftline.core.aws.topic import Topic
from thriftline.core.dataclass import dataclass
from thriftline.core.errors import AwsRequestError, ThriftlineError
from thriftline.core.wording import counted

_CODE = "thriftline.audit.steps.acting"
_ORDER = (Mode.REPORT, Mode.MARK, Mode.ACT)


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionContext:
    """What actions work with. ``allowed`` is the most that this function itself may do.

    ``clock`` tells how late it is; ``sleep`` waits, in seconds.
    """

    artifacts: Bucket
    clients_of: Callable[[str, str | None], TargetClients]
    alerts: Topic
    bus: EventBus
    allowed: Mode
    clock: Callable[[], datetime]
    sleep: Callable[[float], None]


def act_on_plan(request: ActRequest, context: ActionContext) -> ActResponse:
    """Does one action of a plan, once: what a record says is done is answered again.

    Its record is written first, then come event and message; a retry sends what is missing.

    Raises:
        ThrottledError, ServiceUnavailableError, AccessDeniedError: plan, record, event or message
            did not get through. What goes wrong in the action itself is an outcome.
        AwsRequestError: there is no such plan, or no such place in it.
    """
    if request.dry_run:
        return _rehearsed(rehearse(request, context))
    key = record_key(request.audit_id, request.index)
    text = context.artifacts.read(key)
    record = None if text is None else ActionRecord.model_validate_json(text)
    if record is None or record.outcome != "done":
        record = _record(request, context, dry_run=False)
        context.artifacts.write_json(key, record.model_dump_json(indent=1))
    if not record.announced:
        _announce(record, context)
        told = record.model_copy(update={"announced": True})
        context.artifacts.write_json(key, told.model_dump_json(indent=1))
    return ActResponse(index=request.index, outcome=record.outcome, reason=record.reason)


def rehearse(request: ActRequest, context: ActionContext) -> ActionRecord:
    """Returns the record that the action would leave, in any mode; changes and tells nothing."""
    return _record(request, context, dry_run=True)


def _rehearsed(record: ActionRecord) -> ActResponse:
    calls = tuple(
        ApiCall(one.service, one.operation, one.parameters).cli(record.region)
        for one in record.calls
    )
    return ActResponse(
        index=record.index, outcome=record.outcome, reason=record.reason, calls=calls
    )


def _record(request: ActRequest, context: ActionContext, *, dry_run: bool) -> ActionRecord:
    settings = read_settings(context.artifacts, request.audit_id)
    planned = _planned(request, context.artifacts)
    target = _target(settings, planned)
    clients = context.clients_of(target.region, target.act_role_arn)
    executor = Executor(clients, context.artifacts, dry_run=dry_run)
    why_not = None if dry_run else _not_allowed(planned, settings.mode, context.allowed)
    if why_not is None and target.audit_role_arn and not target.act_role_arn:
        why_not = f"There is no role that acts in account {target.account}."
    case = ActionCase(
        audit_id=request.audit_id,
        index=request.index,
        planned=planned,
        target=target,
        parameters=settings.parameters,
        clients=clients,
        artifacts=context.artifacts,
        executor=executor,
        audited=settings.started,
        now=request.now,
        sleep=context.sleep,
    )
    outcome = declined(why_not) if why_not is not None else _done(case)
    return ActionRecord(
        audit_id=request.audit_id,
        index=request.index,
        action=planned.action,
        step=planned.step,
        account=planned.account,
        region=planned.region,
        resource_type=planned.resource_type,
        resource=planned.resource,
        finding=planned.finding,
        planned_because=planned.reason,
        outcome=outcome.outcome,
        reason=outcome.reason,
        started=request.now,
        ended=max(request.now, context.clock()),
        calls=tuple(executor.calls),
        saved_uri=outcome.saved_uri,
        undo=outcome.undo,
    )


def _planned(request: ActRequest, artifacts: Bucket) -> PlannedAction:
    plan = read_plan(artifacts, request.audit_id)
    if plan is None or request.index >= len(plan.actions):
        count = "no plan" if plan is None else counted(len(plan.actions), "action")
        raise AwsRequestError(
            f"{artifacts.uri(plan_key(request.audit_id))} has {count}; there is no action "
            f"{request.index}."
        )
    return plan.actions[request.index]


def _target(settings: AuditSettings, planned: PlannedAction) -> Target:
    for target in settings.targets:
        if (target.account, target.region) == (planned.account, planned.region):
            return target
    raise AwsRequestError(
        f"{planned.account}/{planned.region} is not a target of audit {settings.audit_id}."
    )


def _not_allowed(planned: PlannedAction, asked: Mode, allowed: Mode) -> str | None:
    """Returns why neither this function nor this audit may do it."""
    if planned.withheld is not None:
        return planned.withheld
    if planned.step is Step.WAIT:
        return "It waits for the end of its grace."
    needed = Mode.MARK if planned.step is Step.MARK else Mode.ACT
    for who, mode in (("This function's mode", allowed), ("The audit's mode", asked)):
        if _ORDER.index(mode) < _ORDER.index(needed):
            return f"{who} is {mode}; this needs {needed}."
    return None if planned.executes else "The plan does not say that it is to be done."


def _done(case: ActionCase) -> Outcome:
    spec = step_spec(case.planned.action, case.planned.step)
    if spec is None:
        return declined(f"The action {case.planned.action} does nothing at this step.")
    try:
        return code_of(spec)(case)
    except ThriftlineError as error:
        return _went_wrong(case, error)


def code_of(spec: StepSpec) -> Callable[[ActionCase], Outcome]:
    """Returns the function that does a step; only its module is imported."""
    module, _, function = spec.code.partition(":")
    found: Callable[[ActionCase], Outcome] = getattr(import_module(f"{_CODE}.{module}"), function)
    return found


def _went_wrong(case: ActionCase, error: ThriftlineError) -> Outcome:
    if not case.executor.calls:
        return declined(f"Its present state could not be read, so nothing was done: {error}")
    return Outcome(
        "failed",
        f"{error} The calls before are recorded; the next run goes on, or puts things back.",
        case.planned.undo,
    )


def _announce(record: ActionRecord, context: ActionContext) -> None:
    told = ActionNotice(
        action=record.action,
        step=record.step,
        resource_type=record.resource_type,
        resource=record.resource,
        account=record.account,
        region=record.region,
        outcome=record.outcome,
        reason=record.reason,
        planned_because=record.planned_because,
        calls=tuple(
            f"{one.service}:{one.operation}" + (f" ({one.error})" if one.error else "")
            for one in record.calls
        ),
        undo=record.undo,
        saved_uri=record.saved_uri,
        record_uri=context.artifacts.uri(record_key(record.audit_id, record.index)),
    )
    context.bus.put(event_of(told, record.audit_id, record.index))
    context.alerts.send(message_of(told, record.audit_id))
