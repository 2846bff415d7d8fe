"""The arithmetic of a roll-out: steps, waits, both fleets' seconds, and UpdateEndpoint's words."""

from collections.abc import Sequence
from typing import Any

from thriftline.core.dataclass import dataclass
from thriftline.serving.domain.kinds import Rollout, RolloutType

# The sizes in percent that a type takes, and what it is without a wish.
USUAL_PERCENT = {RolloutType.CANARY: 10, RolloutType.LINEAR: 50, RolloutType.ROLLING: 50}
PERCENT_BOUNDS = {
    RolloutType.CANARY: (1, 50),
    RolloutType.LINEAR: (10, 50),
    RolloutType.ROLLING: (5, 50),
}
MOST_WAIT_SECONDS = 3_600
LEAST_LIMIT_SECONDS, MOST_LIMIT_SECONDS = 600, 28_800
# What AWS needs for instances, image and model until a fleet answers; a roll-out's limit leaves it.
PROVISIONING_SECONDS = 420
_LIMIT_PROVISIONING_SECONDS = 1_800


@dataclass(frozen=True)
class Timings:
    """How long a roll-out lasts, and what is billed meanwhile.

    Both are billed in instance-seconds: ``new_fleet`` until the update ends, ``former_fleet`` until
    its instances go.
    """

    seconds: int
    new_fleet: int
    former_fleet: int


def step_instances(rollout: Rollout, instances: int) -> int:
    """Returns the instances of one canary, linear step or rolling batch: at least one."""
    if rollout.instances is not None:
        return rollout.instances
    return max(1, instances * percent_of(rollout) // 100)


def percent_of(rollout: Rollout) -> int:
    """Returns the size of a step in percent, the type's usual one where none is given."""
    if rollout.percent is not None:
        return rollout.percent
    return USUAL_PERCENT.get(rollout.type, 100)


def steps_of(rollout: Rollout, instances: int) -> int:
    """Returns in how many steps the traffic goes over."""
    if rollout.type is RolloutType.ALL_AT_ONCE:
        return 1
    if rollout.type is RolloutType.CANARY:
        return 2
    return -(-instances // step_instances(rollout, instances))


def waits_seconds(rollout: Rollout, instances: int) -> int:
    """Returns the sum of all waits and of the bake at the end.

    Blue/green waits between its steps and bakes after the last one; rolling waits after each.
    """
    steps = steps_of(rollout, instances)
    if rollout.type is RolloutType.ROLLING:
        return steps * rollout.wait_seconds
    return (steps - 1) * rollout.wait_seconds + rollout.bake_seconds


def watched_seconds(rollout: Rollout) -> int:
    """Returns how long alarms can see the new fleet before the first point of no return."""
    if rollout.type is RolloutType.ALL_AT_ONCE:
        return rollout.bake_seconds
    return rollout.wait_seconds


def limit_seconds(rollout: Rollout, instances: int) -> int:
    """Returns the time limit of the roll-out, reckoned from its waits where none is given."""
    if rollout.limit_seconds is not None:
        return rollout.limit_seconds
    batches = steps_of(rollout, instances) if rollout.type is RolloutType.ROLLING else 1
    needed = waits_seconds(rollout, instances) + batches * _LIMIT_PROVISIONING_SECONDS
    return max(LEAST_LIMIT_SECONDS, min(MOST_LIMIT_SECONDS, needed))


def timings_of(
    rollout: Rollout,
    instances: int,
    former_instances: int | None = None,
    provisioning_seconds: int = PROVISIONING_SECONDS,
) -> Timings:
    """Returns how long a roll-out lasts and what both fleets are billed until its end.

    Args:
        rollout: how the traffic goes over.
        instances: of the new fleet.
        former_instances: of the fleet that goes; None for as many, 0 where there is none.
        provisioning_seconds: until instances that were asked for answer.
    """
    former = instances if former_instances is None else former_instances
    if rollout.type is RolloutType.ROLLING:
        return _rolling(rollout, instances, former, provisioning_seconds)
    waits = waits_seconds(rollout, instances) if former else 0
    seconds = provisioning_seconds + waits
    return Timings(seconds, instances * seconds, former * seconds)


def _rolling(rollout: Rollout, instances: int, former: int, provisioning: int) -> Timings:
    step = step_instances(rollout, instances)
    each = provisioning + rollout.wait_seconds
    new = old = seconds = started = 0
    left = former
    while started < instances:
        batch = min(step, instances - started)
        started += batch
        seconds += each
        new += started * each
        old += left * each
        left = max(0, left - batch)
    return Timings(seconds, new, old)


def deployment_config(
    rollout: Rollout, instances: int, alarm_names: Sequence[str]
) -> dict[str, Any]:
    """Returns UpdateEndpoint's ``DeploymentConfig``."""
    config: dict[str, Any] = (
        {"RollingUpdatePolicy": _rolling_policy(rollout, instances)}
        if rollout.type is RolloutType.ROLLING
        else {"BlueGreenUpdatePolicy": _blue_green_policy(rollout, instances)}
    )
    if alarm_names:
        config["AutoRollbackConfiguration"] = _rollback(alarm_names)
    return config


def component_deployment_config(
    rollout: Rollout, copies: int, alarm_names: Sequence[str]
) -> dict[str, Any] | None:
    """Returns UpdateInferenceComponent's ``DeploymentConfig``, which knows rolling only.

    None goes all at once, without alarms.
    """
    if rollout.type is not RolloutType.ROLLING:
        return None
    size = (
        {"Type": "CAPACITY_PERCENT", "Value": percent_of(rollout)}
        if rollout.instances is None
        else {"Type": "COPY_COUNT", "Value": rollout.instances}
    )
    policy = {
        "MaximumBatchSize": size,
        "WaitIntervalInSeconds": rollout.wait_seconds,
        "MaximumExecutionTimeoutInSeconds": limit_seconds(rollout, copies),
    }
    config: dict[str, Any] = {"RollingUpdatePolicy": policy}
    if alarm_names:
        config["AutoRollbackConfiguration"] = _rollback(alarm_names)
    return config


def _rollback(alarm_names: Sequence[str]) -> dict[str, Any]:
    return {"Alarms": [{"AlarmName": name} for name in alarm_names]}


def _size(rollout: Rollout) -> dict[str, Any]:
    if rollout.instances is not None:
        return {"Type": "INSTANCE_COUNT", "Value": rollout.instances}
    return {"Type": "CAPACITY_PERCENT", "Value": percent_of(rollout)}


def _rolling_policy(rollout: Rollout, instances: int) -> dict[str, Any]:
    return {
        "MaximumBatchSize": _size(rollout),
        "WaitIntervalInSeconds": rollout.wait_seconds,
        "MaximumExecutionTimeoutInSeconds": limit_seconds(rollout, instances),
    }


_ROUTING = {
    RolloutType.ALL_AT_ONCE: "ALL_AT_ONCE",
    RolloutType.CANARY: "CANARY",
    RolloutType.LINEAR: "LINEAR",
}
_SIZE_KEYS = {RolloutType.CANARY: "CanarySize", RolloutType.LINEAR: "LinearStepSize"}


def _blue_green_policy(rollout: Rollout, instances: int) -> dict[str, Any]:
    stepped = rollout.type is not RolloutType.ALL_AT_ONCE
    routing: dict[str, Any] = {
        "Type": _ROUTING[rollout.type],
        "WaitIntervalInSeconds": rollout.wait_seconds if stepped else 0,
    }
    if stepped:
        routing[_SIZE_KEYS[rollout.type]] = _size(rollout)
    return {
        "TrafficRoutingConfiguration": routing,
        "TerminationWaitInSeconds": rollout.bake_seconds,
        "MaximumExecutionTimeoutInSeconds": limit_seconds(rollout, instances),
    }
