"""Lambda: answers that the workflow did not hear of are delivered, and old requests end."""

from thriftline.core.observability import entry_point, logger
from thriftline.runs.schemas.approval import SweepApprovalsRequest, SweepApprovalsResponse
from thriftline.runs.steps.sweep_approvals import sweep_approvals
from thriftline.wiring import runs as wiring


@entry_point(SweepApprovalsRequest)
def lambda_handler(_request: SweepApprovalsRequest) -> SweepApprovalsResponse:
    """Looks at all requests that are not done; see ``sweep_approvals``."""
    response = sweep_approvals(
        approvals=wiring.approvals_table(), executions=wiring.executions(), now=wiring.now()
    )
    if response.failed:
        logger.warning("approvals were left for the next sweep", run_ids=response.failed)
    return response
