"""The month's ledger: dollars are held before a job exists, and settled when it has ended.

Everything here decides; how a month is kept is the business of whoever gives the ``Ledger``. Each
call may be repeated after a lost answer: a run is held once, settled once, and never held again.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import ROUND_CEILING, Decimal
from typing import Protocol

from thriftline.core.dataclass import dataclass
from thriftline.core.errors import BudgetExceededError, RunSettledError, ThrottledError
from thriftline.core.wording import counted
from thriftline.money.month import Change, Filing, Hold, Holding, Month, Settling

_CENT = Decimal("0.01")
# Finer than any rate for a second; DynamoDB keeps 38 digits.
_SETTLED = Decimal("0.000000001")
# Each try is lost only to another write of the same run, or to a filing, of which there are few.
_TRIES = 5
# So many closed runs lie in the month itself, some 40 KB of the 400 that an item may have. Above it
# each settlement files a few more of them than it adds, until there are fewer.
MOST_CLOSED = 500
FILED_AT_ONCE = 50


class Ledger(Protocol):
    """Where months are kept."""

    def month(self, key: str) -> Month:
        """Returns a month as it is now; one that nobody wrote to is empty."""

    def change(self, key: str, change: Change) -> Month | None:
        """Makes a change; returns None when it was made, else the month that refused it."""

    def file(self, key: str, run_ids: Iterable[str]) -> None:
        """Notes closed runs apart from the month, for good; safe to repeat."""

    def is_filed(self, key: str, run_id: str) -> bool:
        """Whether a run was noted so."""


@dataclass(frozen=True)
class Budgets:
    """Dollars for a month: the stack's, and those of projects that have a budget of their own."""

    month_usd: Decimal
    projects: Mapping[str, Decimal]

    def left(self, month: Month, project: str) -> Decimal:
        """Returns what a new run of a project may hold; 0 or below means nothing."""
        left = self.month_usd - month.committed_usd
        own = self.projects.get(project)
        return left if own is None else min(left, own - month.committed_to(project))


@dataclass(frozen=True)
class Settled:
    """What settling did: the hold that went, if any, and whether the run was settled before."""

    held_usd: Decimal | None
    repeated: bool


def hold_usd(worst_case: Decimal, *graces: Decimal) -> Decimal:
    """Returns what is held for a run: its worst case and what may come on top, in whole cents."""
    return (worst_case + sum(graces, Decimal(0))).quantize(_CENT, rounding=ROUND_CEILING)


def reserve(ledger: Ledger, key: str, hold: Hold, budgets: Budgets) -> Hold:
    """Holds dollars for a run in a month, once; returns the hold that is there.

    Raises:
        BudgetExceededError: the month or the project has not so much left.
        RunSettledError: the run was settled already; it may not spend again.
    """
    own = budgets.projects.get(hold.project)
    for _ in range(_TRIES):
        # In this order: what is filed in between is seen by the condition on the month.
        filed = ledger.month(key).filed
        if filed and ledger.is_filed(key, hold.run_id):
            raise RunSettledError(_settled_text(hold.run_id))
        room = None if own is None else own - hold.usd
        seen = ledger.change(key, Holding(hold, budgets.month_usd - hold.usd, room, filed))
        if seen is None:
            return hold
        if hold.run_id in seen.closed:
            raise RunSettledError(_settled_text(hold.run_id))
        if found := seen.holds.get(hold.run_id):
            return found
        if seen.filed == filed:
            raise BudgetExceededError(refusal_text(seen, hold, budgets))
    raise ThrottledError(f"The month {key} of run {hold.run_id} changes all the time.")


def settle(
    ledger: Ledger,
    key: str,
    run_id: str,
    project: str,
    usd: Decimal,
    day: date,
    *,
    most_closed: int = MOST_CLOSED,
) -> Settled:
    """Replaces a run's hold by what it was billed, once, and closes the run for good.

    A run that holds nothing is closed all the same, so that a hold that comes late is refused. A
    month with ``most_closed`` closed runs or more has some of them filed first.

    Raises:
        ThrottledError: the hold is changed at the same time, again and again.
    """
    for tried in range(_TRIES):
        month = ledger.month(key)
        if not tried and len(month.closed) >= most_closed:
            # Before the settlement: what fails here is repeated, and nothing was settled.
            month = _with_some_filed(ledger, key, month)
        if run_id in month.closed or (month.filed and ledger.is_filed(key, run_id)):
            return Settled(None, repeated=True)
        hold = month.holds.get(run_id)
        change = Settling(
            run_id=run_id,
            project=hold.project if hold else project,
            held_usd=hold.usd if hold else None,
            usd=usd.quantize(_SETTLED),
            day=day,
            filed=month.filed,
        )
        if ledger.change(key, change) is None:
            return Settled(change.held_usd, repeated=False)
    raise ThrottledError(f"The hold of run {run_id} changes all the time.")


def _with_some_filed(ledger: Ledger, key: str, month: Month) -> Month:
    """Files closed runs apart, then takes them out of the month: each is in one place at least."""
    some = frozenset(sorted(month.closed)[:FILED_AT_ONCE])
    ledger.file(key, some)
    ledger.change(key, Filing(some, month.filed))
    return ledger.month(key)


def refusal_text(month: Month, hold: Hold, budgets: Budgets) -> str:
    """Says which budget refuses, what it is used up by, and which parameter raises it."""
    own = budgets.projects.get(hold.project)
    by_project = own is not None and hold.usd > own - month.committed_to(hold.project)
    by_month = hold.usd > budgets.month_usd - month.committed_usd
    text = (
        _month_text(month, budgets)
        if by_month or own is None
        else _project_text(month, hold.project, own)
    )
    fix = "MaxUsdPerMonth" if by_month or not by_project else "ProjectBudgets"
    return (
        f"{hold.usd} USD are to be held for the worst case of the run and do not fit: "
        f"{text} Runs that end give back what they did not use. Wait for them, lower "
        f"budget.max_usd or training.max_runtime_seconds, or raise the stack's parameter "
        f"{fix}. Nothing was spent."
    )


def _month_text(month: Month, budgets: Budgets) -> str:
    left = max(Decimal(0), budgets.month_usd - month.committed_usd)
    external = (
        f", {_cents(month.external_usd)} USD were spent outside Thriftline"
        if month.external_usd
        else ""
    )
    return (
        f"the budget of {month.key} is {budgets.month_usd} USD (MaxUsdPerMonth), of which "
        f"{_cents(month.held_usd)} USD are held by {counted(len(month.holds), 'run')}, "
        f"{_cents(month.settled_usd)} USD are settled{external}, and {left:.2f} USD are left."
    )


def _project_text(month: Month, project: str, own: Decimal) -> str:
    holds = [hold for hold in month.holds.values() if hold.project == project]
    held = sum((hold.usd for hold in holds), Decimal(0))
    committed = month.committed_to(project)
    return (
        f"the project {project} has a budget of {own} USD for {month.key} (ProjectBudgets), of "
        f"which {_cents(held)} USD are held by {counted(len(holds), 'run')}, "
        f"{_cents(committed - held)} USD are settled, and {max(Decimal(0), own - committed):.2f} "
        "USD are left."
    )


def _settled_text(run_id: str) -> str:
    return (
        f"The budget of run {run_id} was settled already, so it may start nothing any more. "
        "Upload the data set again for a new run."
    )


def _cents(usd: Decimal) -> Decimal:
    return usd.quantize(_CENT, rounding=ROUND_CEILING)
