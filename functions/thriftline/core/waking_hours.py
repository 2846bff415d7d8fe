"""When an endpoint is on by its schedule, and how a tag says so.

Serving writes the tag; an audit reads the hours out of it, in whatever account it finds it.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from thriftline.core.cron import Cron, CronError
from thriftline.core.dataclass import dataclass

# A value of a tag has none of these; each stands for one that it may have.
_IN_TAGS = str.maketrans("*?,#", "@_.=")
_OUT_OF_TAGS = str.maketrans("@_.=", "*?,#")
_LOOK_BACK = (timedelta(days=8), timedelta(days=70), timedelta(days=800))
_YEAR = timedelta(days=365)
_HOURS_A_MONTH = 730


class WakingHoursError(ValueError):
    """These are no waking hours; the message names the member, the rule and the fix."""

    def __init__(self, message: str, key: str | None = None) -> None:
        super().__init__(message)
        self.key = key
        """Of the three the one at fault, where it is one."""


@dataclass(frozen=True)
class WakingHours:
    """On from each firing of ``on`` to the next of ``off``, by the clocks of a time zone."""

    timezone: str
    on: Cron
    off: Cron

    def __post_init__(self) -> None:
        """Looks the zone up, so that one that nobody knows is never kept."""
        _ = self.zone

    @classmethod
    def of(cls, timezone: str, on: str, off: str) -> "WakingHours":
        """Returns the hours that two expressions stand for.

        Raises:
            WakingHoursError: one of the three cannot be used.
        """
        crons = (_cron(on, "on"), _cron(off, "off"))
        if crons[0] == crons[1]:
            raise WakingHoursError(f"on and off are both {on}: it would never be in service.")
        return cls(timezone, *crons)

    @cached_property
    def zone(self) -> ZoneInfo:
        """The time zone."""
        try:
            return ZoneInfo(self.timezone)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise WakingHoursError(
                f"{self.timezone!r} is no time zone: name one of the IANA, such as Europe/Berlin.",
                "timezone",
            ) from error

    @property
    def tag(self) -> str:
        """The value of the tag."""
        on, off = (one.text.translate(_IN_TAGS) for one in (self.on, self.off))
        return f"{self.timezone} on {on} off {off}"

    def awake_at(self, moment: datetime) -> bool | None:
        """Whether it is on at an instant, None when it has not yet been switched either way."""
        for back in _LOOK_BACK:
            switches = list(self._switches(moment - back, moment + timedelta(microseconds=1)))
            if switches:
                return switches[-1][1]
        return None

    def awake(self, start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Yields the spans of [start, end) in which it is on.

        Before the first switch of a new schedule it is on: it was made by a deployment.
        """
        is_on = self.awake_at(start) is not False
        since = start
        for when, turns_on in self._switches(start, end):
            if is_on and not turns_on and since < when:
                yield since, when
            if turns_on and not is_on:
                since = when
            is_on = turns_on
        if is_on and since < end:
            yield since, end

    def hours_awake(self, start: datetime, end: datetime) -> float:
        """Returns for how many hours of [start, end) it is on."""
        spans = (until - since for since, until in self.awake(start, end))
        return sum(spans, timedelta()) / timedelta(hours=1)

    def hours_a_month(self, now: datetime) -> float:
        """Returns the hours of an average month in which it is on, of the 730 that one has."""
        return self.hours_awake(now, now + _YEAR) / (_YEAR / timedelta(hours=1)) * _HOURS_A_MONTH

    def next_wake(self, moment: datetime) -> datetime | None:
        """Returns when it is switched on next, None when it is not within two years."""
        return next(self.on.firings(moment, moment + 2 * _YEAR, self.zone), None)

    def _switches(self, start: datetime, end: datetime) -> Iterator[tuple[datetime, bool]]:
        on = {(when, True) for when in self.on.firings(start, end, self.zone)}
        off = {(when, False) for when in self.off.firings(start, end, self.zone)}
        # Switched both ways at once it stays on: nobody is turned away.
        yield from sorted(on | off)


def of_tag(value: str) -> WakingHours:
    """Returns the hours that the value of a tag stands for.

    Raises:
        WakingHoursError: it stands for none.
    """
    zone, found, rest = value.partition(" on ")
    on, also, off = rest.partition(" off ")
    if not (found and also):
        raise WakingHoursError(f"{value!r} does not say when it is on and off.")
    return WakingHours.of(zone, on.translate(_OUT_OF_TAGS), off.translate(_OUT_OF_TAGS))


def _cron(text: str, key: str) -> Cron:
    try:
        return Cron(text)
    except CronError as error:
        raise WakingHoursError(str(error), key) from error
