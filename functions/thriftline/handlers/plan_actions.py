"""Lambda: what the whole run would do."""

from thriftline import wiring
from thriftline.observability import entry_point
from thriftline.schemas.audit_steps import AuditRequest, PlanActionsResponse
from thriftline.steps.plan_actions import plan_actions


@entry_point(AuditRequest)
def lambda_handler(request: AuditRequest) -> PlanActionsResponse:
    """Writes the plan of the run; see ``plan_actions``."""
    return plan_actions(request, artifacts=wiring.artifacts())
