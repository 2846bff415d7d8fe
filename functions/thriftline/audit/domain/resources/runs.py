"""What the stack's own runs settled, and what AWS billed under their tag."""

from datetime import date, datetime
from decimal import Decimal

from thriftline.core.dataclass import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class SettledAttempt:
    """One attempt of a run. ``undiscounted_usd`` is what it had cost without Spot."""

    job_name: str
    started: datetime | None
    ended: datetime | None
    is_spot: bool
    billed_usd: Decimal | None
    undiscounted_usd: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SettledRun:
    """A run whose hold in the month's ledger was replaced by what it was billed."""

    run_id: str
    project: str
    month: str | None
    settled_usd: Decimal
    attempts: tuple[SettledAttempt, ...]

    @property
    def days(self) -> tuple[date, date] | None:
        """The first and last day on which its attempts ran, None where a time is not known."""
        ran = [one for one in self.attempts if one.billed_usd != 0]
        starts = [one.started for one in ran if one.started is not None]
        ends = [one.ended for one in ran if one.ended is not None]
        if not ran or len(starts) < len(ran) or len(ends) < len(ran):
            return None
        return min(starts).date(), max(ends).date()


@dataclass(frozen=True, slots=True, kw_only=True)
class RunBill:
    """USD that AWS billed on one day under a run's tag; ``run_id`` is empty without the tag.

    ``is_estimated`` is Cost Explorer's own word for days that are not closed yet.
    """

    run_id: str
    day: date
    usd: Decimal
    is_estimated: bool
