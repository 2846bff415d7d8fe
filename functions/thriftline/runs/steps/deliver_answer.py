"""Wakes the workflow up after an answer, or finds out that it does not wait any more."""

from thriftline.core.aws.executions import Executions
from thriftline.runs.aws.approvals_table import ApprovalsTable
from thriftline.runs.domain.approvals import Approval


def deliver(approval: Approval, *, approvals: ApprovalsTable, executions: Executions) -> bool:
    """Delivers an answer; returns False when the run ended before the answer could count.

    Safe to repeat. A token that was used already says "too late" just as one of a stopped execution
    does: while the execution runs, or once it has read the answer, the answer counts.

    Raises:
        ThrottledError, ServiceUnavailableError, AccessDeniedError: nothing is known; the answer
            is kept, and the sweep delivers it.
    """
    run_id = approval.run_id
    woken = executions.wake(approval.task_token, {"standing": approval.standing})
    if not woken and not executions.is_running(approval.execution_arn):
        latest = approvals.get(run_id)
        if latest is None or not latest.counted:
            approvals.withdraw(run_id)
            approvals.done(run_id)
            return False
    approvals.note_delivered(approval)
    return True
