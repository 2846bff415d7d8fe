"""One month of the ledger, and each change that may be made to it.

A change is one conditional write: it says when it is refused and what it makes of the month. The
adapter writes the same as one UpdateItem; a test holds the two equal.
"""

from collections.abc import Mapping
from dataclasses import field, replace
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from thriftline.core.dataclass import dataclass

ZERO = Decimal(0)


def month_key(now: datetime) -> str:
    """Returns the calendar month in UTC, as AWS bills it; ``now`` is in UTC."""
    return f"{now:%Y-%m}"


class Refusal(StrEnum):
    """Why a change was not made."""

    HELD = "held"
    CLOSED = "closed"
    MONTH_FULL = "month_full"
    PROJECT_FULL = "project_full"
    CHANGED = "changed"


@dataclass(frozen=True)
class Hold:
    """Dollars that are kept for one run before it has a job."""

    run_id: str
    project: str
    usd: Decimal
    held_at: datetime


@dataclass(frozen=True)
class Month:
    """What a month's budget has to pay for.

    ``committed_usd`` is the sum of what is settled, spent outside Thriftline and held. ``closed``
    are the last runs that hold nothing any more, for good: older ones were filed apart, so that a
    month does not grow with its runs. ``filed`` says how often that was done. ``projects`` are the
    dollars committed for each project, ``settled_days`` what was settled on each day, ``announced``
    the messages sent.
    """

    key: str
    committed_usd: Decimal = ZERO
    settled_usd: Decimal = ZERO
    external_usd: Decimal = ZERO
    holds: Mapping[str, Hold] = field(default_factory=dict)
    closed: frozenset[str] = frozenset()
    projects: Mapping[str, Decimal] = field(default_factory=dict)
    settled_days: Mapping[str, Decimal] = field(default_factory=dict)
    announced: frozenset[str] = frozenset()
    filed: int = 0

    @property
    def held_usd(self) -> Decimal:
        """What is kept for runs that have not ended."""
        return sum((hold.usd for hold in self.holds.values()), ZERO)

    @property
    def spent_usd(self) -> Decimal:
        """What is known to be spent, by runs and by others."""
        return self.settled_usd + self.external_usd

    def committed_to(self, project: str) -> Decimal:
        """What the runs of a project have cost and may still cost."""
        return self.projects.get(project, ZERO)

    def with_project(self, project: str, usd: Decimal) -> Mapping[str, Decimal]:
        """Returns the projects' dollars with so much more for one of them."""
        return {**self.projects, project: self.committed_to(project) + usd}


@dataclass(frozen=True)
class Holding:
    """Keeps dollars for a run.

    ``room_usd`` is the most that may be committed before it: the budget less the hold. It comes
    from the parameters at every call, so a budget that was changed counts at once. ``filed`` is the
    month's as it was before the run was looked for among those that were filed.
    """

    hold: Hold
    room_usd: Decimal
    project_room_usd: Decimal | None = None
    filed: int = 0

    def refused_by(self, month: Month) -> Refusal | None:
        """Says why the month refuses it, None when it does not."""
        if self.hold.run_id in month.closed:
            return Refusal.CLOSED
        if self.hold.run_id in month.holds:
            return Refusal.HELD
        if month.filed != self.filed:
            return Refusal.CHANGED
        if month.committed_usd > self.room_usd:
            return Refusal.MONTH_FULL
        room = self.project_room_usd
        if room is not None and month.committed_to(self.hold.project) > room:
            return Refusal.PROJECT_FULL
        return None

    def made(self, month: Month) -> Month:
        """Returns the month with the hold."""
        hold = self.hold
        return replace(
            month,
            committed_usd=month.committed_usd + hold.usd,
            holds={**month.holds, hold.run_id: hold},
            projects=month.with_project(hold.project, hold.usd),
        )


@dataclass(frozen=True)
class Settling:
    """Replaces a hold by what the run was billed, and closes the run.

    ``held_usd`` is the hold as it was read, None when there was none. There is no condition of
    funds: what was billed is billed, also above the hold. ``filed`` is the month's as it was before
    the run was looked for among those that were filed.
    """

    run_id: str
    project: str
    held_usd: Decimal | None
    usd: Decimal
    day: date
    filed: int = 0

    @property
    def change_usd(self) -> Decimal:
        """What is committed in addition; below 0 where less was billed than held."""
        return self.usd - (self.held_usd or ZERO)

    def refused_by(self, month: Month) -> Refusal | None:
        """Says why the month refuses it, None when it does not."""
        if self.run_id in month.closed:
            return Refusal.CLOSED
        found = month.holds.get(self.run_id)
        if month.filed != self.filed or (found.usd if found else None) != self.held_usd:
            return Refusal.CHANGED
        return None

    def made(self, month: Month) -> Month:
        """Returns the month without the hold and with what was billed."""
        day = self.day.isoformat()
        return replace(
            month,
            committed_usd=month.committed_usd + self.change_usd,
            settled_usd=month.settled_usd + self.usd,
            holds={key: hold for key, hold in month.holds.items() if key != self.run_id},
            closed=month.closed | {self.run_id},
            projects=month.with_project(self.project, self.change_usd),
            settled_days={
                **month.settled_days,
                day: month.settled_days.get(day, ZERO) + self.usd,
            },
        )


@dataclass(frozen=True)
class Filing:
    """Takes closed runs out of the month that were filed apart before.

    Of several at one instant, which read the same ``filed``, one is made: each of them makes
    whoever is about to hold or settle look again.
    """

    run_ids: frozenset[str]
    filed: int = 0

    def refused_by(self, month: Month) -> Refusal | None:
        """Says why the month refuses it, None when it does not."""
        return None if month.filed == self.filed else Refusal.CHANGED

    def made(self, month: Month) -> Month:
        """Returns the month without them; whoever looked for a run before looks again."""
        return replace(month, closed=month.closed - self.run_ids, filed=month.filed + 1)


@dataclass(frozen=True)
class Counting:
    """Replaces what others spent in the month, as Cost Explorer says."""

    from_usd: Decimal
    to_usd: Decimal

    @property
    def change_usd(self) -> Decimal:
        """What is committed in addition."""
        return self.to_usd - self.from_usd

    def refused_by(self, month: Month) -> Refusal | None:
        """Says why the month refuses it, None when it does not."""
        return None if month.external_usd == self.from_usd else Refusal.CHANGED

    def made(self, month: Month) -> Month:
        """Returns the month with the new figure."""
        return replace(
            month,
            committed_usd=month.committed_usd + self.change_usd,
            external_usd=self.to_usd,
        )


@dataclass(frozen=True)
class Announcing:
    """Notes that a message was sent, so that it is sent once in the month."""

    message: str

    def refused_by(self, month: Month) -> Refusal | None:
        """Says why the month refuses it, None when it does not."""
        return Refusal.CLOSED if self.message in month.announced else None

    def made(self, month: Month) -> Month:
        """Returns the month with the note."""
        return replace(month, announced=month.announced | {self.message})


Change = Holding | Settling | Filing | Counting | Announcing
