"""Delivers answers that the workflow did not hear of, and ends waits that nobody answered."""

from datetime import datetime

from thriftline.core.aws.executions import Executions
from thriftline.core.errors import ThriftlineError
from thriftline.runs.aws.approvals_table import ApprovalsTable
from thriftline.runs.domain.approvals import Approval, Standing
from thriftline.runs.schemas.approval import SweepApprovalsResponse
from thriftline.runs.steps.deliver_answer import deliver


def sweep_approvals(
    *, approvals: ApprovalsTable, executions: Executions, now: datetime
) -> SweepApprovalsResponse:
    """Looks at each request that is not done; one that cannot be helped now is helped later."""
    delivered, expired, failed = [], [], []
    for run_id in approvals.pending():
        try:
            approval = _expired_by_now(approvals.get(run_id), approvals, now)
            if approval is not None and approval.standing is Standing.EXPIRED:
                expired.append(run_id)
            if _sweep(run_id, approval, approvals, executions):
                delivered.append(run_id)
        except ThriftlineError:
            failed.append(run_id)
    return SweepApprovalsResponse(
        delivered=tuple(delivered), expired=tuple(expired), failed=tuple(failed)
    )


def _sweep(
    run_id: str, approval: Approval | None, approvals: ApprovalsTable, executions: Executions
) -> bool:
    """Returns whether an answer was delivered."""
    if approval is None or approval.counted:
        approvals.done(run_id)
    elif approval.is_to_deliver:
        return deliver(approval, approvals=approvals, executions=executions)
    elif not executions.is_running(approval.execution_arn):
        # Its clean-up did not come so far.
        approvals.withdraw(run_id)
        approvals.done(run_id)
    return False


def _expired_by_now(
    approval: Approval | None, approvals: ApprovalsTable, now: datetime
) -> Approval | None:
    if approval is None or approval.standing is not Standing.WAITING or approval.is_open(now):
        return approval
    return approvals.expire(approval.run_id, now)
