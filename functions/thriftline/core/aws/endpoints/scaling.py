"""Scaling of endpoints: saved whole, deregistered, and put back piece by piece."""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from thriftline.core.aws.clients import translated
from thriftline.core.aws.executor import Executor
from thriftline.core.aws.requests import plain, request_of
from thriftline.core.aws.target_clients import TargetClients
from thriftline.core.saved_endpoint import SavedTarget

_SERVICE = "application-autoscaling"
_NAMESPACE = {"ServiceNamespace": "sagemaker"}
_MOST_IDS = 50
_IDENTITY = ("ServiceNamespace", "ResourceId", "ScalableDimension")
_ACTIONS = ("AlarmActions", "OKActions", "InsufficientDataActions")
_ONCE = re.compile(r"at\((.+)\)")
_Rows = tuple[dict[str, Any], ...]


def read_targets(clients: TargetClients, resources: Sequence[str]) -> tuple[SavedTarget, ...]:
    """Returns the scalable targets of some resources, with policies, schedules and alarms.

    Raises:
        ThriftlineError: some of it could not be read.
    """
    targets: list[SavedTarget] = []
    for start in range(0, len(resources), _MOST_IDS):
        some = list(resources[start : start + _MOST_IDS])
        for row in _rows(clients, "describe_scalable_targets", "ScalableTargets", ResourceIds=some):
            targets.append(_target(clients, row))
    return tuple(targets)


def _target(clients: TargetClients, row: dict[str, Any]) -> SavedTarget:
    one = {name: row[name] for name in ("ResourceId", "ScalableDimension")}
    policies = _rows(clients, "describe_scaling_policies", "ScalingPolicies", **one)
    return SavedTarget(
        description=row,
        policies=policies,
        scheduled_actions=_rows(clients, "describe_scheduled_actions", "ScheduledActions", **one),
        alarms=tuple(alarm for policy in policies for alarm in _alarms(clients, policy)),
    )


def _rows(clients: TargetClients, operation: str, key: str, **parameters: Any) -> _Rows:
    with translated(f"{_SERVICE}:{operation}"):
        pages = clients.client(_SERVICE).get_paginator(operation)
        found = [
            row for page in pages.paginate(**_NAMESPACE, **parameters) for row in page.get(key, ())
        ]
    return tuple(plain(row) for row in found)


def _alarms(clients: TargetClients, policy: Mapping[str, Any]) -> _Rows:
    """Returns the alarms that set off a step policy; those of target tracking AWS makes itself."""
    if policy.get("PolicyType") != "StepScaling":
        return ()
    return _alarms_where(clients, ActionPrefix=policy["PolicyARN"])


def _alarms_where(clients: TargetClients, **parameters: Any) -> _Rows:
    with translated("cloudwatch:describe_alarms"):
        pages = clients.client("cloudwatch").get_paginator("describe_alarms")
        found = [one for page in pages.paginate(**parameters) for one in page["MetricAlarms"]]
    return tuple(plain(alarm) for alarm in found)


def deregister(executor: Executor, target: SavedTarget) -> None:
    """Takes a target away; its policies and scheduled actions go with it."""
    identity = {name: target.description[name] for name in _IDENTITY}
    executor.call_if_there(_SERVICE, "DeregisterScalableTarget", identity)


def put_back_targets(
    executor: Executor, clients: TargetClients, targets: Iterable[SavedTarget], now: datetime
) -> None:
    """Registers what is missing of the saved targets, and leaves what is there as it is.

    Raises:
        ThriftlineError: something could not be read or put back; asking again goes on from there.
    """
    for target in targets:
        read = read_targets(clients, [target.identity[0]])
        live = next((one for one in read if one.identity == target.identity), None)
        if live is None:
            # Without its role: SageMaker's targets use the service's own.
            register = {key: one for key, one in target.description.items() if key != "RoleARN"}
            _put(executor, clients, "RegisterScalableTarget", register)
        arns = _put_policies(executor, clients, target, live)
        _put_scheduled_actions(executor, clients, target, live, now)
        for alarm in target.alarms:
            _point_alarm(executor, clients, alarm, arns)


def _put_policies(
    executor: Executor, clients: TargetClients, target: SavedTarget, live: SavedTarget | None
) -> Mapping[str, str]:
    """Returns by a policy's former ARN the one that it has now."""
    there = {one["PolicyName"]: one["PolicyARN"] for one in (live.policies if live else ())}
    arns = {}
    for policy in target.policies:
        name, former = policy["PolicyName"], policy["PolicyARN"]
        if name not in there:
            answer = _put(executor, clients, "PutScalingPolicy", policy)
            there[name] = answer.get("PolicyARN", former)
        arns[former] = there[name]
    return arns


def _put_scheduled_actions(
    executor: Executor,
    clients: TargetClients,
    target: SavedTarget,
    live: SavedTarget | None,
    now: datetime,
) -> None:
    there = {one["ScheduledActionName"] for one in (live.scheduled_actions if live else ())}
    for action in target.scheduled_actions:
        if action["ScheduledActionName"] not in there and not is_over(action, now):
            _put(executor, clients, "PutScheduledAction", action)


def is_over(action: Mapping[str, Any], now: datetime) -> bool:
    """Whether a scheduled action can never run again; AWS refuses to make such a one."""
    end = action.get("EndTime")
    if end is not None and datetime.fromisoformat(end) <= now:
        return True
    once = _ONCE.fullmatch(action["Schedule"])
    if once is None:
        return False
    when = datetime.fromisoformat(once.group(1))
    return when.replace(tzinfo=_zone(action.get("Timezone"))) <= now


def _zone(name: str | None) -> tzinfo:
    try:
        return ZoneInfo(name) if name else UTC
    except ZoneInfoNotFoundError:
        return UTC


def _point_alarm(
    executor: Executor, clients: TargetClients, saved: Mapping[str, Any], arns: Mapping[str, str]
) -> None:
    """Lets an alarm set off the policies that it set off; they have new ARNs now.

    Deleting a step policy takes the action out of its alarm, and leaves the alarm.
    """
    now = _alarms_where(clients, AlarmNames=[saved["AlarmName"]])
    alarm = dict(now[0] if now else saved)
    for member in _ACTIONS:
        wanted = [arns[arn] for arn in saved.get(member, ()) if arn in arns]
        others = [arn for arn in alarm.get(member, ()) if arn not in arns and arn not in wanted]
        alarm[member] = [*others, *wanted]
    if not now or any(set(alarm[one]) != set(now[0].get(one, ())) for one in _ACTIONS):
        request = request_of(clients.client("cloudwatch"), "PutMetricAlarm", alarm)
        executor.call("cloudwatch", "PutMetricAlarm", request)


def _put(
    executor: Executor, clients: TargetClients, operation: str, saved: Mapping[str, Any]
) -> dict[str, Any]:
    return executor.call(
        _SERVICE, operation, request_of(clients.client(_SERVICE), operation, saved)
    )
