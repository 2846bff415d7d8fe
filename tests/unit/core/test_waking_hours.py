"""When an endpoint is on by its schedule, and the tag that says so."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thriftline.core.waking_hours import WakingHours, WakingHoursError, of_tag

WORKDAYS = WakingHours.of("Europe/Berlin", "0 7 ? * MON-FRI *", "cron(0 19 ? * MON-FRI *)")
MONDAY = datetime(2026, 11, 30, tzinfo=UTC)


def test_it_is_on_on_workdays_only() -> None:
    assert WORKDAYS.hours_awake(MONDAY, MONDAY + timedelta(days=7)) == 60
    assert WORKDAYS.awake_at(MONDAY + timedelta(hours=12)) is True
    assert WORKDAYS.awake_at(MONDAY - timedelta(hours=12)) is False


def test_a_month_has_as_many_hours_as_the_year_says() -> None:
    # 261 workdays of twelve hours in 365 days from this Monday.
    assert WORKDAYS.hours_a_month(MONDAY) == pytest.approx(261 * 12 / 12, rel=0.002)


def test_the_tag_has_only_what_a_tag_may_have_and_reads_back() -> None:
    tag = WORKDAYS.tag
    assert tag == "Europe/Berlin on 0 7 _ @ MON-FRI @ off 0 19 _ @ MON-FRI @"
    assert re.fullmatch(r"[\w\s.:/=+\-@]{1,256}", tag)
    assert of_tag(tag) == WORKDAYS


@pytest.mark.parametrize(
    "value", ["", "yes", "Europe/Berlin on 0 7 off", "Mars/Base on 0 7 _ @ @ @ off 0 19 _ @ @ @"]
)
def test_another_value_says_that_it_is_none(value: str) -> None:
    with pytest.raises(WakingHoursError):
        of_tag(value)


def test_on_and_off_must_differ() -> None:
    with pytest.raises(WakingHoursError, match="never be in service"):
        WakingHours.of("UTC", "0 7 * * ? *", "0 7 * * ? *")


def test_a_path_is_no_time_zone() -> None:
    with pytest.raises(WakingHoursError, match="no time zone"):
        WakingHours.of("../etc/passwd", "0 7 * * ? *", "0 8 * * ? *")


@given(st.integers(0, 23), st.integers(0, 23), st.integers(0, 400), st.integers(1, 30))
def test_hours_on_and_off_are_all_hours(on: int, off: int, begin: int, days: int) -> None:
    if on == off:
        return
    one = WakingHours.of("America/New_York", f"0 {on} * * ? *", f"0 {off} * * ? *")
    other = WakingHours.of("America/New_York", f"0 {off} * * ? *", f"0 {on} * * ? *")
    start = MONDAY + timedelta(days=begin)
    end = start + timedelta(days=days)
    assert one.hours_awake(start, end) + other.hours_awake(start, end) == pytest.approx(days * 24)
