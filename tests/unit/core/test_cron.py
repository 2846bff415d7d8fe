"""Cron expressions in AWS's dialect, held against a library that others keep."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from croniter import croniter
from hypothesis import given, settings
from hypothesis import strategies as st

from thriftline.core.cron import Cron, CronError

NOW = datetime(2026, 11, 30, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")


def _local(text: str, day: datetime, days: int, zone: ZoneInfo = BERLIN) -> list[str]:
    found = Cron(text).firings(day, day + timedelta(days=days), zone)
    return [f"{one.astimezone(zone):%Y-%m-%d %H:%M}" for one in found]


def test_a_workday_morning_is_local_time() -> None:
    found = list(Cron("cron(0 7 ? * MON-FRI *)").firings(NOW, NOW + timedelta(days=7), BERLIN))
    assert [one.isoformat() for one in found[:1]] == ["2026-11-30T06:00:00+00:00"]
    assert len(found) == 5


def test_what_the_clock_skips_in_spring_does_not_happen() -> None:
    day = datetime(2027, 3, 27, tzinfo=UTC)
    assert _local("30 2 * * ? *", day, 3) == ["2027-03-27 02:30", "2027-03-29 02:30"]


def test_what_the_clock_repeats_in_autumn_happens_once() -> None:
    day = datetime(2027, 10, 30, tzinfo=UTC)
    assert _local("30 2 * * ? *", day, 2) == ["2027-10-30 02:30", "2027-10-31 02:30"]


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("0 7 L * ? *", ["2026-11-30", "2026-12-31", "2027-01-31", "2027-02-28"]),
        ("0 7 LW * ? *", ["2026-11-30", "2026-12-31", "2027-01-29", "2027-02-26"]),
        ("0 7 1W * ? *", ["2026-12-01", "2027-01-01", "2027-02-01"]),
        ("0 7 ? * 2#1 *", ["2026-12-07", "2027-01-04", "2027-02-01"]),
        ("0 7 ? * 6L *", ["2026-12-25", "2027-01-29", "2027-02-26"]),
        ("0 7 ? DEC-JAN/6 ? *", None),
        ("0 7 25 12 ? 2026-2028", ["2026-12-25"]),
    ],
)
def test_days_by_words(text: str, days: list[str] | None) -> None:
    if days is None:
        with pytest.raises(CronError):
            Cron(text)
        return
    assert [one[:10] for one in _local(text, NOW, 91)] == days


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("0 7 * * MON", "5 fields"),
        ("0 7 * * * *", "exactly one of the two must be ?"),
        ("60 7 * * ? *", "0 to 59"),
        ("0 7 ? * 0 *", "1 to 7"),
        ("0 7 ? * FRI-MON *", "ends before it begins"),
        ("0/x 7 * * ? *", "no step of minutes"),
        ("0 7 32W * ? *", "1 to 31"),
        ("0 ² * * ? *", "0 to 23"),
        ("", "0 fields"),
    ],
)
def test_what_is_no_expression_names_field_and_rule(text: str, said: str) -> None:
    with pytest.raises(CronError, match=said.replace("?", r"\?")):
        Cron(text)


def _field(low: int, high: int) -> st.SearchStrategy[str]:
    number = st.integers(low, high)
    # The library takes a span of one, such as 1-1, for all there are.
    spans = st.tuples(number, number).filter(lambda pair: pair[0] < pair[1])
    span = spans.map(lambda pair: "{}-{}".format(*pair))
    step = st.tuples(number, st.integers(1, high)).map(lambda pair: "{}/{}".format(*pair))
    some = st.lists(st.one_of(number.map(str), span), min_size=1, max_size=3).map(",".join)
    return st.one_of(st.just("*"), some, step)


_OF_MONTH = st.one_of(_field(1, 31), st.just("L"), st.integers(1, 28).map("{}W".format))
_OF_WEEK = st.one_of(
    st.sampled_from(["MON-FRI", "SAT,SUN", "TUE"]),
    st.tuples(st.sampled_from(["SUN", "WED", "FRI"]), st.integers(1, 4)).map(
        lambda pair: "{}#{}".format(*pair)
    ),
)
_DAYS = st.one_of(_OF_MONTH.map(lambda day: (day, "?")), _OF_WEEK.map(lambda day: ("?", day)))


@settings(max_examples=150, deadline=None)
@given(_field(0, 59), _field(0, 23), _DAYS, _field(1, 12))
def test_it_fires_when_the_library_says(
    minutes: str, hours: str, days: tuple[str, str], months: str
) -> None:
    ours = Cron(f"{minutes} {hours} {days[0]} {months} {days[1]} *")
    end = NOW + timedelta(days=400)
    theirs = croniter(
        f"{minutes} {hours} {days[0].replace('?', '*')} {months} {days[1].replace('?', '*')}",
        NOW - timedelta(minutes=1),
    )
    for moment in _some(ours, end):
        assert theirs.get_next(datetime) == moment


def _some(cron: Cron, end: datetime) -> list[datetime]:
    found = []
    for moment in cron.firings(NOW, end, ZoneInfo("UTC")):
        found.append(moment)
        if len(found) == 20:
            break
    return found
