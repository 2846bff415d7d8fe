"""Lambda: one action of the plan, in a function whose role can act.

``AUDIT_MODE`` is the most that the function may do.
"""

import time

from thriftline.audit.domain.parameters import Mode
from thriftline.audit.schemas.steps import ActRequest, ActResponse
from thriftline.audit.steps.act_on_plan import ActionContext, act_on_plan
from thriftline.core.observability import entry_point
from thriftline.wiring import audit as wiring


@entry_point(ActRequest)
def lambda_handler(request: ActRequest) -> ActResponse:
    """Does the action if it still holds; see ``act_on_plan``."""
    begun = wiring.now()
    context = ActionContext(
        artifacts=wiring.artifacts(),
        clients_of=wiring.acting_clients,
        alerts=wiring.alerts(),
        bus=wiring.event_bus(),
        allowed=Mode(wiring.settings().audit_mode),
        clock=lambda: request.now + (wiring.now() - begun),
        sleep=time.sleep,
    )
    return act_on_plan(request, context)
