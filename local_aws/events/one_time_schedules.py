"""EventBridge Scheduler for what happens once: a Lambda function is called at a time.

moto keeps schedules and calls nothing. Those that repeat are refused here, rather than kept
without effect.
"""

import re
import threading
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from moto.scheduler.exceptions import ScheduleNotFound, ValidationException
from moto.scheduler.models import EventBridgeSchedulerBackend

from local_aws.clients import Clients
from local_aws.clock import Clock
from local_aws.hooks import Hooks

_AT = re.compile(r"at\((\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})\)")
_FUNCTION = re.compile(r"arn:aws:lambda:[a-z0-9-]+:\d{12}:function:.+")
# How often the clock is looked at: an account's may be set or moved on.
_EVERY_SECONDS = 0.1


class OneTimeSchedules:
    """Waits for the time of each schedule, and calls its function."""

    def __init__(self, clients: Clients, clock: Clock) -> None:
        self._clients = clients
        self._clock = clock
        self._closing = threading.Event()

    def install(self, hooks: Hooks) -> None:
        """Let a schedule be waited for once moto has it."""
        schedules = self
        create = EventBridgeSchedulerBackend.create_schedule

        def create_schedule(backend: EventBridgeSchedulerBackend, **request: Any) -> Any:
            moment = _moment(request)
            made = create(backend, **request)
            waiting = threading.Thread(
                target=schedules._call_at, args=(moment, backend, made), daemon=True
            )
            waiting.start()
            return made

        hooks.replace(EventBridgeSchedulerBackend, "create_schedule", create_schedule)

    def close(self) -> None:
        """Call nothing any more."""
        self._closing.set()

    def _call_at(
        self, moment: datetime, backend: EventBridgeSchedulerBackend, schedule: Any
    ) -> None:
        while self._clock.now() < moment:
            if self._closing.wait(_EVERY_SECONDS):
                return
        if not _is_kept(backend, schedule):
            return
        self._clients.get("lambda", backend.region_name).invoke(
            FunctionName=schedule.target["Arn"],
            InvocationType="Event",
            Payload=schedule.target.get("Input", "{}").encode(),
        )
        if schedule.action_after_completion == "DELETE":
            backend.delete_schedule(schedule.group_name, schedule.name)


def _is_kept(backend: EventBridgeSchedulerBackend, schedule: Any) -> bool:
    """Whether it was neither deleted nor made anew in the meantime."""
    try:
        return bool(backend.get_schedule(schedule.group_name, schedule.name) is schedule)
    except ScheduleNotFound:
        return False


def _moment(request: dict[str, Any]) -> datetime:
    found = _AT.fullmatch(request["schedule_expression"])
    if found is None:
        raise ValidationException(
            "The embedded AWS calls what is scheduled once: ScheduleExpression must be "
            f"at(yyyy-mm-ddThh:mm:ss), not {request['schedule_expression']}"
        )
    if not _FUNCTION.fullmatch(request["target"]["Arn"]):
        raise ValidationException("The embedded AWS calls Lambda functions only.")
    if (request.get("flexible_time_window") or {}).get("Mode") != "OFF":
        raise ValidationException("The embedded AWS knows no flexible time windows.")
    if request.get("state") == "DISABLED":
        raise ValidationException("The embedded AWS keeps no schedule that does nothing.")
    zone = ZoneInfo(request.get("schedule_expression_timezone") or "UTC")
    return datetime.fromisoformat(found.group(1)).replace(tzinfo=zone).astimezone(UTC)
