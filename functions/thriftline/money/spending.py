"""How much of a month's budget is spent, who is told, and what others spent."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from thriftline.core.dataclass import dataclass
from thriftline.money.ledger import Budgets
from thriftline.money.month import Month

# Shares of a budget, in percent, at which people are told.
THRESHOLDS = (50, 80, 100)


@dataclass(frozen=True)
class Spent:
    """What is spent of one budget; ``project`` is None for the stack's."""

    project: str | None
    usd: Decimal
    budget_usd: Decimal

    @property
    def percent(self) -> int:
        """Whole percent of the budget, rounded down; a budget of 0 is used up."""
        return 100 if self.budget_usd <= 0 else int(100 * self.usd / self.budget_usd)


@dataclass(frozen=True)
class Alert:
    """A threshold that was passed. ``marks`` are the notes that keep it from being sent again."""

    spent: Spent
    threshold: int
    marks: tuple[str, ...]


def spent_of(month: Month, budgets: Budgets) -> Iterator[Spent]:
    """Yields what is spent of the stack's budget and of each project's own."""
    yield Spent(None, month.spent_usd, budgets.month_usd)
    for project, budget in sorted(budgets.projects.items()):
        held = (hold.usd for hold in month.holds.values() if hold.project == project)
        yield Spent(project, month.committed_to(project) - sum(held, Decimal(0)), budget)


def due_alerts(month: Month, budgets: Budgets) -> Iterator[Alert]:
    """Yields the highest threshold of each budget that is passed and was not announced.

    A budget of 0 stops runs on purpose, and nobody has to be told.
    """
    for spent in spent_of(month, budgets):
        passed = [one for one in THRESHOLDS if spent.budget_usd > 0 and spent.percent >= one]
        marks = [f"{spent.project or ''}#{one}" for one in passed]
        if marks and marks[-1] not in month.announced:
            new = tuple(mark for mark in marks if mark not in month.announced)
            yield Alert(spent, passed[-1], new)


def external_usd(billed_usd: Decimal, month: Month, until: date) -> Decimal:
    """Returns what others spent before a day, of what AWS billed before it; never below 0.

    What the stack's own runs had settled by then is taken off. A run that has not ended counts
    twice, as a hold and as billed: an error on the safe side, gone when it settles.
    """
    own = sum(
        (usd for day, usd in month.settled_days.items() if day < until.isoformat()), Decimal(0)
    )
    return max(Decimal(0), billed_usd - own)
