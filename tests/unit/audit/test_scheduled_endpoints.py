"""Audits and schedules never fight: what sleeps by one is not idle, and no audit ends it."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.audit.accounts import NOW, days_ago, endpoint, series
from tests.unit.audit.rule_findings import finding_of, findings_of
from tests.unit.audit.wasteful_account import wasteful_account
from thriftline.audit.domain.facts import tags_of
from thriftline.audit.domain.guard import refusal
from thriftline.audit.domain.idle import Idleness, Verdict, assess_endpoint
from thriftline.audit.domain.parameters import AuditParameters
from thriftline.audit.domain.questions import request_metrics
from thriftline.audit.domain.resources.endpoints import Endpoint
from thriftline.audit.domain.schedules import month_of
from thriftline.audit.domain.termination import may_mark, may_plan_termination
from thriftline.core.tags import SCHEDULE_TAG, SERVED_SINCE_TAG
from thriftline.core.waking_hours import WakingHours

# NOW is a Saturday; the window has five workdays.
WORKDAYS = WakingHours.of("UTC", "0 7 ? * MON-FRI *", "0 19 ? * MON-FRI *")
PARAMETERS = AuditParameters(act_on_production=True, act_on_missing_datapoints=True)


def _scheduled(tag: str = WORKDAYS.tag, since: float = 60) -> Endpoint:
    """An endpoint that was made again this morning."""
    tags = {SCHEDULE_TAG: tag, SERVED_SINCE_TAG: days_ago(since).isoformat()}
    return replace(
        endpoint(), created=days_ago(0.2), last_modified=days_ago(0.1), tags=tags_of(tags)
    )


def _assess(of: Endpoint, week: list[float | None]) -> Idleness:
    told = dict.fromkeys(request_metrics(of), series([*[0.0] * 23, *week]))
    return assess_endpoint(of, told, NOW, PARAMETERS)


# Of a week that ends on Friday: Saturday and Sunday are its first two days.
SLEPT_THROUGH: list[float | None] = [None, None, 0.0, 0.0, 0.0, 0.0, 0.0]


def test_days_that_it_slept_through_are_no_days_without_datapoints() -> None:
    said = _assess(_scheduled(), SLEPT_THROUGH)
    assert said.verdict is Verdict.IDLE
    assert not said.missing_datapoints
    assert "60 hours of 7 whole days in which its schedule had it on" in said.reasons[0]


def test_a_day_on_which_it_was_on_and_nothing_was_measured_is_missing() -> None:
    said = _assess(_scheduled(), [None, None, 0.0, None, 0.0, 0.0, 0.0])
    assert said.missing_datapoints


def test_no_audit_marks_or_ends_it_however_idle_it_is() -> None:
    of = _scheduled()
    told = dict.fromkeys(request_metrics(of), series([0.0] * 30))
    assert assess_endpoint(of, told, NOW, PARAMETERS).verdict is Verdict.IDLE
    for may in (may_mark, may_plan_termination):
        permission = may(of, told, NOW, PARAMETERS)
        assert not permission.allowed
        assert any("schedule" in reason for reason in permission.reasons)


def test_a_waking_makes_no_young_endpoint_of_it_and_a_new_one_is_young() -> None:
    assert _assess(_scheduled(since=60), SLEPT_THROUGH).verdict is Verdict.IDLE
    young = _assess(_scheduled(since=2), SLEPT_THROUGH)
    assert young.verdict is Verdict.EXEMPT


def test_without_its_history_it_is_as_young_as_this_morning() -> None:
    of = replace(_scheduled(), tags=tags_of({SCHEDULE_TAG: WORKDAYS.tag}))
    assert _assess(of, SLEPT_THROUGH).verdict is Verdict.EXEMPT


def test_what_slept_all_the_time_is_not_idle() -> None:
    asleep = WakingHours.of("UTC", "0 7 1 1 ? *", "0 8 1 1 ? *")
    assert _assess(_scheduled(asleep.tag), [None] * 7).verdict is Verdict.EXEMPT


@pytest.mark.parametrize("tag", ["true", "", "Europe/Berlin on 0 7 off 0 8"])
def test_a_tag_that_says_no_hours_leaves_it_unknown_and_alone(tag: str) -> None:
    of = _scheduled(tag)
    assert _assess(of, SLEPT_THROUGH).verdict is Verdict.UNKNOWN
    assert refusal(of.tags, NOW, PARAMETERS) is not None


@given(st.integers(0, 23), st.integers(0, 23), st.lists(st.booleans(), min_size=7, max_size=7))
def test_silence_while_it_slept_never_makes_it_idle(on: int, off: int, quiet: list[bool]) -> None:
    if on == off:
        return
    hours = WakingHours.of("Europe/Berlin", f"0 {on} * * ? *", f"0 {off} * * ? *")
    week = [None if one else 3.0 for one in quiet]
    said = _assess(_scheduled(hours.tag), [*week])
    if not all(quiet):
        assert said.verdict is not Verdict.IDLE
    elif said.verdict is Verdict.IDLE:
        # Hours in which it was on, and no datapoint of them: reported as missing, never sure.
        assert said.missing_datapoints
    assert not may_mark(_scheduled(hours.tag), {}, NOW + timedelta(hours=1), PARAMETERS).allowed


def test_what_could_be_saved_is_of_the_hours_in_which_it_is_on() -> None:
    rate = Decimal("0.20")
    workdays = month_of(_scheduled(), rate, NOW)
    assert abs(workdays - rate * Decimal("260.7")) < 1, "60 of 168 hours a week"
    assert month_of(endpoint(), rate, NOW) == rate * 730
    unknown = month_of(_scheduled("true"), rate, NOW)
    assert unknown == rate * 730, "hours that nobody knows are all of them"


def test_endpoints_that_sleep_save_less_on_one_that_does_not() -> None:
    account = wasteful_account()
    rule = "ml.sagemaker.endpoint.multi-model"
    always = finding_of(account, rule).monthly_usd
    assert always == Decimal("0.23") * 730
    # Twelve hours of each day: two of these cost what one costs that is always on.
    half = WakingHours.of("UTC", "0 0 ? * * *", "0 12 ? * * *")
    slept = replace(
        account,
        endpoints=tuple(
            replace(one, tags=tags_of({SCHEDULE_TAG: half.tag})) if "small-" in one.name else one
            for one in account.endpoints
        ),
    )
    assert findings_of(slept, rule) == []
