"""The idle rule, one condition at a time, and against a plain statement of itself."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.audit.accounts import MIDNIGHT, NOW, component, endpoint, series, variant
from thriftline.audit.domain.facts import Fact, Unread
from thriftline.audit.domain.findings import Confidence
from thriftline.audit.domain.idle import Idleness, Verdict, assess_endpoint
from thriftline.audit.domain.metrics import MetricKey, MetricSeries
from thriftline.audit.domain.parameters import AuditParameters
from thriftline.audit.domain.questions import request_metrics
from thriftline.audit.domain.resources.endpoints import Endpoint, ManagedScaling, ServerlessConfig
from thriftline.audit.domain.use_signals import backlog_metric, component_metric, variant_metric

PARAMETERS = AuditParameters()
DENIED = Unread("GetMetricData", "AccessDeniedException: no")
WEEK = MIDNIGHT - timedelta(days=7)
INVOCATIONS = variant_metric("chat", "AllTraffic", "Invocations")
Series = Mapping[MetricKey, Fact[MetricSeries]]


def _assess(of: Endpoint, told: Series | None = None) -> Idleness:
    zeros = dict.fromkeys(request_metrics(of), series([0.0] * 30))
    return assess_endpoint(of, {**zeros, **(told or {})}, NOW, PARAMETERS)


def test_silence_on_every_day_is_idle_with_high_confidence() -> None:
    said = _assess(endpoint())
    assert (said.verdict, said.confidence) == (Verdict.IDLE, Confidence.HIGH)
    assert not said.missing_datapoints


@pytest.mark.parametrize("day", range(7))
def test_one_invocation_on_any_day_of_the_window_is_not_idle(day: int) -> None:
    days = [0.0] * 30
    days[-1 - day] = 1.0
    said = _assess(endpoint(), {INVOCATIONS: series(days)})
    assert said.verdict is Verdict.QUIET
    assert said.invocations == 1


def test_an_invocation_since_midnight_counts_though_the_day_is_not_whole() -> None:
    today = replace(series([0.0] * 30), values=(*[0.0] * 30, 1.0))
    assert _assess(endpoint(), {INVOCATIONS: today}).verdict is Verdict.QUIET


def test_an_invocation_before_the_window_does_not_count() -> None:
    days = [5000.0] * 23 + [0.0] * 7
    assert _assess(endpoint(), {INVOCATIONS: series(days)}).verdict is Verdict.IDLE


def test_ten_a_day_are_quiet_and_eleven_are_use() -> None:
    quiet = _assess(endpoint(), {INVOCATIONS: series([10.0] * 30)})
    used = _assess(endpoint(), {INVOCATIONS: series([11.0] * 30)})
    assert (quiet.verdict, used.verdict) == (Verdict.QUIET, Verdict.IN_USE)


def test_a_variant_by_another_name_than_all_traffic_is_heard() -> None:
    one = endpoint(variants=(variant("variant-1"),))
    busy = {variant_metric("chat", "variant-1", "Invocations"): series([40.0] * 30)}
    assert _assess(one, busy).verdict is Verdict.IN_USE


def test_one_busy_variant_of_three_keeps_the_endpoint() -> None:
    one = endpoint(variants=(variant("a"), variant("b"), variant("c")))
    busy = {variant_metric("chat", "c", "Invocations"): series([40.0] * 30)}
    assert _assess(one, busy).verdict is Verdict.IN_USE


def test_components_count_their_own_requests_and_their_variants_need_none() -> None:
    one = endpoint(inference_components=(component("llama"),))
    silent: Series = {INVOCATIONS: series([None] * 30)}
    assert _assess(one, silent).confidence is Confidence.HIGH
    busy = {component_metric("llama", "Invocations"): series([40.0] * 30)}
    assert _assess(one, {**silent, **busy}).verdict is Verdict.IN_USE


@pytest.mark.parametrize(
    ("missing", "confidence"), [(1, Confidence.MEDIUM), (2, Confidence.LOW), (7, Confidence.LOW)]
)
def test_days_without_a_datapoint_lower_the_confidence(
    missing: int, confidence: Confidence
) -> None:
    days: list[float | None] = [0.0] * 30
    days[30 - missing :] = [None] * missing
    said = _assess(endpoint(), {INVOCATIONS: series(days)})
    assert (said.verdict, said.confidence) == (Verdict.IDLE, confidence)
    assert said.missing_datapoints


@pytest.mark.parametrize("name", ["Invocations", "Invocation4XXErrors", "Invocation5XXErrors"])
def test_one_metric_that_cannot_be_read_makes_it_unknown(name: str) -> None:
    said = _assess(endpoint(), {variant_metric("chat", "AllTraffic", name): DENIED})
    assert said.verdict is Verdict.UNKNOWN
    assert "AccessDeniedException" in said.reasons[0]


def test_use_that_was_seen_outweighs_what_could_not_be_read() -> None:
    one = endpoint(variants=(variant("a"), variant("b")))
    told: Series = {
        variant_metric("chat", "a", "Invocations"): series([40.0] * 30),
        variant_metric("chat", "b", "Invocations"): DENIED,
    }
    assert _assess(one, told).verdict is Verdict.IN_USE


def test_clients_that_get_errors_use_it() -> None:
    errors = {variant_metric("chat", "AllTraffic", "Invocation5XXErrors"): series([3.0] * 30)}
    assert _assess(endpoint(), errors).verdict is Verdict.IN_USE


def test_requests_in_an_asynchronous_queue_use_it() -> None:
    one = endpoint(async_output_s3_uri="s3://out/")
    assert _assess(one).verdict is Verdict.IDLE
    queue = {backlog_metric("chat", "ApproximateBacklogSize"): series([0.0] * 29 + [2.0])}
    assert _assess(one, queue).verdict is Verdict.IN_USE


def _async(told: Series | None = None) -> Idleness:
    return _assess(endpoint(async_output_s3_uri="s3://out/"), told)


@pytest.mark.parametrize(
    "name",
    [
        "InvocationsProcessed",
        "InvocationFailures",
        "ExpiredRequests",
        "TimeInBacklog",
        "Invocation4XXErrors",
        "Invocation5XXErrors",
    ],
)
def test_an_asynchronous_endpoint_is_asked_what_aws_publishes_for_it(name: str) -> None:
    stat = "Average" if name == "TimeInBacklog" else "Sum"
    used = {variant_metric("chat", "AllTraffic", name, stat): series([0.0] * 29 + [80.0])}
    assert _async(used).verdict is Verdict.IN_USE
    assert _async(dict.fromkeys(used, DENIED)).verdict is Verdict.UNKNOWN


def test_an_asynchronous_endpoint_has_no_invocations_to_ask_for() -> None:
    asked = {key.name for key in request_metrics(endpoint(async_output_s3_uri="s3://out/"))}
    assert "Invocations" not in asked
    assert "InvocationsProcessed" in asked


_QUEUE = tuple(
    backlog_metric("chat", name) for name in ("ApproximateBacklogSize", "HasBacklogWithoutCapacity")
)
_PROCESSED = variant_metric("chat", "AllTraffic", "InvocationsProcessed")


def test_an_empty_queue_says_that_event_counters_without_a_datapoint_mean_zero() -> None:
    silent: Series = {_PROCESSED: series([None] * 30)}
    said = _async(silent)
    assert (said.verdict, said.confidence) == (Verdict.IDLE, Confidence.HIGH)
    assert not said.missing_datapoints


@pytest.mark.parametrize("queue", [_QUEUE, _QUEUE[:1], _QUEUE[1:]])
def test_a_queue_that_was_never_measured_is_not_an_empty_one(
    queue: tuple[MetricKey, ...],
) -> None:
    said = _async(dict.fromkeys(queue, series([None] * 30)))
    assert (said.verdict, said.confidence) == (Verdict.IDLE, Confidence.MEDIUM)
    assert said.missing_datapoints
    unheard = dict.fromkeys((*queue, _PROCESSED), series([None] * 30))
    assert _async(unheard).confidence is Confidence.LOW


def test_a_component_without_capacity_is_called_all_the_same() -> None:
    one = endpoint(inference_components=(component("llama", copies=0),))
    refused = {
        component_metric("llama", "NoCapacityInvocationFailures"): series([0.0] * 29 + [3.0])
    }
    assert _assess(one).verdict is Verdict.IDLE
    assert _assess(one, refused).verdict is Verdict.IN_USE


def test_instances_whose_components_are_gone_are_idle_but_not_ended_without_a_measurement() -> None:
    one = endpoint(variants=(variant(model=None),))
    said = _assess(one, {INVOCATIONS: series([None] * 30)})
    assert (said.verdict, said.confidence) == (Verdict.IDLE, Confidence.MEDIUM)
    assert said.missing_datapoints
    assert "components are gone" in said.reasons[0]


def test_the_last_use_is_said_and_lowers_the_confidence() -> None:
    days = [900.0] + [0.0] * 17 + [900.0] + [0.0] * 11
    said = _assess(endpoint(), {INVOCATIONS: series(days)})
    assert (said.verdict, said.confidence) == (Verdict.IDLE, Confidence.MEDIUM)
    assert f"It was last used on {MIDNIGHT - timedelta(days=12):%Y-%m-%d} (UTC)." in said.reasons
    unused = _assess(endpoint())
    assert "Every day since 2026-10-22 was read: none shows any use." in unused.reasons


_SERVERLESS = ServerlessConfig(memory_mb=2048, max_concurrency=5, provisioned_concurrency=None)
_KEPT_WARM = replace(_SERVERLESS, provisioned_concurrency=2)


@pytest.mark.parametrize(
    ("facts", "verdict"),
    [
        ({"created": WEEK}, Verdict.IDLE),
        ({"created": WEEK + timedelta(seconds=1)}, Verdict.EXEMPT),
        ({"last_modified": WEEK + timedelta(seconds=1)}, Verdict.EXEMPT),
        ({"status": "Updating"}, Verdict.EXEMPT),
        ({"status": "Failed"}, Verdict.EXEMPT),
        ({"has_pending_deployment": True}, Verdict.EXEMPT),
        ({"variants": (variant(statuses=("Baking",)),)}, Verdict.EXEMPT),
        ({"shadow_variants": (variant("try"),)}, Verdict.IDLE),
        ({"shadow_variants": (variant("try", instance_count=None),)}, Verdict.UNKNOWN),
        ({"status": "UpdateRollbackFailed"}, Verdict.IDLE),
        ({"variants": (variant(instance_count=0),)}, Verdict.EXEMPT),
        ({"variants": (variant(instance_count=None),)}, Verdict.UNKNOWN),
        ({"variants": ()}, Verdict.UNKNOWN),
        ({"variants": (variant(serverless=_SERVERLESS),)}, Verdict.EXEMPT),
        ({"variants": (variant(serverless=_KEPT_WARM),)}, Verdict.IDLE),
        (
            {"variants": (variant(managed_scaling=ManagedScaling(minimum=0, maximum=2)),)},
            Verdict.IDLE,
        ),
        ({"inference_components": DENIED}, Verdict.UNKNOWN),
        (
            {"inference_components": (component(last_modified=WEEK + timedelta(hours=1)),)},
            Verdict.EXEMPT,
        ),
    ],
)
def test_what_else_the_rule_asks(facts: dict[str, Any], verdict: Verdict) -> None:
    assert _assess(endpoint(**facts)).verdict is verdict


_values = st.none() | st.sampled_from([0.0, 0.0, 0.0, 1.0, 40.0])
_facts = st.none() | st.builds(
    MetricSeries,
    start=st.integers(0, 40).map(lambda days: MIDNIGHT - timedelta(days=days)),
    period_seconds=st.sampled_from([86_400, 86_400, 86_400, 3600]),
    values=st.lists(_values, max_size=45).map(tuple),
)


@given(
    facts=st.lists(_facts, min_size=6, max_size=6),
    ages=st.tuples(st.integers(0, 20), st.integers(0, 20)),
    counts=st.tuples(st.none() | st.integers(0, 2), st.none() | st.integers(0, 2)),
    pending=st.booleans(),
)
def test_idle_is_said_only_when_every_condition_holds(
    facts: list[MetricSeries | None],
    ages: tuple[int, int],
    counts: tuple[int | None, int | None],
    pending: bool,
) -> None:
    one = endpoint(
        created=NOW - timedelta(days=max(ages)),
        last_modified=NOW - timedelta(days=min(ages)),
        has_pending_deployment=pending,
        variants=(variant("a", instance_count=counts[0]), variant("b", instance_count=counts[1])),
    )
    told: Series = {
        key: DENIED if fact is None else fact
        for key, fact in zip(request_metrics(one), facts, strict=True)
    }
    said = assess_endpoint(one, told, NOW, PARAMETERS)

    read = [fact for fact in facts if fact is not None]
    counted = [value for fact in read for when, value in fact.points() if when >= WEEK and value]
    whole = [
        fact
        for fact in read
        if fact.period_seconds == 86_400
        and fact.start <= WEEK
        and fact.start + timedelta(days=len(fact.values)) >= MIDNIGHT
    ]
    idle = (
        not counted
        and len(whole) == len(facts)
        and min(ages) >= 8
        and not pending
        and None not in counts
        and any(counts)
    )
    assert (said.verdict is Verdict.IDLE) == idle
