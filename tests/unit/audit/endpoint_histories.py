"""Random endpoints with random pasts, and what each of them must keep its terminator from.

Each kind has the metrics that AWS reports for it, and no others. The truth is noted while a
history is made, not asked of the rule: every hazard that is put in names itself, and an endpoint
without any is idle. Some hazards only keep an idle endpoint from its end: it is still found.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from tests.unit.audit.accounts import (
    MIDNIGHT,
    NOW,
    component,
    endpoint,
    inventory,
    variant,
)
from thriftline.audit.domain.action_plan import plan_actions
from thriftline.audit.domain.actions import Step
from thriftline.audit.domain.audit import audit
from thriftline.audit.domain.facts import Fact, Unread
from thriftline.audit.domain.findings import ActionKind
from thriftline.audit.domain.metrics import DAY, MetricKey, MetricSeries
from thriftline.audit.domain.parameters import AuditParameters, Mode
from thriftline.audit.domain.questions import request_metrics
from thriftline.audit.domain.resources.endpoints import Endpoint, ManagedScaling, ServerlessConfig
from thriftline.audit.domain.use_signals import (
    ASYNC_EXPIRED,
    ASYNC_FAILURES,
    ASYNC_PROCESSED,
    ASYNC_WAITED,
    BACKLOGS,
    CLIENT_ERRORS,
    INVOCATIONS,
    NO_CAPACITY,
    SERVER_ERRORS,
    backlog_metric,
    waited_metric,
)
from thriftline.money.price_catalogue import price_catalogue

DAYS = 30
WINDOW_START = MIDNIGHT - timedelta(days=7)
_DENIED = Unread("GetMetricData", "AccessDeniedException: no")
_WITHOUT_CAPS = AuditParameters(max_actions=10**9, max_action_share=Decimal(1))
_SERVERLESS = ServerlessConfig(memory_mb=2048, max_concurrency=5, provisioned_concurrency=None)
_REQUESTS = (INVOCATIONS, ASYNC_PROCESSED)
_FAILURES = (CLIENT_ERRORS, SERVER_ERRORS, NO_CAPACITY, ASYNC_FAILURES, ASYNC_EXPIRED)
_KEPT_WARM = ServerlessConfig(memory_mb=2048, max_concurrency=5, provisioned_concurrency=2)
_TO_ZERO = ManagedScaling(minimum=0, maximum=2)


@dataclass
class History:
    """One endpoint, its metrics, and every reason for which it must not be terminated."""

    endpoint: Endpoint
    series: dict[MetricKey, Fact[MetricSeries]]
    hazards: set[str] = field(default_factory=set)
    step: Step = Step.MARK

    def change(self, **facts: Any) -> None:
        """Changes facts of the endpoint."""
        self.endpoint = replace(self.endpoint, **facts)

    def put(self, key: MetricKey, day: int, value: float | None) -> None:
        """Puts a value into a series; day 0 is today, 1 to 7 are the window, more is before."""
        series = self.series[key]
        if isinstance(series, Unread) or len(series.values) != DAYS + 1:
            return
        values = list(series.values)
        values[DAYS - day] = value
        self.series[key] = replace(series, values=tuple(values))


def history(rng: Random, name: str) -> History:
    """Returns a random endpoint: about a third of them have no hazard."""
    made = _endpoint(rng, name)
    one = History(made, _reported(rng, made))
    for harmless in _HARMLESS:
        if rng.random() < 0.15:
            harmless(rng, one)
    if rng.random() < 0.65:
        for hazard in rng.sample(_HAZARDS, k=rng.choice((1, 1, 1, 2, 3))):
            hazard(rng, one)
    return one


def _reported(rng: Random, made: Endpoint) -> dict[MetricKey, Fact[MetricSeries]]:
    """Returns the silence of an endpoint as AWS reports it for its kind.

    Real-time variants and components report zero requests. The variants of an endpoint with
    components report nothing. What counts events has a datapoint only where there was one; for
    the counters of asynchronous endpoints both forms are drawn.
    """
    zeros = MetricSeries(MIDNIGHT - timedelta(days=DAYS), DAY, (0.0,) * (DAYS + 1))
    nothing = replace(zeros, values=(None,) * (DAYS + 1))
    reported: dict[MetricKey, Fact[MetricSeries]] = {}
    counts_zeros = rng.random() < 0.5
    for key in request_metrics(made):
        of_a_variant = any(dimension == "VariantName" for dimension, _ in key.dimensions)
        if key.name == INVOCATIONS:
            silent = bool(made.inference_components) and of_a_variant
        elif key.name in BACKLOGS:
            silent = False
        else:
            silent = key.name == ASYNC_WAITED or not counts_zeros
        reported[key] = nothing if silent else zeros
    return reported


def _endpoint(rng: Random, name: str) -> Endpoint:
    kind = rng.choice(("instances", "instances", "components", "asynchronous", "kept warm"))
    facts: dict[str, Any] = {"serverless": _KEPT_WARM} if kind == "kept warm" else {}
    variants = tuple(
        variant(f"{name}-v{index}" if rng.random() < 0.5 else f"AllTraffic{index or ''}", **facts)
        for index in range(rng.choice((1, 1, 2, 3)))
    )
    components: tuple[Any, ...] = ()
    if kind == "components":
        variants = tuple(replace(each, model=None) for each in variants)
        components = tuple(
            component(f"{name}-c{index}", variant=variants[0].name, copies=rng.choice((0, 1, 2)))
            for index in range(rng.choice((1, 2)))
        )
    old = NOW - timedelta(days=rng.randint(9, 400))
    return endpoint(
        name,
        created=old,
        last_modified=rng.choice((old, WINDOW_START)),
        variants=variants,
        inference_components=components,
        async_output_s3_uri="s3://out/async/" if kind == "asynchronous" else None,
    )


def _keys(one: History, *names: str) -> list[MetricKey]:
    return [key for key in one.series if key.name in names]


def _some_key(rng: Random, one: History, *names: str) -> MetricKey:
    return rng.choice(_keys(one, *names))


def _invocation(rng: Random, one: History) -> None:
    key = _some_key(rng, one, *_REQUESTS)
    if not isinstance(one.series[key], Unread):
        one.put(key, rng.randint(0, 7), float(rng.choice((1, 1, 7, 5000))))
        one.hazards.add("an invocation in the window")


def _error_answer(rng: Random, one: History) -> None:
    key = _some_key(rng, one, *_FAILURES)
    if not isinstance(one.series[key], Unread):
        one.put(key, rng.randint(0, 7), 1.0)
        one.hazards.add("an error was answered")


def _read_error(rng: Random, one: History) -> None:
    one.series[rng.choice(list(one.series))] = _DENIED
    one.hazards.add("a read error")


def _never_asked(rng: Random, one: History) -> None:
    del one.series[rng.choice([key for key in one.series if key.name not in _REQUESTS])]
    one.hazards.add("a metric that was not asked for")


def _cut_short(rng: Random, one: History) -> None:
    key = rng.choice(list(one.series))
    series = one.series[key]
    if not isinstance(series, Unread):
        begun = timedelta(days=rng.randint(DAYS - 6, DAYS))
        one.series[key] = rng.choice(
            (
                replace(series, start=series.start + begun, values=series.values[-1:] * 3),
                replace(series, values=series.values[: rng.randint(0, DAYS - 1)]),
                replace(series, period_seconds=3600),
            )
        )
    one.hazards.add("a series that does not cover the window")


def _no_datapoint(rng: Random, one: History) -> None:
    asked = _keys(one, *(BACKLOGS if one.endpoint.is_asynchronous else (INVOCATIONS,)))
    if one.endpoint.inference_components:
        asked = [key for key in asked if key.dimensions[0][0] == "InferenceComponentName"]
    key = rng.choice(asked) if asked else None
    if key is not None:
        for day in rng.sample(range(1, 8), k=rng.randint(1, 7)):
            one.put(key, day, None)
    one.hazards.add("a day without a datapoint")


def _tag(one: History, key: str, value: str) -> None:
    tags = {} if isinstance(one.endpoint.tags, Unread) else dict(one.endpoint.tags)
    if not isinstance(one.endpoint.tags, Unread):
        one.change(tags=tuple(sorted({**tags, key: value}.items())))


def _keep(rng: Random, one: History) -> None:
    until = NOW + timedelta(days=rng.randint(0, 90))
    values = ("true", "True", "yes", "until next year", until.date().isoformat())
    _tag(one, "thriftline:keep", rng.choice(values))
    one.hazards.add("a keep tag")


def _production(rng: Random, one: History) -> None:
    _tag(one, "env", rng.choice(("prod", "PROD", " production", "live")))
    one.hazards.add("production")


def _young(rng: Random, one: History) -> None:
    since = WINDOW_START + timedelta(
        seconds=rng.randint(1, int((NOW - WINDOW_START).total_seconds()))
    )
    parts = one.endpoint.inference_components
    if isinstance(parts, tuple) and parts and rng.random() < 0.5:
        first, *rest = parts
        young = rng.choice((replace(first, created=since), replace(first, last_modified=since)))
        one.change(inference_components=(young, *rest))
    elif rng.random() < 0.5:
        one.change(created=since, last_modified=since)
    else:
        one.change(last_modified=since)
    one.hazards.add("an age under the window")


def _updating(rng: Random, one: History) -> None:
    how = rng.randint(0, 2)
    if how == 0:
        states = ("Updating", "SystemUpdating", "RollingBack", "Creating", "Failed", "Deleting")
        one.change(status=rng.choice(states))
    elif how == 1:
        one.change(has_pending_deployment=True)
    else:
        first, *rest = one.endpoint.variants
        one.change(variants=(replace(first, statuses=("Baking",)), *rest))
    one.hazards.add("an update in progress")


def _shadow(rng: Random, one: History) -> None:
    one.change(shadow_variants=(variant("shadow"),))
    _report_the_rest(rng, one)
    one.hazards.add("a shadow test")


def _report_the_rest(rng: Random, one: History) -> None:
    """Adds the silence of what became of the endpoint since it was made."""
    for key, series in _reported(rng, one.endpoint).items():
        one.series.setdefault(key, series)


def _rollback_failed(rng: Random, one: History) -> None:
    del rng
    one.change(status="UpdateRollbackFailed")
    one.hazards.add("a failed rollback")


def _components_gone(rng: Random, one: History) -> None:
    bare = tuple(replace(each, model=None, serverless=None) for each in one.endpoint.variants)
    one.change(inference_components=(), variants=bare, async_output_s3_uri=None)
    _report_the_rest(rng, one)
    for key in _keys(one, INVOCATIONS):
        for day in range(DAYS + 1):
            one.put(key, day, None)
    one.hazards.add("components that are gone")


def _free(rng: Random, one: History) -> None:
    facts: dict[str, Any] = rng.choice(
        (
            {"instance_count": 0, "serverless": None},
            {
                "serverless": ServerlessConfig(
                    memory_mb=2048, max_concurrency=5, provisioned_concurrency=None
                )
            },
        )
    )
    one.change(variants=tuple(replace(each, **facts) for each in one.endpoint.variants))
    one.hazards.add("nothing that costs")


def _to_zero(rng: Random, one: History) -> None:
    del rng
    first, *rest = one.endpoint.variants
    one.change(variants=(replace(first, managed_scaling=_TO_ZERO), *rest))


def _unknown_count(rng: Random, one: History) -> None:
    first, *rest = one.endpoint.variants
    one.change(variants=(replace(first, instance_count=None, serverless=None), *rest))
    one.hazards.add("an unknown number of instances")


def _unread_fact(rng: Random, one: History) -> None:
    denied = Unread("Describe", "AccessDeniedException: no")
    fact = rng.choice(("tags", "scaling", "inference_components", "config"))
    if fact == "config":
        first, *rest = one.endpoint.variants
        one.change(variants=(replace(first, instance_type=denied, model=denied), *rest))
    else:
        one.change(**{fact: denied})
    one.hazards.add("an unread fact")


def _make_asynchronous(rng: Random, one: History) -> None:
    one.change(async_output_s3_uri="s3://out/async/", inference_components=())
    _report_the_rest(rng, one)


def _backlog(rng: Random, one: History) -> None:
    _make_asynchronous(rng, one)
    one.put(backlog_metric(one.endpoint.name, rng.choice(BACKLOGS)), rng.randint(0, 7), 3.0)
    one.hazards.add("a backlog")


def _waited(rng: Random, one: History) -> None:
    _make_asynchronous(rng, one)
    name = rng.choice(one.endpoint.variants).name
    one.put(waited_metric(one.endpoint.name, name), rng.randint(0, 7), 40.0)
    one.hazards.add("a request that waited")


def _used_before(rng: Random, one: History) -> None:
    one.put(_some_key(rng, one, *_REQUESTS), rng.randint(8, DAYS), 9.0)


def _kept_until_yesterday(rng: Random, one: History) -> None:
    day = NOW.date() - timedelta(days=rng.randint(1, 300))
    _tag(one, "thriftline:keep", day.isoformat())


def _staging(rng: Random, one: History) -> None:
    _tag(one, "env", rng.choice(("dev", "staging", "preprod")))


def _marked(rng: Random, one: History) -> None:
    hours = rng.randint(0, 160)
    _tag(one, "thriftline:marked-idle-at", (NOW - timedelta(hours=hours)).isoformat())
    one.step = Step.EXECUTE if hours >= 72 else Step.WAIT


def _badly_marked(rng: Random, one: History) -> None:
    _tag(one, "thriftline:marked-idle-at", rng.choice(("yes", "2026-11-01T00:00:00", "")))
    one.step = Step.MARK


_Change = Callable[[Random, History], None]
_HARMLESS: Sequence[_Change] = (
    _used_before,
    _to_zero,
    _kept_until_yesterday,
    _staging,
    _marked,
    _badly_marked,
)
_HAZARDS: Sequence[_Change] = (
    _invocation,
    _invocation,
    _invocation,
    _error_answer,
    _read_error,
    _never_asked,
    _cut_short,
    _no_datapoint,
    _keep,
    _production,
    _young,
    _updating,
    _shadow,
    _rollback_failed,
    _components_gone,
    _free,
    _unknown_count,
    _unread_fact,
    _backlog,
    _waited,
)
# Idle by what was measured, whatever else keeps it alive: the report must name it.
STILL_FOUND = frozenset(
    {
        "a day without a datapoint",
        "a keep tag",
        "production",
        "a shadow test",
        "a failed rollback",
        "components that are gone",
    }
)


@dataclass(frozen=True)
class Outcome:
    """The endpoints that are found idle, and those that would be ended, with the step."""

    found: frozenset[str]
    ended: dict[str, Step]


def outcome(histories: Sequence[History], now: datetime = NOW) -> Outcome:
    """Returns what the real rule finds, and what the real planner would end."""
    account = inventory(
        now=now,
        endpoints=tuple(one.endpoint for one in histories),
        metrics={key: series for one in histories for key, series in one.series.items()},
    )
    told = audit(account, price_catalogue(), _WITHOUT_CAPS, {"ml.sagemaker.endpoint.idle"})
    plan = plan_actions(told.findings, account, _WITHOUT_CAPS, Mode.ACT)
    return Outcome(
        found=frozenset(finding.resource for finding in told.findings),
        ended={
            one.resource: one.step
            for one in plan.actions
            if one.action is ActionKind.TERMINATE_ENDPOINT
        },
    )
