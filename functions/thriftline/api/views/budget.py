"""The month's money in one look."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from thriftline.api.requests import Call
from thriftline.api.schemas.budget import Budget, ProjectBudget, RunningParts
from thriftline.money.month import month_key
from thriftline.money.sums import sum_of
from thriftline.runs.domain.listed_runs import ListedRun
from thriftline.serving.steps.endpoint_bills import EndpointBill, endpoint_bills
from thriftline.wiring import api as wiring
from thriftline.wiring import api_serving


def budget(call: Call) -> Budget:
    """Returns the month; projects that the caller may not see are in the sums alone."""
    month = wiring.ledger().month(month_key(call.now))
    budgets = wiring.budgets()
    active = wiring.run_lists().active()
    bills = tuple(_bills(active.billed, endpoint_bills(api_serving.listing_site())))
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
        running_parts=_parts(bills, call),
        at_risk_usd=sum_of(one.worst_case_usd for one in active.billed),
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


@dataclass(frozen=True)
class _Bill:
    """What one thing bills an hour now; None where that is not known."""

    kind: str
    name: str
    project: str
    usd: Decimal | None


def _bills(runs: tuple[ListedRun, ...], endpoints: tuple[EndpointBill, ...]) -> Iterator[_Bill]:
    for run in runs:
        kind = "preparation" if run.prepares else "training"
        yield _Bill(kind, run.run_id, run.project, run.rate_usd_per_hour)
    for one in endpoints:
        yield _Bill("endpoint", one.endpoint, one.project, one.usd_per_hour)


def _parts(bills: tuple[_Bill, ...], call: Call) -> RunningParts:
    unknown = [one for one in bills if one.usd is None]
    seen = tuple(one.name for one in unknown if call.may(one.project))
    unseen = len(unknown) - len(seen)
    return RunningParts(
        training_usd_per_hour=_known(bills, "training"),
        preparation_usd_per_hour=_known(bills, "preparation"),
        endpoints_usd_per_hour=_known(bills, "endpoint"),
        unknown=(*seen, f"{unseen} of other projects") if unseen else seen,
    )


def _known(bills: tuple[_Bill, ...], kind: str) -> Decimal:
    return sum((one.usd or Decimal(0) for one in bills if one.kind == kind), Decimal(0))
