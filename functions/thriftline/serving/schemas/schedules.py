"""What the steps of schedules are asked, and what they answer."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class _Step(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class ScheduleFailure(_Step):
    """What the machine caught."""

    error: str
    message: str


class ActOnScheduleRequest(_Step):
    """``tries`` are the calls before; with a ``failure`` it is only reported."""

    endpoint: str
    action: Literal["sleep", "wake"]
    scheduled_time: datetime | None = None
    tries: int = Field(0, ge=0)
    failure: ScheduleFailure | None = None


class ActOnScheduleResponse(_Step):
    """``waiting``: ask again after ``wait_seconds``. ``nothing``: it was so already."""

    endpoint: str
    action: Literal["sleep", "wake"]
    outcome: Literal["asleep", "awake", "waiting", "refused", "nothing", "reported"]
    reason: str
    left: tuple[str, ...] = ()
    wait_seconds: int = 30
    tries: int = 0


class ChangeScheduleRequest(_Step):
    """Without ``on`` and ``off`` the schedule is taken away; what sleeps by it wakes then."""

    endpoint: str
    timezone: str = "UTC"
    on: str | None = None
    off: str | None = None
    requested_by: str


class ChangeScheduleResponse(_Step):
    """``hours_a_month`` are those in which it is on, of 730."""

    endpoint: str
    outcome: Literal["scheduled", "always on"]
    timezone: str | None = None
    on: str | None = None
    off: str | None = None
    hours_a_month: float | None = None
    next_wake: datetime | None = None
    notes: tuple[str, ...] = ()
