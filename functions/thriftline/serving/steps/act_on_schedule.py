"""Puts an endpoint to sleep, or wakes it, in calls that each do what can be done by then.

    sleep: take the lock → save a copy, read it back → deregister its scaling, delete components
           → look once more → delete the endpoint
    wake:  make it again from the copy → wait until it is in service → components, scaling

Nothing is taken away before its copy is saved. Asked again, each goes on from where it is. While a
deployment has the lock both wait. Config and models stay, for they cost nothing.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from thriftline.core.aws.buckets import Bucket
from thriftline.core.aws.endpoints.components import delete_components
from thriftline.core.aws.endpoints.copies import CopyOrder, live_endpoint, read_copy, read_tags
from thriftline.core.aws.endpoints.recreation import Marks, Recreation
from thriftline.core.aws.endpoints.scaling import deregister
from thriftline.core.aws.event_bus import EventBus
from thriftline.core.aws.executor import Executor
from thriftline.core.aws.target_clients import TargetClients
from thriftline.core.aws.topic import Topic
from thriftline.core.dataclass import dataclass
from thriftline.core.errors import ServiceUnavailableError
from thriftline.core.kept import UPDATE, reading
from thriftline.core.message import Message
from thriftline.core.saved_endpoint import SavedEndpoint
from thriftline.core.tags import SCHEDULE_TAG, SERVED_SINCE_TAG
from thriftline.serving.aws.endpoints_table import EndpointsTable
from thriftline.serving.domain.schedules import (
    WAKING_TAG,
    WOKEN_TAG,
    Phase,
    Schedule,
    asleep_key,
)
from thriftline.serving.domain.versions import EndpointState
from thriftline.serving.schemas.events import EndpointSlept, EndpointWoke
from thriftline.serving.schemas.schedules import ActOnScheduleRequest, ActOnScheduleResponse
from thriftline.serving.steps.schedule_items import read_schedule, write_phase

_LOCK = timedelta(minutes=15)
# Two hours of half a minute each: what still changes then is a person's.
_MOST_TRIES = 240
_MARKS = Marks(unfinished=WAKING_TAG, finished=WOKEN_TAG)
_IN_SERVICE, _DELETING = "InService", "Deleting"


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleSite:
    """Where a schedule acts."""

    account: str
    region: str
    table: EndpointsTable
    clients: TargetClients
    artifacts: Bucket
    alerts: Topic
    bus: EventBus
    now: datetime
    sleep: Callable[[float], None]

    def executor(self) -> Executor:
        """Returns what makes the calls that change something."""
        return Executor(self.clients, self.artifacts)


@dataclass(frozen=True, slots=True)
class _Ending:
    outcome: Any
    reason: str
    left: tuple[str, ...] = ()


def act_on_schedule(request: ActOnScheduleRequest, site: ScheduleSite) -> ActOnScheduleResponse:
    """Does what can be done now of a sleep or a waking; see the module.

    Raises:
        ThriftlineError: something could not be read, or was refused; asking again goes on.
    """
    if request.failure is not None:
        ending = _report(request, site, f"{request.failure.error}: {request.failure.message}")
        return _response(request, ending)
    state, schedule = (
        site.table.state(request.endpoint),
        read_schedule(site.table, request.endpoint),
    )
    if state is None or schedule is None:
        return _response(request, _Ending("refused", "It has no schedule of this stack."))
    owner = f"schedule-{request.action}"
    locked = EndpointState(
        endpoint=state.endpoint,
        project=state.project,
        kind=state.kind,
        lock_owner=owner,
        lock_until=site.now + _LOCK,
    )
    if not site.table.lock(locked, site.now):
        ending = _Ending("waiting", f"{state.lock_owner} changes it.")
    else:
        act = _sleep if request.action == "sleep" else _wake
        ending = act(request.endpoint, schedule, site)
        if ending.outcome != "waiting":
            site.table.unlock(request.endpoint, owner)
    if ending.outcome == "waiting" and request.tries + 1 >= _MOST_TRIES:
        site.table.unlock(request.endpoint, owner)
        ending = _report(request, site, f"It was not done in time: {ending.reason}")
    elif ending.outcome == "refused":
        _report(request, site, ending.reason)
    return _response(request, ending)


def _response(request: ActOnScheduleRequest, ending: _Ending) -> ActOnScheduleResponse:
    return ActOnScheduleResponse(
        endpoint=request.endpoint,
        action=request.action,
        outcome=ending.outcome,
        reason=ending.reason,
        left=ending.left,
        tries=request.tries + 1,
    )


def _report(request: ActOnScheduleRequest, site: ScheduleSite, why: str) -> _Ending:
    what = "put to sleep" if request.action == "sleep" else "woken up"
    fix = (
        "It stays on and costs what it costs."
        if request.action == "sleep"
        else "Nobody is served until it is there: `thriftline endpoints schedule` shows what is "
        "known, and its copy lies under "
        f"{site.artifacts.uri(f'serving/{request.endpoint}/asleep/')}."
    )
    sentence = f"The schedule could not have the endpoint {request.endpoint} {what}."
    site.alerts.send(
        Message(
            kind="schedule",
            tone="problem",
            thread=f"schedule {request.endpoint}",
            title=f"Thriftline: {request.endpoint} was not {what}",
            sentence=sentence,
            detail=why,
            next_steps=(fix,),
            text=f"{sentence}\n\n{why}\n\n{fix}\n",
        )
    )
    return _Ending("reported", why)


# ---- Sleep


def _sleep(endpoint: str, schedule: Schedule, site: ScheduleSite) -> _Ending:
    live = live_endpoint(site.clients, endpoint)
    if live is None or live["EndpointStatus"] == _DELETING:
        return _is_gone(endpoint, schedule, live, site)
    against = _against_sleep(live, schedule, site)
    if against is not None:
        return against
    copy = _saved(endpoint, schedule, live, site)
    executor = site.executor()
    write_phase(site.table, endpoint, Phase.FALLING_ASLEEP, asleep_key(endpoint, copy.created))
    for target in copy.targets:
        deregister(executor, target)
    delete_components(executor, site.clients, copy.components, site.sleep)
    last = live_endpoint(site.clients, endpoint)
    if last is not None and last["EndpointStatus"] != _DELETING:
        if last["EndpointStatus"] != _IN_SERVICE or last["CreationTime"] != copy.created:
            return _Ending("waiting", f"It is {last['EndpointStatus']} now.")
        executor.call("sagemaker", "DeleteEndpoint", {"EndpointName": endpoint})
    return _fell_asleep(copy, schedule, site)


def _is_gone(
    endpoint: str, schedule: Schedule, live: dict[str, Any] | None, site: ScheduleSite
) -> _Ending:
    if schedule.phase is Phase.FALLING_ASLEEP and schedule.copy_key is not None:
        return _fell_asleep(_read_copy(schedule.copy_key, site), schedule, site)
    if schedule.phase is Phase.ASLEEP:
        return _Ending("nothing", "It sleeps already.")
    said = "is being deleted" if live else "is not there"
    return _Ending("nothing", f"The endpoint {endpoint} {said}, and not by its schedule.")


def _against_sleep(live: dict[str, Any], schedule: Schedule, site: ScheduleSite) -> _Ending | None:
    if schedule.hours is None:
        return _Ending("nothing", "Its schedule was taken away.")
    status = live["EndpointStatus"]
    if status == "Failed":
        return _Ending("refused", "The endpoint failed; only a person ends that.")
    if status != _IN_SERVICE:
        return _Ending("waiting", f"It is {status}.")
    tags = read_tags(site.clients.client("sagemaker"), live["EndpointArn"])
    if SCHEDULE_TAG not in tags:
        return _Ending(
            "refused", f"Somebody took its tag {SCHEDULE_TAG} away; it is left as it is."
        )
    return None


def _saved(
    endpoint: str, schedule: Schedule, live: dict[str, Any], site: ScheduleSite
) -> SavedEndpoint:
    """Returns the copy that lies in the bucket now, with all that an earlier try took away."""
    order = CopyOrder(
        account=site.account,
        region=site.region,
        role_arn=None,
        mark_tag="",
        audit_id="schedule",
        reason="Its schedule puts it to sleep.",
        now=site.now,
        allow_missing=False,
    )
    copy = read_copy(site.clients, endpoint, order)
    if schedule.copy_key is not None:
        earlier = _read_copy(schedule.copy_key, site)
        tags = copy.endpoint.tags
        is_half_made = tags.get(WAKING_TAG) == earlier.created.isoformat()
        is_half_gone = schedule.phase is Phase.FALLING_ASLEEP and earlier.created == copy.created
        if is_half_made or is_half_gone:
            copy = copy.with_removed(earlier)
    own = {key: value for key, value in copy.endpoint.tags.items() if key != WAKING_TAG}
    own.setdefault(SERVED_SINCE_TAG, copy.created.isoformat(timespec="seconds"))
    copy = copy.model_copy(update={"endpoint": copy.endpoint.model_copy(update={"tags": own})})
    site.executor().save(asleep_key(endpoint, copy.created), copy.model_dump_json(indent=1))
    return copy


def _read_copy(key: str, site: ScheduleSite) -> SavedEndpoint:
    text = site.artifacts.read(key)
    if text is None:
        raise ServiceUnavailableError(f"The saved copy {site.artifacts.uri(key)} is not there.")
    with reading(f"The saved copy {site.artifacts.uri(key)}", UPDATE):
        return SavedEndpoint.model_validate_json(text)


def _fell_asleep(copy: SavedEndpoint, schedule: Schedule, site: ScheduleSite) -> _Ending:
    key = asleep_key(copy.name, copy.created)
    write_phase(site.table, copy.name, Phase.ASLEEP, key)
    wake = schedule.hours.next_wake(site.now) if schedule.hours else None
    site.bus.put(EndpointSlept(**_about(site, copy), saved=site.artifacts.uri(key), next_wake=wake))
    when = f" until {wake:%Y-%m-%d %H:%M} UTC" if wake else ""
    return _Ending("asleep", f"Its copy is saved, and it is deleted{when}.")


# ---- Wake


def _wake(endpoint: str, schedule: Schedule, site: ScheduleSite) -> _Ending:
    live = live_endpoint(site.clients, endpoint)
    if schedule.phase is Phase.AWAKE or schedule.copy_key is None:
        return _Ending("nothing", "It does not sleep by its schedule.")
    copy = _with_present_tag(_read_copy(schedule.copy_key, site), schedule)
    again = Recreation(
        copy=copy, clients=site.clients, executor=site.executor(), marks=_MARKS, now=site.now
    )
    if live is None:
        return _Ending("waiting", "It is being made again.", again.begin())
    if live["EndpointStatus"] == _DELETING:
        return _Ending("waiting", "It is still being deleted.", again.steps())
    if live["CreationTime"] == copy.created:
        return _woken(copy, again.put_back({}), site, "Its sleep had been begun, and is undone.")
    if not again.is_ours(read_tags(site.clients.client("sagemaker"), live["EndpointArn"])):
        write_phase(site.table, endpoint, Phase.AWAKE)
        return _Ending("nothing", "Another has made the endpoint meanwhile; it is left as it is.")
    if live["EndpointStatus"] == "Failed":
        # Our own, of this waking: SageMaker found no room for it, and may find some.
        site.executor().call("sagemaker", "DeleteEndpoint", {"EndpointName": endpoint})
        why = live.get("FailureReason", "it gives no reason")
        return _Ending("waiting", f"SageMaker could not make it: {why}", again.steps())
    return _woken(copy, again.go_on(live), site, "It is as it was.")


def _with_present_tag(copy: SavedEndpoint, schedule: Schedule) -> SavedEndpoint:
    """Returns the copy with the tag of the schedule as it is now, which may have changed."""
    tags = {key: one for key, one in copy.endpoint.tags.items() if key != SCHEDULE_TAG}
    if schedule.hours is not None:
        tags[SCHEDULE_TAG] = schedule.hours.tag
    return copy.model_copy(update={"endpoint": copy.endpoint.model_copy(update={"tags": tags})})


def _woken(copy: SavedEndpoint, left: tuple[str, ...], site: ScheduleSite, reason: str) -> _Ending:
    if left:
        return _Ending("waiting", "It is being made again.", left)
    write_phase(site.table, copy.name, Phase.AWAKE)
    site.bus.put(EndpointWoke(**_about(site, copy)))
    return _Ending("awake", reason)


def _about(site: ScheduleSite, copy: SavedEndpoint) -> dict[str, Any]:
    return {
        "endpoint": copy.name,
        "account": copy.account,
        "region": copy.region,
        "config": copy.endpoint.description.get("EndpointConfigName"),
        "at": site.now,
    }
