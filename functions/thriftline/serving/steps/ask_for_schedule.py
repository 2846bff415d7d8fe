"""Asks for another schedule, or for what a schedule does at its hour, and says how that stands."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from thriftline.core.aws.functions import Functions
from thriftline.core.aws.machines import Machines
from thriftline.core.causes import read_cause
from thriftline.core.dataclass import dataclass
from thriftline.core.kept import UPDATE, reading
from thriftline.serving.domain.experiment_names import token_digest
from thriftline.serving.schemas.schedules import ChangeScheduleRequest, ChangeScheduleResponse
from thriftline.serving.schemas.shown import ShownScheduleAct

Action = Literal["sleep", "wake"]
# As long as a key of a request is kept. Each endpoint has two acts a day, and what people ask for.
_REMEMBERED = timedelta(hours=24)
_PAGE = 200
_MOST_PAGES = 10
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
    endpoint: str,
    action: Action,
    token: str,
    machine: ScheduleMachine,
    *,
    may_be_begun: bool,
    now: datetime,
) -> str:
    """Starts the machine; returns the id of the act. The same token within a day is the same act.

    A request whose first try was cut off comes again a minute later: it must not put an endpoint to
    sleep that somebody has woken since. Only the stack's newest 2,000 acts are looked through: on a
    day with more, an act that lies behind them is begun again.

    Args:
        endpoint: that sleeps, or wakes up.
        action: which of the two.
        token: what names the request.
        machine: which does it.
        may_be_begun: whether the token may have come before; a fresh one is not looked for.
        now: the time of the request.
    """
    ending = f"-{token_digest(token)}"
    begun = _begun(endpoint, action, ending, machine, now) if may_be_begun else None
    if begun is not None:
        return begun
    name = f"{action}-{now.astimezone(UTC):%Y%m%dT%H%M%S}{ending}"
    given = {"endpoint": endpoint, "action": action, "scheduled_time": None}
    machine.machines.start(machine.arn, name, given)
    return name


def _begun(
    endpoint: str, action: Action, ending: str, machine: ScheduleMachine, now: datetime
) -> str | None:
    """Returns an endpoint's act that was started for a token within a day, None without one."""
    page: str | None = None
    for _ in range(_MOST_PAGES):
        listed, page = machine.machines.newest(machine.arn, _PAGE, page)
        for one in listed:
            if now - one.started_at > _REMEMBERED:
                return None
            if one.name.startswith(f"{action}-") and one.name.endswith(ending):
                # Eight digits of a digest: another endpoint's act may end so too.
                found = machine.machines.look(one.arn)
                if found is not None and found.asked.get("endpoint") == endpoint:
                    return one.name
        if page is None:
            return None
    return None


def show_act(endpoint: str, own: str, machine: ScheduleMachine) -> ShownScheduleAct | None:
    """Returns how a sleep or a waking stands or ended, None where the endpoint never had it.

    Raises:
        UnreadableDocumentError: another version asked for it, or ended it, in another form.
    """
    named = _ACT_ID.fullmatch(own)
    found = machine.machines.find(machine.arn, own) if named else None
    if found is None or found.asked.get("endpoint") != endpoint:
        return None
    outcome, reason = "waiting", ""
    if found.status not in ("RUNNING", "SUCCEEDED"):
        cause = read_cause(found.error or found.status, found.cause or "")
        outcome, reason = "reported", cause.message
    with reading(f"{own} of {endpoint}", UPDATE):
        if found.status == "SUCCEEDED":
            outcome, reason = found.answered["outcome"], found.answered["reason"]
        return ShownScheduleAct.model_validate(
            {
                "id": own,
                "endpoint": endpoint,
                "action": found.asked["action"],
                "outcome": outcome,
                "reason": reason,
            }
        )
