"""Cron expressions as EventBridge Scheduler and Application Auto Scaling read them.

Six fields: minutes, hours, days of the month, months, days of the week (1 is Sunday), years. One
of the two days must be ``?``. A time that a clock skips in spring does not happen, and one that it
repeats in autumn happens once, as EventBridge Scheduler says.
"""

import calendar
import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from thriftline.core.dataclass import dataclass

_MONTH_NAMES = "JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC"
_DAY_NAMES = "SUN MON TUE WED THU FRI SAT"
_MONTHS = {name: index for index, name in enumerate(_MONTH_NAMES.split(), start=1)}
_DAYS = {name: index for index, name in enumerate(_DAY_NAMES.split(), start=1)}
_FIRST_YEAR, _LAST_YEAR = 1970, 2199
_FIELDS: tuple[tuple[str, int, int, dict[str, int]], ...] = (
    ("minutes", 0, 59, {}),
    ("hours", 0, 23, {}),
    ("days of the month", 1, 31, {}),
    ("months", 1, 12, _MONTHS),
    ("days of the week", 1, 7, _DAYS),
    ("years", _FIRST_YEAR, _LAST_YEAR, {}),
)
_WRAPPED = re.compile(r"\s*cron\((.*)\)\s*", re.DOTALL)
_NEAREST = re.compile(r"(\d{1,2})W")
_NTH = re.compile(r"([A-Z0-9]+)#([1-5])")
_LAST_OF_WEEK = re.compile(r"([A-Z]{3}|[1-7])L")
_Days = Callable[[int, int], set[int]]


class CronError(ValueError):
    """The expression is none; the message names the field, the rule and the fix."""


@dataclass(frozen=True)
class Cron:
    """One expression; ``text`` are its six fields without the word cron."""

    text: str

    def __post_init__(self) -> None:
        """Reads it, so that one that cannot be read is never kept."""
        object.__setattr__(self, "text", _six_fields(self.text))
        _ = self._times, self._months, self._years, self._days

    @property
    def expression(self) -> str:
        """The expression as AWS takes it."""
        return f"cron({self.text})"

    def firings(self, start: datetime, end: datetime, zone: ZoneInfo) -> Iterator[datetime]:
        """Yields in UTC when it fires in [start, end), both timezone-aware."""
        day = start.astimezone(zone).date()
        # A clock that is set back makes the day before last longer, never by more than a day.
        last = end.astimezone(zone).date()
        while day <= last and day.year <= _LAST_YEAR:
            for moment in self._of_day(day):
                when = _instant(moment, zone)
                if when is not None and start <= when < end:
                    yield when
            day += timedelta(days=1)

    def _of_day(self, day: date) -> Iterator[datetime]:
        if day.month not in self._months or day.year not in self._years:
            return
        if day.day in self._days(day.year, day.month):
            yield from (datetime.combine(day, moment) for moment in self._times)

    @cached_property
    def _fields(self) -> list[str]:
        return self.text.split()

    @cached_property
    def _times(self) -> tuple[time, ...]:
        hours, minutes = _values(self._fields[1], 1), _values(self._fields[0], 0)
        return tuple(time(hour, minute) for hour in sorted(hours) for minute in sorted(minutes))

    @cached_property
    def _months(self) -> set[int]:
        return _values(self._fields[3], 3)

    @cached_property
    def _years(self) -> set[int]:
        return _values(self._fields[5], 5)

    @cached_property
    def _days(self) -> _Days:
        of_month, of_week = self._fields[2], self._fields[4]
        return _days_of_month(of_month) if of_week == "?" else _days_of_week(of_week)


def _six_fields(text: str) -> str:
    wrapped = _WRAPPED.fullmatch(text)
    fields = (wrapped.group(1) if wrapped else text).upper().split()
    if len(fields) != len(_FIELDS):
        raise CronError(
            f"{text!r} has {len(fields)} fields: a cron expression of EventBridge Scheduler has "
            "six: minutes, hours, days of the month, months, days of the week, years. At seven on "
            "workdays: 0 7 ? * MON-FRI *"
        )
    if (fields[2] == "?") == (fields[4] == "?"):
        raise CronError(
            f"{text!r} has {fields[2]} as days of the month and {fields[4]} as days of the week: "
            "exactly one of the two must be ?"
        )
    return " ".join(fields)


def _values(field: str, index: int) -> set[int]:
    """Returns what a field of lists, ranges and steps stands for."""
    found: set[int] = set()
    for part in field.split(","):
        found |= _part(part, index)
    return found


def _part(part: str, index: int) -> set[int]:
    name, low, high, _ = _FIELDS[index]
    span, slash, step = part.partition("/")
    if slash and not (step.isascii() and step.isdecimal() and int(step)):
        raise CronError(f"{part!r} is no step of {name}: write how many after the slash.")
    if span == "*":
        first, last = low, high
    elif "-" in span:
        first, last = (_number(one, index) for one in span.split("-", 1))
    else:
        first = _number(span, index)
        last = high if slash else first
    if first > last:
        raise CronError(f"{part!r} of {name} ends before it begins: list both parts instead.")
    return set(range(first, last + 1, int(step) if slash else 1))


def _number(text: str, index: int) -> int:
    name, low, high, names = _FIELDS[index]
    number = names.get(text)
    if number is None and text.isascii() and text.isdecimal():
        number = int(text)
    if number is None or not low <= number <= high:
        raise CronError(f"{text!r} is not among the {name}: {low} to {high} are.")
    return number


def _length(year: int, month: int) -> int:
    return calendar.monthrange(year, month)[1]


def _days_of_month(field: str) -> _Days:
    if field == "L":
        return lambda year, month: {_length(year, month)}
    if field == "LW":
        return lambda year, month: _workday_near(year, month, _length(year, month))
    if nearest := _NEAREST.fullmatch(field):
        day = _number(nearest.group(1), 2)
        return lambda year, month: (
            _workday_near(year, month, day) if day <= _length(year, month) else set()
        )
    days = _values(field, 2)
    return lambda _year, _month: days


def _workday_near(year: int, month: int, day: int) -> set[int]:
    """Returns the workday of this month that is nearest to a day of it."""
    weekday = date(year, month, day).isoweekday()
    if weekday == 6:
        return {day - 1 if day > 1 else day + 2}
    if weekday == 7:
        return {day + 1 if day < _length(year, month) else day - 2}
    return {day}


def _days_of_week(field: str) -> _Days:
    if nth := _NTH.fullmatch(field):
        day, which = _number(nth.group(1), 4), int(nth.group(2))
        return lambda year, month: set(_weekdays(year, month, {day})[which - 1 : which])
    if last := _LAST_OF_WEEK.fullmatch(field):
        day = _number(last.group(1), 4)
        return lambda year, month: set(_weekdays(year, month, {day})[-1:])
    # A lone L is the last day of a week.
    days = _values("7" if field == "L" else field, 4)
    return lambda year, month: set(_weekdays(year, month, days))


def _weekdays(year: int, month: int, days: set[int]) -> list[int]:
    """Returns the days of a month that are one of some weekdays, 1 for Sunday."""
    first = date(year, month, 1).isoweekday() % 7
    return [day for day in range(1, _length(year, month) + 1) if (first + day - 1) % 7 + 1 in days]


def _instant(moment: datetime, zone: ZoneInfo) -> datetime | None:
    """Returns the instant of a local time, the first of two, None of a time that is skipped."""
    instant = moment.replace(tzinfo=zone).astimezone(UTC)
    exists = instant.astimezone(zone).replace(tzinfo=None) == moment
    return instant if exists else None
