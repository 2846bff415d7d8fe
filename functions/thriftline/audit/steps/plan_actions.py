"""Plan actions: what the whole run would do, and which of it its mode does."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

from thriftline.audit.domain.actions import ActionPlan
from thriftline.audit.domain.layout import PENDING_PREFIX, plan_key, result_key
from thriftline.audit.domain.run_plan import (
    Interrupted,
    executing,
    plan_run,
    why_it_stays,
)
from thriftline.audit.schemas.pending_termination import PendingTermination
from thriftline.audit.schemas.result import decode_result, encode_plan
from thriftline.audit.schemas.settings import AuditSettings
from thriftline.audit.schemas.steps import AuditRequest, PlanActionsResponse
from thriftline.audit.steps.acceptances import read_acceptances
from thriftline.audit.steps.documents import read_plan, read_settings
from thriftline.core.aws.buckets import Bucket


def plan_actions(request: AuditRequest, *, artifacts: Bucket) -> PlanActionsResponse:
    """Gathers the plans of all targets into one, and writes it; once, since actions name places.

    A target without a result contributes nothing but an alert.

    Raises:
        ThrottledError, ServiceUnavailableError, AccessDeniedError: the bucket did not answer.
        AwsRequestError: the audit has no settings.
    """
    plan = read_plan(artifacts, request.audit_id)
    if plan is None:
        plan = _plan(read_settings(artifacts, request.audit_id), artifacts)
        artifacts.write(plan_key(request.audit_id), encode_plan(plan), "application/json")
    return PlanActionsResponse(
        actions=len(plan.actions), executes=executing(plan), alerts=len(plan.alerts)
    )


def _plan(settings: AuditSettings, artifacts: Bucket) -> ActionPlan:
    plans: list[ActionPlan] = []
    for target in settings.targets:
        text = artifacts.read(result_key(settings.audit_id, target.account, target.region))
        if text is None:
            plans.append(_nothing_from(f"{target.account}/{target.region}"))
        else:
            plans.append(decode_result(text).plan)
    return plan_run(
        plans,
        tuple(_interrupted(artifacts, settings.started.date())),
        [(target.account, target.region) for target in settings.targets],
        settings.parameters.max_actions,
        settings.mode,
    )


def _nothing_from(place: str) -> ActionPlan:
    alert = f"{place} has no result: its audit failed, and nothing is planned there."
    return ActionPlan((), (), (alert,))


def _interrupted(artifacts: Bucket, today: date) -> Iterator[Interrupted]:
    accepted = read_acceptances(artifacts)
    for stored in artifacts.list(PENDING_PREFIX):
        text = artifacts.read(stored.key)
        if text is None:
            continue
        pending = PendingTermination.model_validate_json(text)
        begun = Interrupted(
            account=pending.account,
            region=pending.region,
            endpoint=pending.endpoint,
            action=pending.action,
            since=pending.since,
            reason=pending.reason,
            finding=pending.finding,
        )
        stays = why_it_stays(begun, accepted.acceptances, accepted.problem, today)
        yield replace(begun, stays=stays)
