"""Lambda: a person is asked whether the run may spend so much."""

from thriftline.core.observability import entry_point
from thriftline.runs.schemas.approval import RequestApprovalRequest, RequestApprovalResponse
from thriftline.runs.steps.request_approval import request_approval
from thriftline.wiring import runs as wiring


@entry_point(RequestApprovalRequest)
def lambda_handler(request: RequestApprovalRequest) -> RequestApprovalResponse:
    """Sends the message; see ``request_approval``."""
    return request_approval(
        request,
        approvals=wiring.approvals_table(),
        runs=wiring.runs_table(),
        artifacts=wiring.artifacts(),
        alerts=wiring.alerts(),
        secret=wiring.approval_secret(),
        base_url=wiring.settings().approval_base_url,
        stack=wiring.settings().stack_name,
        answer_within=wiring.settings().approval_wait,
        now=wiring.now(),
    )
