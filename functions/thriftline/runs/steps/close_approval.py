"""Reads how a request for approval was answered, when the workflow was woken up."""

from datetime import datetime

from thriftline.core.errors import ApprovalExpiredError, ApprovalRejectedError
from thriftline.runs.aws.approvals_table import ApprovalsTable
from thriftline.runs.aws.runs_table import RunsTable
from thriftline.runs.domain.approvals import Approval, Part, Standing
from thriftline.runs.domain.listed_runs import RUNNING
from thriftline.runs.domain.quotes import round_up
from thriftline.runs.schemas.approval import CloseApprovalRequest, CloseApprovalResponse

_AGAIN = "To ask again, upload the data set again: a new version, a new run."


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
        raise ApprovalExpiredError(
            f"Run {request.run_id} asked nobody for approval. Nothing was spent. {_AGAIN}"
        )
    if approval.standing is Standing.WAITING:
        if not request.timed_out and approval.is_open(now):
            return CloseApprovalResponse(approved=False)
        approval = approvals.expire(request.run_id, now) or approval
    approvals.note(request.run_id, "counted")
    approvals.done(request.run_id)
    if approval.standing is Standing.APPROVED:
        if approval.part is Part.PREPARATION:
            # Its request may make way for one of the run.
            runs.update(request.run_id, preparation_approved=_answer(approval))
        runs.set_status(request.run_id, RUNNING, "Close approval")
        return CloseApprovalResponse(approved=True, answered_by=approval.answered_by)
    raise _refusal(approval)


def _answer(approval: Approval) -> dict[str, str | None]:
    return {
        "usd": str(approval.worst_case_usd),
        "by": approval.answered_by,
        "at": approval.answered_at.isoformat() if approval.answered_at else None,
    }


def _refusal(approval: Approval) -> Exception:
    what = "Its preparation" if approval.part is Part.PREPARATION else "It"
    asked = (
        f"{what} may cost up to {approval.worst_case_usd} USD, which is above the "
        f"{approval.above_usd} USD from which a person is asked. {_spent(approval)} {_AGAIN}"
    )
    if approval.standing is Standing.REJECTED:
        return ApprovalRejectedError(
            f"{approval.answered_by} rejected the run at {approval.answered_at:%Y-%m-%d %H:%M} "
            f"UTC. {asked}"
        )
    return ApprovalExpiredError(
        f"Nobody approved the run before {approval.expires_at:%Y-%m-%d %H:%M} UTC. {asked}"
    )


def _spent(approval: Approval) -> str:
    if not approval.spent_usd:
        return "Nothing was spent."
    return f"Its preparation took {round_up(approval.spent_usd)} USD of that, and no more is spent."
