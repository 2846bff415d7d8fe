"""Counts by the minute from CloudWatch, and which of them an experiment may use."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from thriftline.core.dataclass import dataclass
from thriftline.serving.domain.e_test import Counts

# CloudWatch shows a minute's samples some time after it: they are read later still.
LATENESS = timedelta(minutes=3)
MINUTE = timedelta(minutes=1)


def minute_of(when: datetime) -> datetime:
    """Returns the beginning of the minute, in UTC."""
    return when.astimezone(UTC).replace(second=0, microsecond=0)


def first_whole_minute(when: datetime) -> datetime:
    """Returns the first minute that begins at this time or later."""
    begun = minute_of(when)
    return begun if begun == when.astimezone(UTC) else begun + MINUTE


def countable_until(now: datetime) -> datetime:
    """Returns the end of the minutes whose samples are all there."""
    return minute_of(now - LATENESS)


@dataclass(frozen=True, slots=True)
class Minute:
    """One minute of both variants."""

    begun: datetime
    champion: Counts
    challenger: Counts


def minutes_of(
    champion: Mapping[datetime, tuple[float, float]],
    challenger: Mapping[datetime, tuple[float, float]],
) -> Sequence[Minute]:
    """Returns the minutes in which anything came, in order.

    Args:
        champion: requests and mistakes of each minute.
        challenger: the same of the challenger.
    """
    begun = sorted({*champion, *challenger})
    return [Minute(one, _counts(champion.get(one)), _counts(challenger.get(one))) for one in begun]


def _counts(found: tuple[float, float] | None) -> Counts:
    if found is None:
        return Counts()
    requests, mistakes = round(found[0]), round(found[1])
    # A sample that was late on one of two metrics must not make more mistakes than requests.
    return Counts(max(requests, mistakes), mistakes)
