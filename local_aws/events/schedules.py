"""EventBridge Scheduler: functions and state machines are called at their times.

moto keeps schedules and calls nothing. Times are those of the clock, which a test may move on:
what fell due meanwhile is called then, in the order of its times.
"""

import threading
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from moto.core.exceptions import JsonRESTError
from moto.scheduler.exceptions import ScheduleNotFound, ValidationException
from moto.scheduler.models import EventBridgeSchedulerBackend

from local_aws.clients import Clients
from local_aws.clock import Clock
from local_aws.events.schedule_times import (
    NotDoneHereError,
    ScheduleExpressionError,
    Times,
    times_of,
)
from local_aws.hooks import Hooks

_FUNCTION, _MACHINE = ":lambda:", ":states:"
# How often the clock is looked at: an account's may be set or moved on.
_EVERY_SECONDS = 0.1
# A clock that is moved on by years owes no more than this at once.
_MOST_AT_ONCE = 1_000


def _refusal(code: str, status: int, message: str) -> Exception:
    error: Exception = JsonRESTError(code, message)
    error.code = status  # type: ignore[attr-defined]
    return error


@dataclass
class _Watched:
    """A schedule, its times, and the one that comes next."""

    backend: EventBridgeSchedulerBackend
    schedule: Any
    times: Times
    start: datetime | None
    end: datetime | None
    due: datetime | None
    id: str = field(default_factory=lambda: uuid4().hex)

    def pass_by(self, now: datetime) -> list[datetime]:
        """Return what has fallen due, and go on to what comes next."""
        found: list[datetime] = []
        while self.due is not None and self.due <= now and len(found) < _MOST_AT_ONCE:
            if self.start is None or self.due >= self.start:
                found.append(self.due)
            self.go_on(self.due)
        return found

    def go_on(self, after: datetime) -> None:
        """Wait for what comes after an instant."""
        due = self.times.after(after)
        self.due = None if due is None or (self.end is not None and due > self.end) else due


class Schedules:
    """Waits for the time of each schedule, and calls its target."""

    def __init__(self, clients: Clients, clock: Clock) -> None:
        self._clients = clients
        self._clock = clock
        self._closing = threading.Event()
        self._lock = threading.Lock()
        self._watched: dict[tuple[str, str, str, str], _Watched] = {}
        self._thread: threading.Thread | None = None

    def install(self, hooks: Hooks) -> None:
        """Let a schedule be waited for once moto has it, and groups be as AWS's are."""
        schedules = self
        backend_class = EventBridgeSchedulerBackend
        create, update = backend_class.create_schedule, backend_class.update_schedule
        create_group = backend_class.create_schedule_group
        delete_group = backend_class.delete_schedule_group

        def create_schedule(backend: EventBridgeSchedulerBackend, **request: Any) -> Any:
            _check_group(backend, request.get("group_name") or "default")
            schedules._times(request)
            return schedules._watch(backend, create(backend, **request), request)

        def update_schedule(backend: EventBridgeSchedulerBackend, **request: Any) -> Any:
            schedules._times(request)
            return schedules._watch(backend, update(backend, **request), request)

        def create_schedule_group(
            backend: EventBridgeSchedulerBackend, name: str, tags: list[dict[str, str]]
        ) -> Any:
            if name in backend.schedule_groups:
                raise _refusal("ConflictException", 409, f"Schedule group {name} already exists.")
            return create_group(backend, name, tags or [])

        def delete_schedule_group(backend: EventBridgeSchedulerBackend, name: str | None) -> None:
            if name in (None, "default"):
                raise ValidationException("The default schedule group cannot be deleted.")
            _check_group(backend, str(name))
            delete_group(backend, name)

        hooks.replace(backend_class, "create_schedule", create_schedule)
        hooks.replace(backend_class, "update_schedule", update_schedule)
        hooks.replace(backend_class, "create_schedule_group", create_schedule_group)
        hooks.replace(backend_class, "delete_schedule_group", delete_schedule_group)

    def close(self) -> None:
        """Call nothing any more."""
        self._closing.set()

    def _watch(
        self, backend: EventBridgeSchedulerBackend, schedule: Any, request: dict[str, Any]
    ) -> Any:
        times, now = self._times(request), self._clock.now()
        start, end = _instant(request.get("start_date")), _instant(request.get("end_date"))
        first = max(now, start) - timedelta(microseconds=1) if start else now
        key = (backend.account_id, backend.region_name, schedule.group_name, schedule.name)
        watched = _Watched(backend, schedule, times, start, end, None)
        watched.go_on(first)
        with self._lock:
            self._watched[key] = watched
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="schedules", daemon=True)
                self._thread.start()
        return schedule

    def _times(self, request: dict[str, Any]) -> Times:
        """Return when a schedule fires, and refuse what could not be called."""
        arn = request["target"]["Arn"]
        if _FUNCTION not in arn and _MACHINE not in arn:
            raise ValidationException(
                "The embedded AWS calls Lambda functions and state machines only."
            )
        if (request.get("flexible_time_window") or {}).get("Mode") != "OFF":
            raise ValidationException("The embedded AWS knows no flexible time windows.")
        start, end = _instant(request.get("start_date")), _instant(request.get("end_date"))
        if start and end and start >= end:
            raise ValidationException("The StartDate must come before the EndDate.")
        try:
            return times_of(
                request["schedule_expression"],
                request.get("schedule_expression_timezone"),
                start or self._clock.now(),
            )
        except (ScheduleExpressionError, NotDoneHereError) as error:
            raise ValidationException(str(error)) from error

    def _run(self) -> None:
        while not self._closing.wait(_EVERY_SECONDS):
            now = self._clock.now()
            with self._lock:
                watched = list(self._watched.items())
            due = []
            for key, one in watched:
                if not _is_kept(one):
                    self._forget(key, one)
                    continue
                due += [(moment, one) for moment in one.pass_by(now)]
            for moment, one in sorted(due, key=lambda pair: pair[0]):
                self._call(one, moment)
            for key, one in watched:
                if one.due is None:
                    self._complete(key, one)

    def _call(self, watched: _Watched, moment: datetime) -> None:
        schedule = watched.schedule
        if schedule.state != "ENABLED" or not _is_kept(watched):
            return
        arn = schedule.target["Arn"]
        text = _with_context(schedule.target.get("Input", "{}"), schedule.arn, moment)
        region = watched.backend.region_name
        # A target that is gone, or refuses, is no reason to call no other.
        with suppress(Exception):
            if _MACHINE in arn:
                self._clients.get("stepfunctions", region).start_execution(
                    stateMachineArn=arn, name=uuid4().hex, input=text
                )
            else:
                self._clients.get("lambda", region).invoke(
                    FunctionName=arn, InvocationType="Event", Payload=text.encode()
                )

    def _complete(self, key: tuple[str, str, str, str], watched: _Watched) -> None:
        self._forget(key, watched)
        schedule = watched.schedule
        if schedule.action_after_completion == "DELETE" and _is_kept(watched):
            with suppress(ScheduleNotFound):
                watched.backend.delete_schedule(schedule.group_name, schedule.name)

    def _forget(self, key: tuple[str, str, str, str], watched: _Watched) -> None:
        with self._lock:
            if self._watched.get(key) is watched:
                del self._watched[key]


def _check_group(backend: EventBridgeSchedulerBackend, name: str) -> None:
    if name not in backend.schedule_groups:
        raise _refusal("ResourceNotFoundException", 404, f"Schedule group {name} does not exist.")


def _is_kept(watched: _Watched) -> bool:
    """Whether it was neither deleted nor made anew in the meantime."""
    group = watched.backend.schedule_groups.get(watched.schedule.group_name)
    return group is not None and group.schedules.get(watched.schedule.name) is watched.schedule


def _instant(value: Any) -> datetime | None:
    if value is None:
        return None
    if isinstance(value, str):
        moment = datetime.fromisoformat(value)
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return datetime.fromtimestamp(float(value), UTC)


def _with_context(text: str, arn: str, moment: datetime) -> str:
    """Return an input with what Scheduler puts in the place of its keywords."""
    for keyword, value in (
        ("schedule-arn", arn),
        ("scheduled-time", f"{moment:%Y-%m-%dT%H:%M:%SZ}"),
        ("execution-id", uuid4().hex),
        ("attempt-number", "1"),
    ):
        text = text.replace(f"<aws.scheduler.{keyword}>", value)
    return text
