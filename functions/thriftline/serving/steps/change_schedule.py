"""Gives an endpoint a schedule, another one, or none.

A kind that SageMaker takes down to none keeps it by scheduled bounds of its scaling. Any other is
deleted at its off time and made again at its on time, by ``act_on_schedule``.
"""

from datetime import datetime, timedelta
from typing import Any

from thriftline.core.aws.endpoints.copies import live_endpoint, set_tag
from thriftline.core.aws.target_clients import TargetClients
from thriftline.core.dataclass import dataclass
from thriftline.core.errors import DeploymentRefusedError
from thriftline.core.tags import SCHEDULE_TAG
from thriftline.core.waking_hours import WakingHours, WakingHoursError
from thriftline.serving.aws.endpoint_scaling import EndpointScaling
from thriftline.serving.aws.endpoints_table import EndpointsTable
from thriftline.serving.aws.recurring_schedules import RecurringSchedules
from thriftline.serving.domain.kinds import Kind
from thriftline.serving.domain.scaling import scaled_resource, sleeps_by_scaling
from thriftline.serving.domain.schedules import Phase, Schedule, schedule_names
from thriftline.serving.schemas.schedules import ChangeScheduleRequest, ChangeScheduleResponse
from thriftline.serving.steps.schedule_items import read_schedule, write_schedule

_SOON = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class SchedulingSite:
    """Where a schedule is kept."""

    table: EndpointsTable
    schedules: RecurringSchedules
    scaling: EndpointScaling
    clients: TargetClients
    now: datetime


def change_schedule(request: ChangeScheduleRequest, site: SchedulingSite) -> ChangeScheduleResponse:
    """Changes a schedule; asked again it changes nothing.

    Raises:
        DeploymentRefusedError: there is no such endpoint, or it can have no such schedule.
        ThriftlineError: something could not be read or set; asking again goes on.
    """
    state = site.table.state(request.endpoint)
    if state is None:
        raise DeploymentRefusedError(
            f"{request.endpoint} is no endpoint of this stack: deploy a version to it first."
        )
    kind, hours = Kind(state.kind), _hours(request)
    if kind is Kind.SERVERLESS:
        raise DeploymentRefusedError(
            f"{request.endpoint} is serverless and costs nothing while nobody asks: it needs no "
            "schedule."
        )
    former = read_schedule(site.table, request.endpoint)
    write_schedule(
        site.table, request.endpoint, Schedule(hours, request.requested_by, site.now.isoformat())
    )
    notes = (
        _by_bounds(request.endpoint, kind, hours, site)
        if sleeps_by_scaling(kind)
        else _by_deletion(request.endpoint, hours, former, site)
    )
    _tag(request.endpoint, hours, site)
    return _response(request.endpoint, hours, notes, site.now)


def _hours(request: ChangeScheduleRequest) -> WakingHours | None:
    if request.on is None and request.off is None:
        return None
    if request.on is None or request.off is None:
        raise DeploymentRefusedError("A schedule has both: say when it is on and when it is off.")
    try:
        return WakingHours.of(request.timezone, request.on, request.off)
    except WakingHoursError as error:
        raise DeploymentRefusedError(f"The schedule cannot be used: {error}") from error


def _by_deletion(
    endpoint: str, hours: WakingHours | None, former: Schedule | None, site: SchedulingSite
) -> tuple[str, ...]:
    off, on = schedule_names(endpoint)
    wake = {"endpoint": endpoint, "action": "wake"}
    if hours is not None:
        sleep = {"endpoint": endpoint, "action": "sleep"}
        site.schedules.put(off, hours.off.expression, hours.timezone, sleep)
        site.schedules.put(on, hours.on.expression, hours.timezone, wake)
        return ()
    site.schedules.delete(off)
    if former is not None and former.phase is not Phase.AWAKE:
        # Nobody else would ever wake it up.
        site.schedules.put_once(on, site.now + _SOON, wake)
        return ("It sleeps, and is woken up within two minutes.",)
    site.schedules.delete(on)
    return ()


def _by_bounds(
    endpoint: str, kind: Kind, hours: WakingHours | None, site: SchedulingSite
) -> tuple[str, ...]:
    resource, dimension = scaled_resource(kind, endpoint)
    if site.scaling.set_hours(resource, dimension, hours):
        return ()
    return ("It has no scaling yet: its next deployment sets the bounds of the schedule.",)


def _tag(endpoint: str, hours: WakingHours | None, site: SchedulingSite) -> None:
    """Lets audits know when it is on; one that sleeps gets the tag as it wakes."""
    live = live_endpoint(site.clients, endpoint)
    if live is None or live["EndpointStatus"] == "Deleting":
        return
    set_tag(site.clients, live["EndpointArn"], SCHEDULE_TAG, hours.tag if hours else None)


def _response(
    endpoint: str, hours: WakingHours | None, notes: tuple[str, ...], now: datetime
) -> ChangeScheduleResponse:
    if hours is None:
        return ChangeScheduleResponse(endpoint=endpoint, outcome="always on", notes=notes)
    facts: dict[str, Any] = {
        "timezone": hours.timezone,
        "on": hours.on.expression,
        "off": hours.off.expression,
        "hours_a_month": round(hours.hours_a_month(now), 1),
        "next_wake": hours.next_wake(now),
    }
    return ChangeScheduleResponse(endpoint=endpoint, outcome="scheduled", notes=notes, **facts)
