"""Asks a person whether a run may spend what its plan says, once."""

from datetime import datetime, timedelta
from decimal import Decimal

from thriftline.core.aws.buckets import Bucket
from thriftline.core.aws.secrets import Secret
from thriftline.core.aws.topic import Topic
from thriftline.core.dataclass import dataclass
from thriftline.runs.aws.approvals_table import ApprovalsTable
from thriftline.runs.aws.runs_table import RunsTable
from thriftline.runs.domain.approvals import Approval, Link, Part, Standing, asks_again_above
from thriftline.runs.domain.listed_runs import WAITING
from thriftline.runs.reports.approval_message import message_of
from thriftline.runs.schemas.approval import RequestApprovalRequest, RequestApprovalResponse
from thriftline.runs.schemas.preparation_plan import PreparationPlan
from thriftline.runs.steps.approval_request import view_of
from thriftline.runs.steps.preparation_attempts import PLAN
from thriftline.runs.steps.run_documents import read_document, read_plan, read_run


@dataclass(frozen=True)
class _Asked:
    worst_usd: Decimal
    above_usd: Decimal | None
    spent_usd: Decimal = Decimal(0)


def request_approval(
    request: RequestApprovalRequest,
    *,
    approvals: ApprovalsTable,
    runs: RunsTable,
    artifacts: Bucket,
    alerts: Topic,
    secret: Secret,
    base_url: str,
    stack: str,
    answer_within: timedelta,
    now: datetime,
) -> RequestApprovalResponse:
    """Keeps the workflow's token in the table and sends the message; safe to repeat.

    The token is never in the message: its link holds the run, a time and a signature.
    """
    asked = _asked(request, artifacts)
    approval = approvals.request(
        Approval(
            run_id=request.run_id,
            execution_arn=request.execution_arn,
            task_token=request.task_token,
            standing=Standing.WAITING,
            requested_at=now,
            expires_at=now + answer_within,
            worst_case_usd=asked.worst_usd,
            above_usd=asked.worst_usd if asked.above_usd is None else asked.above_usd,
            month=request.month,
            held_usd=request.held_usd,
            left_usd=request.left_usd,
            part=request.part,
            spent_usd=asked.spent_usd,
        )
    )
    if approval.is_open(now):
        runs.set_status(request.run_id, WAITING, "Wait for approval")
    if approval.is_open(now) and not approval.announced:
        view = view_of(approval, artifacts)
        link = Link.made(secret.text(), approval.run_id, approval.expires_at)
        alerts.send(message_of(view, link, base_url, stack))
        approvals.note(request.run_id, "announced")
    return RequestApprovalResponse(standing=approval.standing)


def _asked(request: RequestApprovalRequest, artifacts: Bucket) -> _Asked:
    """Returns the dollars of the question: those of the preparation, or of the run with it."""
    if request.part is Part.PREPARATION:
        preparing = read_document(artifacts, request.run_id, PLAN, PreparationPlan)
        return _Asked(preparing.most_usd, preparing.approval_above_usd)
    run, plan = read_run(artifacts, request.run_id), read_plan(artifacts, request.run_id)
    if run.preparation is None:
        return _Asked(plan.worst_case_usd, plan.approval_above_usd)
    spent = run.preparation.charged_usd
    above = asks_again_above(plan.approval_above_usd, run.preparation.approved_usd)
    return _Asked(plan.worst_case_usd + spent, above, spent)
