"""Settles a run in the month's ledger: its hold goes, and what it was billed stays."""

from datetime import datetime
from decimal import Decimal

from thriftline.core.aws.buckets import Bucket
from thriftline.money.ledger import Ledger, settle
from thriftline.money.month import month_key
from thriftline.runs.aws.runs_table import RunsTable
from thriftline.runs.engines.registry import Engines
from thriftline.runs.schemas.steps.budget import SettleBudgetRequest, SettleBudgetResponse
from thriftline.runs.steps.own_run import own_run_id
from thriftline.runs.steps.run_bill import bill_of
from thriftline.runs.trainers.registry import Trainers


def settle_budget(
    request: SettleBudgetRequest,
    *,
    runs: RunsTable,
    artifacts: Bucket,
    trainers: Trainers,
    engines: Engines,
    ledger: Ledger,
    now: datetime,
) -> SettleBudgetResponse:
    """Replaces the run's hold by what its attempts and its preparation were billed; safe to repeat.

    While an attempt has not ended, or what it was billed is not known, the hold stays: the sweep
    settles it later. It counts in the month of its hold, whatever the date is now.
    """
    run_id = own_run_id(request.run_id, request.upload, request.execution_arn, runs=runs, now=now)
    if run_id is None:
        return SettleBudgetResponse(
            status="nothing_held", settled_usd=None, reason="The execution has no run of its own."
        )
    item = runs.get(run_id) or {}
    bill = bill_of(run_id, item, artifacts=artifacts, trainers=trainers, engines=engines)
    if bill.usd is None:
        return SettleBudgetResponse(status="kept", settled_usd=None, reason=bill.reason)
    key = item.get("ledger_month")
    if key is None and bill.usd == 0:
        return SettleBudgetResponse(
            status="nothing_held", settled_usd=bill.usd, reason="The run held no dollars."
        )
    # A run of a former version that held nothing here has spent all the same.
    key = str(key or month_key(now))
    project = str(item.get("project", ""))
    repeated = settle_run(key, run_id, project, bill.usd, runs=runs, ledger=ledger, now=now)
    return SettleBudgetResponse(
        status="settled",
        settled_usd=bill.usd,
        reason="It was settled before." if repeated else f"It counts in {key}.",
    )


def settle_run(
    key: str,
    run_id: str,
    project: str,
    usd: Decimal,
    *,
    runs: RunsTable,
    ledger: Ledger,
    now: datetime,
) -> bool:
    """Settles a run whose bill is known and notes it in its item; True when it was before.

    It is noted first: where the call is lost between the two, the run still holds its dollars, and
    the sweep settles it with the same ones. The other way round nobody would come to note them.
    It is settled from ``settled_at`` on.
    """
    noted = runs.keep_first(run_id, "settled_usd", f"{usd:.9f}")
    settled = settle(ledger, key, run_id, project, Decimal(noted), now.date())
    if settled.repeated:
        # The first call may have been lost before it could note its time.
        runs.keep_first(run_id, "settled_at", now.isoformat())
    else:
        runs.update(run_id, ledger_month=key, settled_at=now.isoformat())
    return settled.repeated
