"""What becomes of a hold that nobody settled: the sweep's rules.

A crash between any two steps may leave a hold. It goes only when nothing of its run can run or
start any more, and what cannot be seen is taken for something that runs.
"""

from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from thriftline.core.dataclass import dataclass
from thriftline.money.month import Hold

# A function outlives the execution that called it by 15 minutes at the most; the workflow that
# tidies up after an execution then has its turn.
QUIET = timedelta(minutes=45)
# A document that nobody can read a day after the end will not be read: every sweep until then
# has reported it.
UNREADABLE_PATIENCE = timedelta(days=1)
# What AWS has not said a week after the end it will not say.
PATIENCE = timedelta(days=7)
# A run lasts a year at the most, which the machine's own time limit enforces; then PATIENCE.
MONTHS_BACK = 14


class Life(StrEnum):
    """What is known of an execution."""

    RUNNING = "running"
    ENDED = "ended"
    MISSING = "missing"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Seen:
    """A held run as it is now.

    ``may_run`` is whether one of its jobs runs or cannot be seen. ``billed_usd`` is None while
    that is not known, ``most_usd`` what the run's jobs may have cost at the most. ``unreadable``
    says why the run's plan cannot be read, so that nobody knows its jobs.
    """

    hold: Hold
    life: Life
    ended_at: datetime | None
    may_run: bool
    billed_usd: Decimal | None
    most_usd: Decimal
    unreadable: str | None = None


@dataclass(frozen=True)
class Verdict:
    """The dollars that the hold is replaced by; None keeps it. ``reason`` is for a person.

    ``alerts`` is whether whoever pays must hear of it.
    """

    settle_usd: Decimal | None
    reason: str
    alerts: bool = False


def verdict(seen: Seen, now: datetime) -> Verdict:
    """Says whether a hold goes, and what it is replaced by."""
    if seen.life in {Life.RUNNING, Life.UNKNOWN}:
        return Verdict(None, f"The execution is {seen.life}.")
    if seen.unreadable is not None:
        return _unreadable(seen, seen.unreadable, now)
    if seen.may_run:
        return Verdict(None, "A job of the run may still run.")
    # Step Functions forgets an execution after 90 days; what it never had may come yet.
    since = now - (seen.ended_at or seen.hold.held_at)
    if since < QUIET:
        return Verdict(None, "The execution ended only now; it may be settled without the sweep.")
    if seen.billed_usd is not None:
        return Verdict(seen.billed_usd, "Nothing of the run runs any more.")
    if since >= PATIENCE:
        return Verdict(
            seen.most_usd,
            f"What the run was billed was not known {PATIENCE.days} days after its end; all that "
            "it may have cost is counted.",
        )
    return Verdict(None, "What the run was billed is not known yet.")


def _unreadable(seen: Seen, why: str, now: datetime) -> Verdict:
    """All that is held is counted: it covers whatever the run's jobs may still cost."""
    since = now - (seen.ended_at or seen.hold.held_at)
    if since < UNREADABLE_PATIENCE:
        return Verdict(None, f"The run's plan cannot be read: {why}")
    return Verdict(
        seen.hold.usd,
        f"The run's plan could not be read a day after the run had ended, so its jobs and their "
        f"bill are not known. All of the {seen.hold.usd} USD that were held for it count as "
        f"spent. {why}",
        alerts=True,
    )


def recent_months(now: datetime) -> tuple[str, ...]:
    """Returns the keys of the months that may still hold something, the oldest first."""
    last = now.year * 12 + now.month - 1
    return tuple(
        f"{month // 12}-{month % 12 + 1:02d}" for month in range(last - MONTHS_BACK + 1, last + 1)
    )
