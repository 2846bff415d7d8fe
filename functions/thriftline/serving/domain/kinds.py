"""The kinds of endpoints, what each of them can do, and what a project wishes of its own."""

from collections.abc import Mapping
from dataclasses import field
from decimal import Decimal
from enum import StrEnum

from thriftline.core.dataclass import dataclass

# What one variant is called; an endpoint keeps its variants' names through every update.
MAIN_VARIANT = "main"


class Kind(StrEnum):
    """How SageMaker serves a model."""

    REAL_TIME = "real-time"
    SERVERLESS = "serverless"
    ASYNCHRONOUS = "asynchronous"
    COMPONENT = "component"
    MULTI_MODEL = "multi-model"


class RolloutType(StrEnum):
    """How the traffic goes over to another version."""

    CANARY = "canary"
    LINEAR = "linear"
    ROLLING = "rolling"
    ALL_AT_ONCE = "all-at-once"


@dataclass(frozen=True)
class KindFacts:
    """What SageMaker can do with a kind.

    Attributes:
        instances: whether instances are chosen and billed by the hour.
        rollouts: what an update of it may be; without guardrails, all at once only.
        guardrails: whether alarms can turn an update around.
        zero: whether it can scale to nothing and back without being deleted.
        capture: whether requests and answers can be captured.
        requests_metric: the metric and the statistic that count the requests of a fleet.
    """

    instances: bool
    rollouts: frozenset[RolloutType]
    guardrails: bool
    zero: bool
    capture: bool
    requests_metric: tuple[str, str]


_ALL = frozenset(RolloutType)
# An asynchronous endpoint publishes no `Invocations`; each request has one value of its latency.
KIND_FACTS: Mapping[Kind, KindFacts] = {
    Kind.REAL_TIME: KindFacts(True, _ALL, True, False, True, ("Invocations", "Sum")),
    Kind.SERVERLESS: KindFacts(
        False, frozenset({RolloutType.ALL_AT_ONCE}), False, True, False, ("Invocations", "Sum")
    ),
    Kind.ASYNCHRONOUS: KindFacts(True, _ALL, True, True, True, ("ModelLatency", "SampleCount")),
    Kind.COMPONENT: KindFacts(
        True,
        frozenset({RolloutType.ROLLING, RolloutType.ALL_AT_ONCE}),
        True,
        True,
        True,
        ("Invocations", "Sum"),
    ),
    Kind.MULTI_MODEL: KindFacts(
        True, frozenset({RolloutType.ALL_AT_ONCE}), False, False, True, ("Invocations", "Sum")
    ),
}


@dataclass(frozen=True)
class Rollout:
    """How a version takes over.

    ``percent`` or ``instances`` is the size of the canary, of a linear step or of a rolling batch;
    neither stands for the type's usual size. ``limit_seconds`` None is reckoned from the waits.
    """

    type: RolloutType = RolloutType.ALL_AT_ONCE
    percent: int | None = None
    instances: int | None = None
    wait_seconds: int = 600
    bake_seconds: int = 300
    min_requests: int = 100
    without_traffic: str = "probe"
    limit_seconds: int | None = None


@dataclass(frozen=True)
class AlarmSettings:
    """When the new fleet is worse than the former one.

    ``error_share`` and ``model_errors`` are shares of the requests, the latter above the
    champion's; ``latency_ratio`` is of the champion's latency. None: no such alarm.
    """

    error_share: Decimal | None = Decimal("0.02")
    model_errors: Decimal | None = Decimal("0.02")
    latency_ratio: Decimal | None = Decimal("1.5")
    quality: bool = False
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class Serverless:
    """What a serverless endpoint has."""

    memory_mb: int = 3072
    max_concurrency: int = 5
    provisioned_concurrency: int | None = None


@dataclass(frozen=True)
class Component:
    """What one copy of an inference component needs, and how many there are."""

    memory_mb: int = 2048
    cpus: Decimal = Decimal(1)
    accelerators: int | None = None
    copies: int = 1


@dataclass(frozen=True)
class Scaling:
    """``requests_per_second`` is what one instance takes; None leaves it to a measurement."""

    min: int
    max: int
    requests_per_second: Decimal | None = None
    to_zero: bool = False


@dataclass(frozen=True)
class Compare:
    """A comparison on live traffic."""

    kind: str = "shadow"


@dataclass(frozen=True)
class ServingBudget:
    """What serving may cost. None: no bound is set."""

    max_rollout_usd: Decimal | None = None
    max_month_usd: Decimal | None = None
    unpriced: bool = False


@dataclass(frozen=True)
class ServingWish:
    """What a project's ``serve.yaml`` asks for.

    ``instance_type`` None leaves the choice to Thriftline. ``named`` are the keys that the file
    holds, as ``section`` and ``section.key``: a default is no wish.
    """

    kind: Kind = Kind.REAL_TIME
    instance_type: str | None = None
    instances: int = 1
    rollout: Rollout = Rollout()
    alarms: AlarmSettings = AlarmSettings()
    serverless: Serverless = Serverless()
    component: Component = Component()
    max_concurrent_per_instance: int | None = None
    scaling: Scaling | None = None
    capture_percent: int = 0
    scheduled: bool = False
    compare: Compare | None = None
    budget: ServingBudget = field(default_factory=ServingBudget)
    named: frozenset[str] = frozenset()
