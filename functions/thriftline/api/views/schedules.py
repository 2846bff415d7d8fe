"""When an endpoint is on."""

from thriftline.api.requests import Call
from thriftline.api.schemas.endpoints import ScheduleAsk
from thriftline.api.views.known_endpoints import known_endpoint
from thriftline.serving.schemas.schedules import ChangeScheduleResponse
from thriftline.serving.steps.ask_for_schedule import ask_for_schedule
from thriftline.wiring import api_serving as wiring


def set_schedule(call: Call, body: ScheduleAsk) -> ChangeScheduleResponse:
    """Gives an endpoint a schedule, or another one."""
    state = known_endpoint(call)
    return ask_for_schedule(
        {**body.model_dump(), "endpoint": state.endpoint, "requested_by": call.caller},
        wiring.functions(),
        wiring.settings().change_schedule_function,
    )


def clear_schedule(call: Call) -> ChangeScheduleResponse:
    """Takes the schedule away: the endpoint is always on, and wakes up if it sleeps."""
    state = known_endpoint(call)
    return ask_for_schedule(
        {"endpoint": state.endpoint, "requested_by": call.caller},
        wiring.functions(),
        wiring.settings().change_schedule_function,
    )
