"""Lambda: an endpoint gets a schedule, another one, or none."""

from thriftline.core.observability import entry_point
from thriftline.serving.schemas.schedules import ChangeScheduleRequest, ChangeScheduleResponse
from thriftline.serving.steps.change_schedule import change_schedule
from thriftline.wiring import schedules as wiring


@entry_point(ChangeScheduleRequest)
def lambda_handler(request: ChangeScheduleRequest) -> ChangeScheduleResponse:
    """Changes it; see ``change_schedule``."""
    return change_schedule(request, wiring.scheduling_site())
