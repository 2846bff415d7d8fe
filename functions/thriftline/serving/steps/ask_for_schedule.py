"""Asks for another schedule, or for what a schedule does at its hour, and says how that stands."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Literal

from thriftline.core.aws.functions import Functions
from thriftline.core.aws.machines import Machines
from thriftline.core.causes import read_cause
from thriftline.core.dataclass import dataclass
from thriftline.serving.domain.experiment_names import token_digest
from thriftline.serving.schemas.schedules import ChangeScheduleRequest, ChangeScheduleResponse
from thriftline.serving.schemas.shown import ShownScheduleAct

Action = Literal["sleep", "wake"]
_ACT_ID = re.compile(r"(sleep|wake)-\d{8}T\d{6}-[0-9a-f]{8}")


@dataclass(frozen=True)
class ScheduleMachine:
    """What puts endpoints to sleep and wakes them."""

    machines: Machines
    arn: str


def ask_for_schedule(
    given: Mapping[str, Any], functions: Functions, name: str
) -> ChangeScheduleResponse:
    """Returns how an endpoint's schedule is now.

    Raises:
        DeploymentRefusedError: the endpoint can have no such schedule.
    """
    request = ChangeScheduleRequest.model_validate(given)
    answer = functions.call(name, request.model_dump(mode="json"))
    return ChangeScheduleResponse.model_validate(answer)


def begin_act(
    endpoint: str, action: Action, token: str, machine: ScheduleMachine, *, now: datetime
) -> str:
    """Starts the machine; returns the id of the act. The same token within a second is the same."""
    name = f"{action}-{now.astimezone(UTC):%Y%m%dT%H%M%S}-{token_digest(token)}"
    given = {"endpoint": endpoint, "action": action, "scheduled_time": None}
    machine.machines.start(machine.arn, name, given)
    return name


def show_act(endpoint: str, own: str, machine: ScheduleMachine) -> ShownScheduleAct | None:
    """Returns how a sleep or a waking stands or ended, None where the endpoint never had it."""
    named = _ACT_ID.fullmatch(own)
    found = machine.machines.find(machine.arn, own) if named else None
    if found is None or found.asked.get("endpoint") != endpoint:
        return None
    outcome, reason = "waiting", ""
    if found.status == "SUCCEEDED":
        outcome, reason = found.answered["outcome"], found.answered["reason"]
    elif found.status != "RUNNING":
        cause = read_cause(found.error or found.status, found.cause or "")
        outcome, reason = "reported", cause.message
    return ShownScheduleAct.model_validate(
        {
            "id": own,
            "endpoint": endpoint,
            "action": found.asked["action"],
            "outcome": outcome,
            "reason": reason,
        }
    )
