"""When expressions of EventBridge Scheduler fire, time zones and their gaps included."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_aws.events.schedule_times import (
    NotDoneHereError,
    ScheduleExpressionError,
    times_of,
)

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)


def _first(expression: str, zone: str | None = None, count: int = 3) -> list[str]:
    times, moment = times_of(expression, zone, NOW), NOW
    found: list[str] = []
    while len(found) < count and (after := times.after(moment)):
        found.append(after.isoformat()[:16])
        moment = after
    return found


def test_once_is_once_by_the_clocks_of_its_zone() -> None:
    assert _first("at(2026-12-01T07:00:00)", "Europe/Berlin") == ["2026-12-01T06:00"]
    assert _first("at(2026-11-01T07:00:00)") == []


def test_a_rate_is_counted_from_its_beginning() -> None:
    assert _first("rate(5 hours)") == ["2026-11-30T17:00", "2026-11-30T22:00", "2026-12-01T03:00"]


@pytest.mark.parametrize(
    ("fields", "first"),
    [
        ("0 7 ? * MON-FRI *", ["2026-12-01T07:00", "2026-12-02T07:00", "2026-12-03T07:00"]),
        ("0 7 ? * 2-6 *", ["2026-12-01T07:00", "2026-12-02T07:00", "2026-12-03T07:00"]),
        ("0 7 ? * 1 *", ["2026-12-06T07:00", "2026-12-13T07:00", "2026-12-20T07:00"]),
        ("0 7 ? * 2#1 *", ["2026-12-07T07:00", "2027-01-04T07:00", "2027-02-01T07:00"]),
        ("0 7 ? * 6L *", ["2026-12-25T07:00", "2027-01-29T07:00", "2027-02-26T07:00"]),
        ("0 7 L * ? *", ["2026-12-31T07:00", "2027-01-31T07:00", "2027-02-28T07:00"]),
        ("0/30 13-13 * 12-12 ? *", ["2026-12-01T13:00", "2026-12-01T13:30", "2026-12-02T13:00"]),
        ("0 7 25 12 ? 2027/2", ["2027-12-25T07:00", "2029-12-25T07:00", "2031-12-25T07:00"]),
    ],
)
def test_cron_in_aws_dialect(fields: str, first: list[str]) -> None:
    assert _first(f"cron({fields})") == first


def test_a_skipped_time_is_skipped_and_a_repeated_one_fires_once() -> None:
    daily = times_of("cron(30 2 * * ? *)", "Europe/Berlin", NOW)
    spring, autumn = datetime(2027, 3, 27, 3, tzinfo=UTC), datetime(2027, 10, 30, 12, tzinfo=UTC)
    assert daily.after(spring) == datetime(2027, 3, 29, 0, 30, tzinfo=UTC)
    first = daily.after(autumn)
    assert first == datetime(2027, 10, 31, 0, 30, tzinfo=UTC)
    assert daily.after(first) == datetime(2027, 11, 1, 1, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "expression",
    [
        "rate(1 hours)",
        "rate(0 minutes)",
        "cron(0 7 * * *)",
        "cron(0 7 * * * *)",
        "cron(61 7 * * ? *)",
        "cron(0 7 ? * 0 *)",
        "cron(0 7 * * ? 1950)",
        "at(2026-13-01T00:00:00)",
        "every day",
    ],
)
def test_what_aws_refuses_is_refused(expression: str) -> None:
    with pytest.raises(ScheduleExpressionError):
        times_of(expression, None, NOW)


def test_an_unknown_zone_is_refused_and_the_last_workday_is_not_pretended() -> None:
    with pytest.raises(ScheduleExpressionError, match="Mars"):
        times_of("rate(1 hour)", "Mars/Base", NOW)
    with pytest.raises(NotDoneHereError):
        times_of("cron(0 7 LW * ? *)", None, NOW)


@given(st.integers(1, 90), st.sampled_from(["minute", "hour", "day"]), st.integers(0, 10**7))
def test_a_rate_never_stands_still(count: int, unit: str, seconds: int) -> None:
    moment = NOW + timedelta(seconds=seconds)
    after = times_of(f"rate({count} {unit}{'s' * (count > 1)})", None, NOW).after(moment)
    assert after is not None
    assert moment < after <= moment + timedelta(days=count)
