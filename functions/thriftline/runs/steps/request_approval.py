"""Asks a person whether a run may spend what its plan says, once."""

from datetime import datetime, timedelta

from thriftline.core.aws.buckets import Bucket
from thriftline.core.aws.secrets import Secret
from thriftline.core.aws.topic import Topic
from thriftline.runs.aws.approvals_table import ApprovalsTable
from thriftline.runs.aws.runs_table import RunsTable
from thriftline.runs.domain.approvals import Approval, Link, Standing
from thriftline.runs.domain.listed_runs import WAITING
from thriftline.runs.reports.approval_message import message_of
from thriftline.runs.schemas.approval import RequestApprovalRequest, RequestApprovalResponse
from thriftline.runs.steps.approval_request import view_of
from thriftline.runs.steps.run_documents import read_plan


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
    plan = read_plan(artifacts, request.run_id)
    above = plan.approval_above_usd
    approval = approvals.request(
        Approval(
            run_id=request.run_id,
            execution_arn=request.execution_arn,
            task_token=request.task_token,
            standing=Standing.WAITING,
            requested_at=now,
            expires_at=now + answer_within,
            worst_case_usd=plan.worst_case_usd,
            above_usd=plan.worst_case_usd if above is None else above,
            month=request.month,
            held_usd=request.held_usd,
            left_usd=request.left_usd,
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
