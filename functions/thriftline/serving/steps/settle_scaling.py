"""What follows a deployment that ended in service: scaling as wished, and the schedule of the spec.

A schedule that a person gave by command stays where the spec has none.
"""

from thriftline.core.dataclass import dataclass
from thriftline.core.waking_hours import WakingHours
from thriftline.serving.domain.kinds import ServingWish
from thriftline.serving.domain.scaling import sleeps_by_scaling
from thriftline.serving.schemas.schedules import ChangeScheduleRequest
from thriftline.serving.steps.apply_scaling import apply_scaling
from thriftline.serving.steps.change_schedule import SchedulingSite, change_schedule
from thriftline.serving.steps.schedule_items import read_schedule


@dataclass(frozen=True)
class SpecSchedule:
    """The section ``schedule`` of ``serve.yaml``."""

    timezone: str
    on: str
    off: str


def settle_scaling(
    wish: ServingWish,
    endpoint: str,
    schedule: SpecSchedule | None,
    requested_by: str,
    site: SchedulingSite,
) -> tuple[str, ...]:
    """Sets scaling and schedule; returns notes for the record. Asked again it changes nothing.

    Raises:
        ThriftlineError: it could not be read or set; the endpoint serves all the same.
    """
    hours = _hours(wish, endpoint, schedule, site)
    applied = apply_scaling(wish, endpoint, site.scaling, now=site.now, hours=hours)
    if schedule is None:
        return applied.notes
    asked = ChangeScheduleRequest(
        endpoint=endpoint,
        timezone=schedule.timezone,
        on=schedule.on,
        off=schedule.off,
        requested_by=requested_by,
    )
    return (*applied.notes, *change_schedule(asked, site).notes)


def _hours(
    wish: ServingWish, endpoint: str, schedule: SpecSchedule | None, site: SchedulingSite
) -> WakingHours | None:
    if schedule is not None:
        return WakingHours.of(schedule.timezone, schedule.on, schedule.off)
    if not sleeps_by_scaling(wish.kind):
        return None
    kept = read_schedule(site.table, endpoint)
    return kept.hours if kept else None
