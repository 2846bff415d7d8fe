"""CloudWatch's alarms: moto keeps them; here they are evaluated, and do what they are for.

They go by the service time: each is looked at every ten seconds of it, and its periods are periods
of it. SetAlarmState lasts until the next look.
"""

import logging
import threading
from bisect import bisect_right
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from moto.cloudwatch.models import Alarm, CloudWatchBackend, cloudwatch_backends

from local_aws.clock import Clock
from local_aws.hooks import Hooks
from local_aws.http.own_calls import LeftToMotoError, Operation, Request
from local_aws.services.alarm_actions import AlarmActions, Changed
from local_aws.services.alarm_expressions import ExpressionNotDoneError
from local_aws.services.alarm_metrics import Watched, window_end
from local_aws.services.alarm_rules import ALARM, EXTRA_PERIODS, INSUFFICIENT, state_of
from local_aws.services.metric_store import MetricStore, StatisticUnknownError
from local_aws.services.places import Places

LOG = logging.getLogger(__name__)

_EVERY_SECONDS = 0.1
_STEP_SECONDS = 10.0
# Long periods are not cut finer than this.
_PARTS_OF_PERIOD = 30
_KEPT = 1000

Place = tuple[str, str, str]


@dataclass
class _Course:
    """The states of one alarm over the service time."""

    alarm: Any
    watched: Watched
    looked: datetime
    moments: list[datetime] = field(default_factory=list)
    states: list[str] = field(default_factory=list)

    def add(self, moment: datetime, state: str) -> None:
        self.moments.append(moment)
        self.states.append(state)
        del self.moments[:-_KEPT], self.states[:-_KEPT]

    def first_alarm(self, since: datetime, until: datetime) -> datetime | None:
        index = bisect_right(self.moments, since) - 1
        if index >= 0 and self.states[index] == ALARM:
            return since
        for moment, state in zip(self.moments[index + 1 :], self.states[index + 1 :], strict=True):
            if moment <= until and state == ALARM:
                return moment
        return None


class Alarms:
    """The metric alarms of every account and region."""

    def __init__(self, clock: Clock, metrics: Places[MetricStore]) -> None:
        self._clock = clock
        self._metrics = metrics
        self._courses: dict[Place, _Course] = {}
        self._moment: datetime | None = None
        self._closing = threading.Event()
        self._pool = ThreadPoolExecutor(max_workers=4, thread_name_prefix="alarms")
        self.actions = AlarmActions()
        self.lock: Callable[[], AbstractContextManager[Any]] = nullcontext

    def operations(self) -> dict[str, Operation]:
        """Return the calls that see every alarm up to date; moto answers them."""
        return {"DescribeAlarms": self._describe}

    def _describe(self, _: Request) -> None:
        self.look()
        raise LeftToMotoError

    def install(self, hooks: Hooks) -> None:
        """Let moto's alarms begin without a state, keep it when they are put again, and tell."""
        alarms = self
        put = CloudWatchBackend.put_metric_alarm
        update = Alarm.update_state

        def put_metric_alarm(backend: CloudWatchBackend, **asked: Any) -> Any:
            former = backend.alarms.get(asked["name"])
            made = put(backend, **asked)
            try:
                Watched(made)
                alarms.actions.check(made)
            except (ExpressionNotDoneError, NotImplementedError) as error:
                del backend.alarms[made.name]
                if former is not None:
                    backend.alarms[made.name] = former
                raise NotImplementedError(f"the alarm {made.name}: {error}") from error
            made.state_value = INSUFFICIENT
            if former is not None:
                made.state_value = former.state_value
                made.state_reason = former.state_reason
                made.state_updated_timestamp = former.state_updated_timestamp
            place = (backend.account_id, backend.region_name, made.name)
            alarms._course(place, made, alarms._clock.service_time())
            return made

        def update_state(alarm: Alarm, reason: str, reason_data: str, state_value: str) -> None:
            before = (alarm.state_value, alarm.state_reason, alarm.state_updated_timestamp)
            update(alarm, reason, reason_data, state_value)
            if before[0] != state_value:
                alarms._changed(alarm, *before)

        hooks.replace(CloudWatchBackend, "put_metric_alarm", put_metric_alarm)
        hooks.replace(Alarm, "update_state", update_state)

    def run(self) -> None:
        """Look at the alarms again and again until `close`."""

        def tick() -> None:
            while not self._closing.wait(_EVERY_SECONDS):
                try:
                    self.look()
                except Exception:
                    # A thread would swallow it, and no alarm would ever alarm again.
                    LOG.exception("alarms were not looked at")

        threading.Thread(target=tick, name="alarms", daemon=True).start()

    def close(self) -> None:
        """Look no more; actions that are due are done."""
        self._closing.set()
        self._pool.shutdown(wait=True, cancel_futures=True)

    # ---- What roll-outs ask

    def exists(self, account: str, region: str, name: str) -> bool:
        """Whether there is a metric alarm of this name."""
        return name in cloudwatch_backends[account][region].alarms

    def first_alarm(
        self, account: str, region: str, names: tuple[str, ...], since: datetime, until: datetime
    ) -> datetime | None:
        """Return the first instant of the service time at which one of them was in ALARM."""
        self.look()
        courses = [self._courses.get((account, region, name)) for name in names]
        found = [each.first_alarm(since, until) for each in courses if each is not None]
        return min((each for each in found if each is not None), default=None)

    # ---- Evaluation

    def look(self) -> None:
        """Evaluate every alarm up to now, at each look that is due."""
        with self.lock():
            now = self._clock.service_time()
            for account, region, backend in list(cloudwatch_backends.iter_backends()):
                for alarm in list(backend.alarms.values()):
                    course = self._course((account, region, alarm.name), alarm, now)
                    if course is not None:
                        self._catch_up(self._metrics.at(account, region), course, now)

    def _course(self, place: Place, alarm: Any, now: datetime) -> _Course | None:
        course = self._courses.get(place)
        if course is not None and course.alarm is alarm:
            return course
        if alarm.rule is not None:
            return None
        # Made or put anew: looked at from the next step on.
        fresh = _Course(alarm, Watched(alarm), now)
        if course is not None and course.states and course.states[-1] == alarm.state_value:
            fresh.moments, fresh.states = course.moments, course.states
        else:
            fresh.add(now, alarm.state_value)
        self._courses[place] = fresh
        return fresh

    def _catch_up(self, store: MetricStore, course: _Course, now: datetime) -> None:
        for moment in _looks(course, store, now):
            course.looked = moment
            self._evaluate(store, course, moment)

    def _evaluate(self, store: MetricStore, course: _Course, moment: datetime) -> None:
        alarm, watched = course.alarm, course.watched
        rule = watched.rule(store, self._clock.now())
        if rule is None:
            return
        end = window_end(moment, watched.period)
        try:
            values = watched.values(store, end, rule.periods + EXTRA_PERIODS)
            state, reason = state_of(rule, values, alarm.state_value)
        except StatisticUnknownError as error:
            state, reason = INSUFFICIENT, str(error)
        if state != alarm.state_value:
            self._moment = moment
            try:
                alarm.update_state(reason, "{}", state)
            finally:
                self._moment = None

    def _changed(self, alarm: Any, before: str, before_reason: str, before_since: datetime) -> None:
        """Keep a change of state, tell it, and do what the alarm is for."""
        account, region = alarm.alarm_arn.split(":")[4], alarm.region_name
        moment = self._moment or self._clock.service_time()
        course = self._course((account, region, alarm.name), alarm, moment)
        if course is not None and (not course.states or course.states[-1] != alarm.state_value):
            course.add(moment, alarm.state_value)
        changed = Changed(
            alarm=alarm,
            account=account,
            region=region,
            before=before,
            before_reason=before_reason,
            before_since=before_since,
            state=alarm.state_value,
            reason=alarm.state_reason,
            since=self._clock.now(),
        )
        if not self._closing.is_set():
            self._pool.submit(self.actions.do, changed)


def _looks(course: _Course, store: MetricStore, now: datetime) -> Iterator[datetime]:
    """Return the instants at which an alarm is due to be looked at, in order.

    Once all data has left the alarm's periods every look tells the same: a long leap of the clock
    is looked at where there is data, and at its end.
    """
    period = course.watched.period
    step = timedelta(seconds=max(_STEP_SECONDS, period // _PARTS_OF_PERIOD // 10 * 10))
    window = timedelta(
        seconds=period * (int(course.alarm.evaluation_periods) + EXTRA_PERIODS + 1)
    ) + timedelta(minutes=2)
    moment, last = course.looked + step, course.looked + window
    pending = course.watched.data_since(store, course.looked) if now > last else []
    while moment <= now:
        yield moment
        moment += step
        while moment > last and pending:
            came = pending.pop(0)
            if came + window > last:
                moment, last = max(moment, came), came + window
        if moment > last:
            moment = max(moment, now)
