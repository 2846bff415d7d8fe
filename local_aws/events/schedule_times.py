"""When a schedule's expression fires: at(...), rate(...) and cron(...) of EventBridge Scheduler.

Application Auto Scaling takes the same three. The times of cron are `croniter`'s, which knows
most of AWS's dialect; what it does not know is refused, and what it reads otherwise is rewritten.
Time zones are ours: AWS skips a time that a clock skips, and fires once where a clock repeats one.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from croniter import CroniterError, croniter

_AT = re.compile(r"at\((\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})\)")
_RATE = re.compile(r"rate\((\d+) (minute|hour|day)(s?)\)")
_CRON = re.compile(r"cron\((\S+) (\S+) (\S+) (\S+) (\S+) (\S+)\)")
_UNITS = {
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
}
_WEEKDAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_YEARS = (1970, 2199)


class ScheduleExpressionError(ValueError):
    """AWS would refuse the expression."""


class NotDoneHereError(ValueError):
    """AWS would take the expression; the embedded AWS does not know its times."""


@dataclass(frozen=True)
class Times:
    """What fires when; `recurs` is false of what happens once."""

    recurs: bool
    after: Callable[[datetime], datetime | None]


def times_of(expression: str, timezone: str | None, since: datetime) -> Times:
    """Return the times of an expression; a rate is counted from `since`.

    Raises:
        ScheduleExpressionError: AWS refuses the expression or the time zone.
        NotDoneHereError: the library cannot tell its times.
    """
    zone = _zone(timezone)
    if once := _AT.fullmatch(expression):
        moment = _local(once.group(1)).replace(tzinfo=zone).astimezone(UTC)
        return Times(False, lambda after: moment if after < moment else None)
    if rate := _RATE.fullmatch(expression):
        return _every(int(rate.group(1)), rate.group(2), rate.group(3), since)
    if cron := _CRON.fullmatch(expression):
        text, years = _translated(expression, cron.groups())
        return Times(True, lambda after: _next(text, years, zone, after))
    raise ScheduleExpressionError(
        f"Invalid Schedule Expression {expression}: it is none of at(yyyy-mm-ddThh:mm:ss), "
        "rate(value unit) and cron(fields)."
    )


def _zone(name: str | None) -> ZoneInfo:
    try:
        return ZoneInfo(name or "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ScheduleExpressionError(f"The time zone {name} is not valid.") from error


def _local(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise ScheduleExpressionError(f"Invalid Schedule Expression at({text}).") from error


def _every(count: int, unit: str, plural: str, since: datetime) -> Times:
    if count == 0 or (count == 1) != (plural == ""):
        raise ScheduleExpressionError(
            f"Invalid Schedule Expression rate({count} {unit}{plural}): one {unit}, or more "
            f"{unit}s."
        )
    step = count * _UNITS[unit]

    def after(moment: datetime) -> datetime:
        done = max(0, (moment - since) // step + 1)
        return since + done * step

    return Times(True, after)


def _translated(expression: str, fields: tuple[str, ...]) -> tuple[str, frozenset[int]]:
    """Return five fields as the library reads them, and the years."""
    minute, hour, day, month, weekday, year = (one.upper() for one in fields)
    if (day == "?") == (weekday == "?"):
        raise ScheduleExpressionError(
            f"Invalid Schedule Expression {expression}: one of the days of the month and of the "
            "week must be ?, the other must not."
        )
    if day == "LW":
        raise NotDoneHereError(f"{expression}: the last workday of a month")
    day, weekday = day.replace("?", "*"), _weekday(weekday.replace("?", "*"))
    text = " ".join(_no_span_of_one(one) for one in (minute, hour, day, month, weekday))
    try:
        croniter(text)
        years = _years(year)
    except (CroniterError, ValueError) as error:
        raise ScheduleExpressionError(
            f"Invalid Schedule Expression {expression}: {error}"
        ) from error
    return text, years


def _weekday(field: str) -> str:
    """Return the days of a week by name: AWS counts from 1, Sunday, the library from 0."""
    if last := re.fullmatch(r"([A-Z]{3}|[1-7])L", field):
        name = last.group(1)
        return f"L{_WEEKDAYS.index(name) if name in _WEEKDAYS else int(name) - 1}"
    if field == "L":
        return "SAT"
    head, hash_sign, which = field.partition("#")
    if re.search(r"[089]", head):
        raise ScheduleExpressionError(f"Invalid days of the week {field}: 1 (Sunday) to 7.")
    # A step after a slash is no day.
    named = re.sub(r"(?<!/)[1-7]", lambda found: _WEEKDAYS[int(found.group()) - 1], head)
    return named + hash_sign + which


def _no_span_of_one(field: str) -> str:
    """Return a field without spans such as 3-3, which the library takes for all there are."""
    return re.sub(r"(?<![\w])(\w+)-\1(?![\w])", r"\1", field)


def _years(field: str) -> frozenset[int]:
    low, high = _YEARS
    found: set[int] = set()
    for part in field.split(","):
        span, _, step = part.partition("/")
        first, _, last = ("-".join(map(str, _YEARS)) if span == "*" else span).partition("-")
        end = int(last) if last else (high if step else int(first))
        found |= set(range(int(first), end + 1, int(step or 1)))
    if not found or min(found) < low or max(found) > high:
        raise ValueError(f"years are {low} to {high}")
    return frozenset(found)


def _next(text: str, years: frozenset[int], zone: ZoneInfo, after: datetime) -> datetime | None:
    for moment in _local_times(text, years, after.astimezone(zone).replace(tzinfo=None)):
        instant = moment.replace(tzinfo=zone).astimezone(UTC)
        exists = instant.astimezone(zone).replace(tzinfo=None) == moment
        if exists and instant > after:
            return instant
    return None


def _local_times(text: str, years: frozenset[int], start: datetime) -> Iterator[datetime]:
    """Yield the local times of the years that are asked for, in order."""
    for year in sorted(one for one in years if one >= start.year):
        new_year = datetime.combine(date(year, 1, 1), time())
        found = croniter(text, max(start, new_year) - timedelta(minutes=1))
        try:
            while (moment := found.get_next(datetime)).year == year:
                yield moment
        except CroniterError:
            # No day of fifty years is like that, such as the 30th of February.
            return
