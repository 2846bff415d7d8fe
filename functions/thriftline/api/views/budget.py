"""The month's money in one look."""

from collections.abc import Iterable
from decimal import Decimal

from thriftline.api.requests import Call
from thriftline.api.schemas.budget import Budget, ProjectBudget
from thriftline.money.month import month_key
from thriftline.wiring import api as wiring


def budget(call: Call) -> Budget:
    """Returns the month; projects that the caller may not see are in the sums alone."""
    month = wiring.ledger().month(month_key(call.now))
    budgets = wiring.budgets()
    active = wiring.run_lists().active()
    named = sorted({*month.projects, *budgets.projects})
    return Budget(
        month=month.key,
        as_of=call.now,
        cap_usd=budgets.month_usd,
        spent_usd=month.spent_usd,
        settled_usd=month.settled_usd,
        external_usd=month.external_usd,
        held_usd=month.held_usd,
        left_usd=max(Decimal(0), budgets.month_usd - month.committed_usd),
        running_usd_per_hour=_sum(one.rate_usd_per_hour for one in active.training),
        at_risk_usd=_sum(one.worst_case_usd for one in active.training),
        running=active.running,
        waiting_for_approval=active.waiting,
        projects=tuple(
            ProjectBudget(
                project=name,
                cap_usd=budgets.projects.get(name),
                committed_usd=month.committed_to(name),
                left_usd=max(Decimal(0), budgets.left(month, name)),
            )
            for name in named
            if call.may(name)
        ),
    )


def _sum(amounts: Iterable[Decimal | None]) -> Decimal | None:
    """Returns the sum, None where one of them is not known."""
    total = Decimal(0)
    for amount in amounts:
        if amount is None:
            return None
        total += amount
    return total
