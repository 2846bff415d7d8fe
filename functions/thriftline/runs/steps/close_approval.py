"""Reads how a request for approval was answered, when the workflow was woken up."""

from datetime import datetime

from thriftline.core.errors import ApprovalExpiredError, ApprovalRejectedError
from thriftline.runs.aws.approvals_table import ApprovalsTable
from thriftline.runs.aws.runs_table import RunsTable
from thriftline.runs.domain.approvals import Approval, Standing
from thriftline.runs.domain.listed_runs import RUNNING
from thriftline.runs.schemas.approval import CloseApprovalRequest, CloseApprovalResponse

_AGAIN = "Nothing was spent. To ask again, upload the data set again: a new version, a new run."


def close_approval(
    request: CloseApprovalRequest, *, approvals: ApprovalsTable, runs: RunsTable, now: datetime
) -> CloseApprovalResponse:
    """Returns whether the run may spend; False means: wait on, nobody has answered yet.

    Raises:
        ApprovalRejectedError: a person said no.
        ApprovalExpiredError: nobody answered in time.
    """
    approval = approvals.get(request.run_id)
    if approval is None:
        raise ApprovalExpiredError(f"Run {request.run_id} asked nobody for approval. {_AGAIN}")
    if approval.standing is Standing.WAITING:
        if not request.timed_out and approval.is_open(now):
            return CloseApprovalResponse(approved=False)
        approval = approvals.expire(request.run_id, now) or approval
    approvals.note(request.run_id, "counted")
    approvals.done(request.run_id)
    if approval.standing is Standing.APPROVED:
        runs.set_status(request.run_id, RUNNING, "Close approval")
        return CloseApprovalResponse(approved=True, answered_by=approval.answered_by)
    raise _refusal(approval)


def _refusal(approval: Approval) -> Exception:
    asked = (
        f"up to {approval.worst_case_usd} USD, which is above the {approval.above_usd} USD from "
        "which a person is asked"
    )
    if approval.standing is Standing.REJECTED:
        return ApprovalRejectedError(
            f"{approval.answered_by} rejected the run at {approval.answered_at:%Y-%m-%d %H:%M} "
            f"UTC. It may cost {asked}. {_AGAIN}"
        )
    return ApprovalExpiredError(
        f"Nobody approved the run before {approval.expires_at:%Y-%m-%d %H:%M} UTC. It may cost "
        f"{asked}. {_AGAIN}"
    )
