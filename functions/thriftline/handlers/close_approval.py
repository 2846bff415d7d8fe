"""Lambda: how a request for approval was answered."""

from thriftline.core.observability import entry_point
from thriftline.runs.schemas.approval import CloseApprovalRequest, CloseApprovalResponse
from thriftline.runs.steps.close_approval import close_approval
from thriftline.wiring import runs as wiring


@entry_point(CloseApprovalRequest)
def lambda_handler(request: CloseApprovalRequest) -> CloseApprovalResponse:
    """Reads the answer; see ``close_approval``."""
    return close_approval(
        request,
        approvals=wiring.approvals_table(),
        runs=wiring.runs_table(),
        now=wiring.now(),
    )
