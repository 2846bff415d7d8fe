"""Holds a run's worst case in the month's ledger before anything can be spent."""

from datetime import datetime

from thriftline.core.aws.buckets import Bucket
from thriftline.core.errors import RunSettledError
from thriftline.money.ledger import Budgets, Ledger, hold_usd, reserve
from thriftline.money.month import Hold, month_key
from thriftline.runs.aws.runs_table import RunsTable
from thriftline.runs.schemas.steps import ReserveBudgetResponse
from thriftline.runs.steps.run_documents import read_plan, read_run


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

    The month is decided once and kept in the run's item: a call that comes again after midnight,
    or from a clock that jumped, finds the same hold.

    Raises:
        BudgetExceededError: the month or the project has not so much left.
        RunSettledError: the run was settled already.
    """
    plan, run = read_plan(artifacts, run_id), read_run(artifacts, run_id)
    key = runs.keep_first(run_id, "ledger_month", month_key(now))
    usd = hold_usd(plan.allowance_usd, plan.stop_grace_usd, plan.upload_grace_usd)
    hold = reserve(ledger, key, Hold(run_id, run.project, usd, now), budgets)
    runs.update(run_id, held_usd=str(hold.usd))
    left = budgets.left(ledger.month(key), run.project)
    return ReserveBudgetResponse(month=key, held_usd=hold.usd, left_usd=left)


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
