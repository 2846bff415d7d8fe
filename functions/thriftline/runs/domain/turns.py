"""Whose turn it is when all that an account may have at once is in use.

Runs that were refused stand in a line, first come first served. Nobody holds a lock: a run that
does not come back loses its place after a while, and the account's own count decides in the end.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from thriftline.core.dataclass import dataclass

# How long a run waits for its turn on a rung, where nobody has said otherwise.
LONGEST_TURN_SECONDS = 86_400
_SHARE_OF_WAITED = 0.05
_SHORTEST_SECONDS = 15
_USUAL_SECONDS = 300
# Of a wait of days: the history of an execution holds 25,000 events, and a round takes nine.
_SHARE_OF_DAYS = 0.015
_LONGEST_SECONDS = 2700
# A Lambda function that is tried again, and a machine that is slow, come back within this.
_PATIENCE = timedelta(minutes=10)
# The longest that a run which died can hold up those behind it; most leave the line when their
# execution is tidied up.
LONGEST_HOLD_UP = timedelta(seconds=_LONGEST_SECONDS) + _PATIENCE


@dataclass(frozen=True)
class Ticket:
    """A place in the line: since when, and until when it is kept for a run that does not ask."""

    since: datetime
    until: datetime


def ahead_of(name: str, line: Mapping[str, Ticket], now: datetime) -> int:
    """Returns how many wait before this one, which stands at the end if it has no ticket."""
    own = line.get(name)
    mine = (own.since, name) if own is not None and own.until > now else (now, name)
    return sum(
        other != name and ticket.until > now and (ticket.since, other) < mine
        for other, ticket in line.items()
    )


def renewed(own: Ticket | None, now: datetime) -> Ticket:
    """Returns the ticket of a run that goes on waiting; one that had expired starts anew."""
    since = own.since if own is not None and own.until > now else now
    wait = timedelta(seconds=turn_wait_seconds(since, now))
    return Ticket(since, now + wait + _PATIENCE)


def turn_wait_seconds(since: datetime, now: datetime) -> int:
    """Returns the seconds until a run that waits should ask again."""
    waited = (now - since).total_seconds()
    usual = min(_USUAL_SECONDS, int(waited * _SHARE_OF_WAITED))
    of_days = min(_LONGEST_SECONDS, int(waited * _SHARE_OF_DAYS))
    return max(_SHORTEST_SECONDS, usual, of_days)


def is_over(own: Ticket | None, longest_seconds: int | None, now: datetime) -> bool:
    """Whether a run has waited for its turn for as long as it may."""
    if own is None:
        return False
    longest = LONGEST_TURN_SECONDS if longest_seconds is None else longest_seconds
    return (now - own.since).total_seconds() >= longest
