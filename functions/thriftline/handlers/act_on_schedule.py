"""Lambda: an endpoint sleeps, or wakes, by its schedule."""

from thriftline.core.observability import entry_point
from thriftline.serving.schemas.schedules import ActOnScheduleRequest, ActOnScheduleResponse
from thriftline.serving.steps.act_on_schedule import act_on_schedule
from thriftline.wiring import schedules as wiring


@entry_point(ActOnScheduleRequest)
def lambda_handler(request: ActOnScheduleRequest) -> ActOnScheduleResponse:
    """Does what can be done by now; see ``act_on_schedule``."""
    return act_on_schedule(request, wiring.schedule_site())
