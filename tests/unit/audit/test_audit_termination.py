"""Every reason against ending an endpoint, in the words that a person reads."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.unit.audit.accounts import MIDNIGHT, NOW, days_ago, endpoint
from thriftline.audit.domain.facts import Tags, Unread
from thriftline.audit.domain.metrics import DAY, MetricKey, MetricSeries
from thriftline.audit.domain.parameters import AuditParameters
from thriftline.audit.domain.questions import request_metrics
from thriftline.audit.domain.resources.endpoints import Endpoint
from thriftline.audit.domain.termination import may_terminate, why_too_young
from thriftline.audit.domain.use_signals import INVOCATIONS, variant_metric

PARAMETERS = AuditParameters()
MARKED = NOW - timedelta(hours=100, minutes=7, seconds=5, microseconds=3)
MARK_DAY = MIDNIGHT - timedelta(days=4)
REQUESTS = variant_metric("chat", "AllTraffic", INVOCATIONS)
ERRORS = variant_metric("chat", "AllTraffic", "Invocation5XXErrors")


def _tags(mark: datetime) -> Tags:
    return ((PARAMETERS.mark_tag, mark.isoformat()),)


def _chat(**facts: Any) -> Endpoint:
    return endpoint(**({"tags": _tags(MARKED)} | facts))


def _days(start: datetime, *last: float | None, until: datetime = MIDNIGHT) -> MetricSeries:
    """Returns silence from a day to ``until``'s with the last values as they are named."""
    days = (until - start).days + 1
    return MetricSeries(start, DAY, (*(0.0,) * (days - len(last)), *last))


def _reasons(
    one: Endpoint, told: dict[MetricKey, Any] | None = None, now: datetime = NOW, **parameters: Any
) -> tuple[str, ...]:
    silent = _days(MIDNIGHT - timedelta(days=30))
    metrics = dict.fromkeys(request_metrics(one), silent) | (told or {})
    permission = may_terminate(one, metrics, now, AuditParameters(**parameters))
    assert permission.allowed is (permission.reasons == ())
    return permission.reasons


def test_silence_from_the_day_of_the_mark_to_now_is_enough() -> None:
    assert _reasons(_chat()) == ()
    seven = dict.fromkeys(request_metrics(_chat()), _days(MIDNIGHT - timedelta(days=7)))
    assert _reasons(_chat(), seven) == ()


def test_without_a_mark_nothing_ends() -> None:
    assert _reasons(_chat(tags=())) == ("It has no valid thriftline:marked-idle-at tag.",)


@pytest.mark.parametrize(("hours", "ends"), [(71, False), (72, True), (73, True)])
def test_the_grace_ends_at_the_minute_that_was_announced(hours: int, ends: bool) -> None:
    reasons = _reasons(_chat(tags=_tags(NOW - timedelta(hours=hours))))
    assert reasons == (() if ends else ("Its grace ends at 2026-11-21 13:00 UTC.",))


def test_a_metric_that_cannot_be_read_is_named_and_the_others_are_still_looked_at() -> None:
    one = _chat()
    first, *others = request_metrics(one)
    short = _days(MIDNIGHT - timedelta(days=30), until=MIDNIGHT - timedelta(days=1))
    told = {first: Unread("GetMetricData", "Throttling: slow"), others[-1]: short}
    reasons = _reasons(one, told)
    assert f"{first.name}: Throttling: slow" in reasons
    assert f"{others[-1].name} was not read from the mark to this hour." in reasons


@pytest.mark.parametrize(
    ("start", "last", "whole"),
    [
        (MARK_DAY, MIDNIGHT, True),
        (MARK_DAY + timedelta(days=1), MIDNIGHT, False),
        (MARK_DAY - timedelta(days=1), MIDNIGHT, True),
        (MARK_DAY, MIDNIGHT - timedelta(days=1), False),
    ],
)
def test_metrics_reach_from_midnight_before_the_mark_to_this_day(
    start: datetime, last: datetime, whole: bool
) -> None:
    one = _chat()
    late = NOW.replace(hour=23, minute=59, second=59, microsecond=999_999)
    told = dict.fromkeys(request_metrics(one), _days(start, until=last))
    reasons = _reasons(one, told, now=late)
    missing = f"{REQUESTS.name} was not read from the mark to this hour."
    assert (missing not in reasons) is whole


def test_requests_on_the_day_of_the_mark_count_and_those_before_it_do_not() -> None:
    one = _chat(tags=_tags(days_ago(20)))
    day = (MIDNIGHT - timedelta(days=20)) - (MIDNIGHT - timedelta(days=30))
    for offset, said in ((0, ("2 invocations since it was marked.",)), (-1, ())):
        values = [0.0] * 31
        values[day.days + offset] = 2.0
        series = MetricSeries(MIDNIGHT - timedelta(days=30), DAY, tuple(values))
        assert _reasons(one, {REQUESTS: series}) == said


def test_a_failed_request_is_a_use_that_is_told() -> None:
    one = _chat(tags=_tags(days_ago(20)))
    values = [0.0] * 31
    values[15] = 1.0
    series = MetricSeries(MIDNIGHT - timedelta(days=30), DAY, tuple(values))
    key = next(key for key in request_metrics(one) if key == ERRORS)
    assert _reasons(one, {key: series}) == ("1 failed request since it was marked.",)


def test_so_many_invocations_may_be_forgiven() -> None:
    one = _chat(tags=_tags(days_ago(20)))
    values = [0.0] * 31
    values[15] = 3.0
    told = {REQUESTS: MetricSeries(MIDNIGHT - timedelta(days=30), DAY, tuple(values))}
    assert _reasons(one, told, max_invocations=3) == ()
    assert _reasons(one, told, max_invocations=2) == ("3 invocations since it was marked.",)


@pytest.mark.parametrize(("days", "young"), [(2.9, True), (3, False), (4, False)])
def test_a_failed_endpoint_is_left_alone_for_some_days(days: float, young: bool) -> None:
    one = replace(endpoint(), last_modified=days_ago(days))
    said = f"It was last changed at {days_ago(days):%Y-%m-%d %H:%M} UTC."
    assert why_too_young(one, NOW, PARAMETERS) == (said if young else None)
