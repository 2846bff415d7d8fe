"""Holds a run's worst case in the month's ledger before anything can be spent."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal

from thriftline.core.aws.buckets import Bucket
from thriftline.core.dataclass import dataclass
from thriftline.core.errors import BudgetExceededError, RunSettledError
from thriftline.money.ledger import Budgets, Ledger, hold_usd, reserve
from thriftline.money.month import Hold, month_key
from thriftline.runs.aws.runs_table import RunsTable
from thriftline.runs.domain.affordable import Room, cheaper_choices, clamped
from thriftline.runs.schemas.plan import Plan
from thriftline.runs.schemas.run import Run
from thriftline.runs.schemas.steps.budget import ReserveBudgetResponse
from thriftline.runs.steps.listed_facts import planned_facts
from thriftline.runs.steps.run_documents import read_plan, read_run, write_plan

# Another run may take what was left in between.
_TRIES = 3


def reserve_budget(
    run_id: str,
    *,
    artifacts: Bucket,
    runs: RunsTable,
    ledger: Ledger,
    budgets: Budgets,
    now: datetime,
) -> ReserveBudgetResponse:
    """Holds the plan's allowance and what may come on top of it; safe to repeat.

    A run that does not fit what is left is made shorter where that is useful, and ``plan.json``
    then says so.

    The month is decided once and kept in the run's item: a call that comes again after midnight,
    or from a clock that jumped, finds the same hold.

    Raises:
        BudgetExceededError: the month or the project has not so much left.
        RunSettledError: the run was settled already.
    """
    plan, run = read_plan(artifacts, run_id), read_run(artifacts, run_id)
    key = runs.keep_first(run_id, "ledger_month", month_key(now))
    booking = _Booking(run, key, ledger, budgets, now)
    hold = booking.hold(plan, lambda shorter: write_plan(artifacts, shorter))
    runs.update(run_id, held_usd=str(hold.usd), **planned_facts(read_plan(artifacts, run_id)))
    left = budgets.left(ledger.month(key), run.project)
    return ReserveBudgetResponse(month=key, held_usd=hold.usd, left_usd=left)


@dataclass(frozen=True)
class _Booking:
    """One run that asks its month for dollars."""

    run: Run
    key: str
    ledger: Ledger
    budgets: Budgets
    now: datetime

    def hold(self, plan: Plan, write: Callable[[Plan], None]) -> Hold:
        """Holds what the plan may cost; a plan that does not fit is made shorter if that is useful.

        The shorter plan is written before its hold is made, so that no run may spend more than it
        holds, wherever it crashes.
        """
        for _ in range(_TRIES):
            try:
                return self._reserve(plan)
            except BudgetExceededError as refused:
                shorter = self._shorter(plan)
                if shorter is None:
                    raise BudgetExceededError(f"{refused}{self._instead(plan)}") from refused
                plan = shorter
                write(plan)
        return self._reserve(plan)

    def _reserve(self, plan: Plan) -> Hold:
        usd = hold_usd(plan.allowance_usd, plan.stop_grace_usd, plan.upload_grace_usd)
        hold = Hold(self.run.run_id, self.run.project, usd, self.now)
        return reserve(self.ledger, self.key, hold, self.budgets)

    def _room(self, plan: Plan) -> Decimal:
        left = self.budgets.left(self.ledger.month(self.key), self.run.project)
        return left - plan.stop_grace_usd - plan.upload_grace_usd

    def _shorter(self, plan: Plan) -> Plan | None:
        room = self._room(plan)
        if room >= plan.allowance_usd:
            # Another run gave back what it held.
            return plan
        limit = Room(room, f"the budget of {self.key}")
        if plan.ask.worst_usd <= limit.cents:
            # The first rung fits in full; a more expensive one gets less time, or is passed over.
            return plan.model_copy(update={"allowance_usd": limit.cents})
        clamp = clamped(plan.ask, limit)
        return plan.shortened(clamp) if clamp else None

    def _instead(self, plan: Plan) -> str:
        others = (one.to_choice() for one in plan.quotes if not one.chosen)
        choices = cheaper_choices(others, self._room(plan))
        return f" What fits: {', '.join(choices)}." if choices else ""


def require_hold(run_id: str, *, runs: RunsTable, ledger: Ledger) -> None:
    """Checks that a run still holds its dollars: without them it may start nothing.

    Raises:
        RunSettledError: it holds none, such as in a redriven execution of a run that had ended.
    """
    key = (runs.get(run_id) or {}).get("ledger_month")
    if key is None or run_id not in ledger.month(str(key)).holds:
        raise RunSettledError(
            f"Run {run_id} holds no dollars in the ledger: it was settled already, or was never "
            "reserved. Upload the data set again for a new run."
        )
