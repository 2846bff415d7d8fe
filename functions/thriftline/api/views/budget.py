"""The month's money in one look."""

from decimal import Decimal

from thriftline.api.requests import Call
from thriftline.api.running_bills import bills_of, parts_of
from thriftline.api.schemas.budget import Budget, ProjectBudget
from thriftline.money.month import month_key
from thriftline.money.sums import sum_of
from thriftline.serving.steps.endpoint_bills import endpoint_bills
from thriftline.wiring import api as wiring
from thriftline.wiring import api_serving


def budget(call: Call) -> Budget:
    """Returns the month; projects that the caller may not see are in the sums alone."""
    month = wiring.ledger().month(month_key(call.now))
    budgets = wiring.budgets()
    active = wiring.run_lists().active()
    bills = tuple(bills_of(active, endpoint_bills(api_serving.listing_site())))
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
        running_usd_per_hour=sum_of(one.usd for one in bills),
        running_parts=parts_of(bills, call.may),
        at_risk_usd=None if active.unread else sum_of(one.worst_case_usd for one in active.billed),
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
