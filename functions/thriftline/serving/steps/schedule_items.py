"""An endpoint's schedule among its items in the table of endpoints."""

from thriftline.core.kept import reading
from thriftline.core.waking_hours import WakingHours
from thriftline.serving.aws.endpoints_table import STATE, EndpointsTable
from thriftline.serving.domain.schedules import SCHEDULE_ITEM, Phase, Schedule


def read_schedule(table: EndpointsTable, endpoint: str) -> Schedule | None:
    """Returns an endpoint's schedule, None when it never had one."""
    item = table.get(endpoint, SCHEDULE_ITEM)
    if item is None:
        return None
    on, off = item.get("on"), item.get("off")
    with reading(f"The schedule of {endpoint}", "Set the schedule again."):
        return Schedule(
            hours=WakingHours.of(item["timezone"], on, off) if on and off else None,
            requested_by=item.get("requested_by", ""),
            changed_at=item.get("changed_at", ""),
            phase=Phase(item.get("phase", Phase.AWAKE)),
            copy_key=item.get("copy_key"),
        )


def write_schedule(table: EndpointsTable, endpoint: str, schedule: Schedule) -> None:
    """Keeps a schedule; where the endpoint is by it is not touched."""
    hours = schedule.hours
    table.update(
        endpoint,
        SCHEDULE_ITEM,
        timezone=hours.timezone if hours else "UTC",
        on=hours.on.text if hours else None,
        off=hours.off.text if hours else None,
        requested_by=schedule.requested_by,
        changed_at=schedule.changed_at,
    )


def write_phase(
    table: EndpointsTable, endpoint: str, phase: Phase, copy_key: str | None = None
) -> None:
    """Notes where an endpoint is; what deploys reads it from the endpoint's own item."""
    more = {} if copy_key is None else {"copy_key": copy_key}
    table.update(endpoint, SCHEDULE_ITEM, phase=str(phase), **more)
    table.update(endpoint, STATE, asleep=phase is Phase.ASLEEP)
