"""Lambda: what the whole run would do."""

from thriftline.audit.schemas.steps import AuditRequest, PlanActionsResponse
from thriftline.audit.steps.plan_actions import plan_actions
from thriftline.core.observability import entry_point
from thriftline.wiring import audit as wiring


@entry_point(AuditRequest)
def lambda_handler(request: AuditRequest) -> PlanActionsResponse:
    """Writes the plan of the run; see ``plan_actions``."""
    return plan_actions(request, artifacts=wiring.artifacts())
