"""When an endpoint is on."""

from thriftline.api.answers import Accepted
from thriftline.api.problems import conflict, not_found
from thriftline.api.requests import Call
from thriftline.api.schemas.endpoints import ScheduleActAsk, ScheduleAsk
from thriftline.api.views.known_endpoints import known_endpoint
from thriftline.serving.schemas.schedules import ChangeScheduleResponse
from thriftline.serving.schemas.shown import ShownScheduleAct
from thriftline.serving.steps.ask_for_schedule import ask_for_schedule, begin_act, show_act
from thriftline.serving.steps.schedule_items import read_schedule
from thriftline.wiring import api_serving as wiring


def set_schedule(call: Call, body: ScheduleAsk) -> ChangeScheduleResponse:
    """Gives an endpoint a schedule, or another one."""
    state = known_endpoint(call)
    return ask_for_schedule(
        {**body.model_dump(), "endpoint": state.endpoint, "requested_by": call.by},
        wiring.functions(),
        wiring.settings().change_schedule_function,
    )


def clear_schedule(call: Call) -> ChangeScheduleResponse:
    """Takes the schedule away: the endpoint is always on, and wakes up if it sleeps."""
    state = known_endpoint(call)
    return ask_for_schedule(
        {"endpoint": state.endpoint, "requested_by": call.by},
        wiring.functions(),
        wiring.settings().change_schedule_function,
    )


def act_on_schedule(call: Call, body: ScheduleActAsk) -> Accepted:
    """Starts what the schedule would do at its hour: the endpoint sleeps, or wakes up."""
    state = known_endpoint(call)
    if read_schedule(wiring.endpoints_table(), state.endpoint) is None:
        raise conflict(f"{state.endpoint} has no schedule; set one first.")
    own = begin_act(
        state.endpoint,
        body.action,
        call.token,
        wiring.schedule_machine(),
        may_be_begun=call.has_key,
        now=call.now,
    )
    return Accepted(id=own, kind="schedule", href=f"/endpoints/{state.endpoint}/schedule/{own}")


def get_schedule_act(call: Call) -> ShownScheduleAct:
    """Returns how a sleep or a waking stands, or how it ended."""
    state, own = known_endpoint(call), call.parameters["id"]
    found = show_act(state.endpoint, own, wiring.schedule_machine())
    if found is None:
        raise not_found(f"{own} of {state.endpoint}")
    return found
