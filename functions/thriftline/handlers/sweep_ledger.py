"""Lambda: what nobody settled is settled, on a schedule."""

from thriftline.core.observability import entry_point, logger
from thriftline.runs.schemas.steps.sweeps import SweepLedgerRequest, SweepLedgerResponse
from thriftline.runs.steps.sweep_ledger import Sweeper, sweep_ledger
from thriftline.runs.steps.watch_budget import KillSwitch, watch_budget
from thriftline.wiring import ledger as money
from thriftline.wiring import runs as wiring
from thriftline.wiring.engines import engines
from thriftline.wiring.trainers import trainers


def _report(run_id: str, error: Exception) -> None:
    logger.warning("A hold could not be judged", run_id=run_id, error=str(error))


@entry_point(SweepLedgerRequest)
def lambda_handler(request: SweepLedgerRequest) -> SweepLedgerResponse:
    """Settles what nothing runs for any more, then watches the budget; see both steps."""
    sweeper = Sweeper(
        ledger=money.ledger(),
        runs=wiring.runs_table(),
        artifacts=wiring.artifacts(),
        trainers=trainers(),
        engines=engines(),
        executions=wiring.executions(),
        alerts=wiring.alerts(),
    )
    swept = sweep_ledger(sweeper, now=wiring.now(), report=_report)
    stopped = watch_budget(
        ledger=money.ledger(),
        budgets=money.budgets(),
        alerts=wiring.alerts(),
        switch=KillSwitch(
            is_on=wiring.settings().stops_runs_at_budget,
            runs=wiring.runs_table(),
            artifacts=wiring.artifacts(),
            trainers=trainers(),
            engines=engines(),
        ),
        holds=[hold for _, hold in sweeper.holds(wiring.now())],
        report=_report,
        now=wiring.now(),
    )
    return swept.model_copy(update={"stopped_jobs": stopped})
