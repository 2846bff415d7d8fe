"""What a schedule is called, and where what sleeps is kept."""

from datetime import datetime
from enum import StrEnum

from thriftline.core.dataclass import dataclass
from thriftline.core.waking_hours import WakingHours
from thriftline.serving.domain.names import digest

# The sort key of an endpoint's schedule among its items.
SCHEDULE_ITEM = "schedule"
WAKING_TAG = "thriftline:waking-from"
WOKEN_TAG = "thriftline:woken-at"
_LONGEST_STEM = 50


class Phase(StrEnum):
    """Where an endpoint with a schedule is. Between the two states it is taken apart, or made."""

    AWAKE = "awake"
    FALLING_ASLEEP = "falling asleep"
    ASLEEP = "asleep"


@dataclass(frozen=True)
class Schedule:
    """An endpoint's schedule as it is kept; ``copy_key`` is that of the last saved copy."""

    hours: WakingHours | None
    requested_by: str
    changed_at: str
    phase: Phase = Phase.AWAKE
    copy_key: str | None = None


def schedule_names(endpoint: str) -> tuple[str, str]:
    """Returns what the two schedules of EventBridge Scheduler are called: off, and on."""
    stem = f"{endpoint[:_LONGEST_STEM].rstrip('-')}-{digest(endpoint)}"
    return f"{stem}-off", f"{stem}-on"


def asleep_key(endpoint: str, created: datetime) -> str:
    """Returns where the copy of one life of an endpoint lies in the artifacts bucket."""
    return f"serving/{endpoint}/asleep/{created:%Y%m%dT%H%M%S%f}.json"
