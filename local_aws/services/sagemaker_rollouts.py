"""A change of an endpoint as SageMaker stages it: what is up, who gets requests, and for how long.

The stages are written down when the change begins; `hosting.py` walks through them.
"""

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from local_aws.services.hosting_options import HostingOptions
from local_aws.services.sagemaker_store import Fleet, Properties

Counts = Mapping[str, int]
LONGEST_SECONDS = 8 * 3600


class Kind(StrEnum):
    """What is done to an endpoint."""

    CREATION = "creation"
    UPDATE = "update"
    RESIZE = "resize"
    DELETION = "deletion"


@dataclass(frozen=True)
class Stage:
    """A part of a change.

    Args:
        status: the variants' status, in SageMaker's words.
        message: what is said of it; `{active}` and `{new}` are a variant's instances.
        seconds: how long it takes, of the service time.
        active: the instances of the new fleet that get requests, by variant.
        new: the instances of the new fleet that are up.
        old: those of the former fleet.
        starts: whether the new fleet's containers must answer before it is over.
    """

    status: str
    message: str
    seconds: float
    active: Counts
    new: Counts
    old: Counts = field(default_factory=dict)
    starts: bool = False


@dataclass
class Rollout:
    """A change under way."""

    kind: Kind
    stages: list[Stage]
    # By the service time: when the present stage and the whole began.
    since: datetime
    begun: datetime
    # Time stamps of the same two, as the API shows them.
    stage_started: datetime
    started: datetime
    new: Fleet | None = None
    old: Fleet | None = None
    variants: list[Properties] = field(default_factory=list)
    shadow_variants: list[Properties] = field(default_factory=list)
    deployment: Properties = field(default_factory=dict)
    rolling_back: bool = False
    # The first instant at which the containers answered, or the reason why they never will.
    ready: datetime | None = None
    failure: str = ""
    paused: bool = False
    # How long this machine's containers have held it up: no time of SageMaker's.
    held_up: timedelta = timedelta(0)
    totals: dict[str, int] = field(default_factory=dict)

    @property
    def stage(self) -> Stage:
        """The present stage."""
        return self.stages[0]

    @property
    def due(self) -> datetime:
        """When the present stage is over, if nothing holds it up."""
        return self.since + timedelta(seconds=self.stage.seconds)

    @property
    def alarms(self) -> tuple[str, ...]:
        """The names of the alarms that roll it back."""
        listed = self.deployment.get("AutoRollbackConfiguration", {}).get("Alarms", ())
        return tuple(each["AlarmName"] for each in listed)

    @property
    def limit(self) -> datetime:
        """When it is rolled back because it takes too long."""
        policy = policy_of(self.deployment)
        seconds = policy.get("MaximumExecutionTimeoutInSeconds", LONGEST_SECONDS)
        return self.begun + timedelta(seconds=seconds) + self.held_up

    def is_over_its_limit(self, now: datetime) -> bool:
        """Whether it takes too long; while containers hold it up, no time passes."""
        if self.stage.starts and not self.ready:
            now = min(now, self.due)
        return self.limit <= now

    @property
    def is_rolling(self) -> bool:
        """Whether instances are replaced batch by batch."""
        return "RollingUpdatePolicy" in self.deployment

    def shares(self) -> dict[str, float]:
        """Return the part of each variant's requests that goes to the new fleet."""
        active = self.stage.active
        return {
            name: active.get(name, 0) / total if total else float(name in active)
            for name, total in self.totals.items()
        }


def policy_of(deployment: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the policy of a DeploymentConfig, whichever it has."""
    found: Mapping[str, Any] = (
        deployment.get("RollingUpdatePolicy") or deployment.get("BlueGreenUpdatePolicy") or {}
    )
    return found


def capacity(size: Mapping[str, Any], instances: int) -> int:
    """Return how many instances a size is of so many: at least one, and never rounded up."""
    if size["Type"] == "CAPACITY_PERCENT":
        return max(1, instances * int(size["Value"]) // 100)
    return int(size["Value"])


def creation(new: Counts, options: HostingOptions) -> list[Stage]:
    """Return how an endpoint begins."""
    return [_provision(new, {}, {}, options)]


def update(
    deployment: Mapping[str, Any], new: Counts, old: Counts, options: HostingOptions
) -> list[Stage]:
    """Return the stages of an update."""
    if "RollingUpdatePolicy" in deployment and any(new.values()):
        return list(_rolling(deployment["RollingUpdatePolicy"], new, old, options))
    return list(_blue_green(deployment.get("BlueGreenUpdatePolicy", {}), new, old, options))


def _blue_green(
    policy: Mapping[str, Any], new: Counts, old: Counts, options: HostingOptions
) -> Iterator[Stage]:
    yield _provision(new, {}, old, options)
    routing = policy.get("TrafficRoutingConfiguration", {})
    steps = list(_steps(routing, new))
    for number, active in enumerate(steps):
        last = number == len(steps) - 1
        what = "full" if last else _STEP_NAMES[routing["Type"]]
        yield _activate(active, what, new, old, options)
        setting = "TerminationWaitInSeconds" if last else "WaitIntervalInSeconds"
        seconds = (policy if last else routing).get(setting, 0)
        if seconds:
            yield _bake(active, what, new, old, seconds, setting)
    yield _delete(new, new, {}, options)


_STEP_NAMES = {"CANARY": "canary", "LINEAR": "step"}


def _steps(routing: Mapping[str, Any], new: Counts) -> Iterator[dict[str, int]]:
    """Return the instances of the new fleet that get requests, step by step."""
    kind = routing.get("Type", "ALL_AT_ONCE")
    if kind == "CANARY":
        yield {name: capacity(routing["CanarySize"], count) for name, count in new.items()}
    if kind == "LINEAR":
        size = {name: capacity(routing["LinearStepSize"], count) for name, count in new.items()}
        rounds = max(math.ceil(count / size[name]) for name, count in new.items())
        for number in range(1, rounds):
            yield {name: min(count, number * size[name]) for name, count in new.items()}
    yield dict(new)


def _rolling(
    policy: Mapping[str, Any], new: Counts, old: Counts, options: HostingOptions
) -> Iterator[Stage]:
    done, left = dict.fromkeys(new, 0), dict(old)
    for up in batches(policy["MaximumBatchSize"], new):
        yield _provision(up, done, left, options)
        yield _activate(up, "batch", up, left, options)
        if seconds := policy["WaitIntervalInSeconds"]:
            yield _bake(up, "batch", up, left, seconds, "WaitIntervalInSeconds")
        left = {
            name: math.ceil(count * (1 - up.get(name, 0) / new[name])) if new.get(name) else 0
            for name, count in old.items()
        }
        yield _delete(up, up, left, options)
        done = up


def batches(size: Mapping[str, Any], new: Counts) -> Iterator[dict[str, int]]:
    """Return the instances that are up after each batch."""
    done = dict.fromkeys(new, 0)
    while any(done[name] < count for name, count in new.items()):
        done = {name: min(count, done[name] + capacity(size, count)) for name, count in new.items()}
        yield dict(done)


def back(rollout: Rollout, at: Stage, old: Counts, options: HostingOptions) -> list[Stage]:
    """Return how an update is taken back from the stage that it is at."""
    if not rollout.is_rolling:
        # The former fleet is whole: requests go back to it at once.
        message = "Rolling back: deleting {new} instance(s) of the new configuration."
        return [Stage("Deleting", message, options.deletion_seconds, {}, at.new, old)]
    policy = rollout.deployment["RollingUpdatePolicy"]
    size = policy.get("RollbackMaximumBatchSize") or policy["MaximumBatchSize"]
    stages, new, active, up = [], dict(at.new), dict(at.active), dict(at.old)
    while any(new.values()) or any(up[name] < count for name, count in old.items()):
        if any(up[name] < count for name, count in old.items()):
            up = {name: min(count, up[name] + capacity(size, count)) for name, count in old.items()}
            message = "Rolling back: creating instance(s) of the former configuration."
            stages.append(Stage("Creating", message, options.provisioning_seconds, active, new, up))
        new = {
            name: max(0, count - capacity(size, max(1, rollout.totals[name])))
            for name, count in new.items()
        }
        active = {name: min(count, new.get(name, 0)) for name, count in active.items()}
        message = "Rolling back: deleting instance(s) of the new configuration."
        stages.append(Stage("Deleting", message, options.deletion_seconds, active, new, up))
    return stages


def waits(deployment: Mapping[str, Any], new: Counts) -> float:
    """Return how long a deployment bakes in all, in seconds."""
    nothing = HostingOptions(0, 0, 0, 0)
    return sum(stage.seconds for stage in update(deployment, new, {}, nothing))


def _provision(new: Counts, active: Counts, old: Counts, options: HostingOptions) -> Stage:
    return Stage(
        "Creating",
        "Creating instance(s) of the new configuration: {new} in all.",
        options.provisioning_seconds,
        active,
        new,
        old,
        starts=True,
    )


def _activate(
    active: Counts, what: str, new: Counts, old: Counts, options: HostingOptions
) -> Stage:
    message = f"Activating traffic on {what} capacity of {{active}} instance(s)."
    return Stage("ActivatingTraffic", message, options.activation_seconds, active, new, old)


def _bake(
    active: Counts, what: str, new: Counts, old: Counts, seconds: float, setting: str
) -> Stage:
    message = (
        f"Baking for {seconds} seconds ({setting}) with traffic enabled on {what} capacity of "
        "{active} instance(s)."
    )
    return Stage("Baking", message, float(seconds), active, new, old)


def _delete(active: Counts, new: Counts, old: Counts, options: HostingOptions) -> Stage:
    message = "Deleting instance(s) of the former configuration."
    return Stage("Deleting", message, options.deletion_seconds, active, new, old)


def counts_of(variants: Iterable[Properties]) -> dict[str, int]:
    """Return the instances of variants in the form of DescribeEndpoint; serverless have none."""
    return {each["VariantName"]: int(each.get("DesiredInstanceCount", 0)) for each in variants}
