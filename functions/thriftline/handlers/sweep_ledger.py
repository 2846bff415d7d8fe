"""Lambda: what nobody settled is settled, on a schedule."""

from thriftline.core.observability import entry_point, logger
from thriftline.runs.schemas.steps import SweepLedgerRequest, SweepLedgerResponse
from thriftline.runs.steps.sweep_ledger import Sweeper, sweep_ledger
from thriftline.wiring import ledger as money
from thriftline.wiring import runs as wiring
from thriftline.wiring.trainers import trainers


def _report(run_id: str, error: Exception) -> None:
    logger.warning("A hold could not be judged", run_id=run_id, error=str(error))


@entry_point(SweepLedgerRequest)
def lambda_handler(request: SweepLedgerRequest) -> SweepLedgerResponse:
    """Settles what nothing runs for any more; see ``sweep_ledger``."""
    sweeper = Sweeper(
        ledger=money.ledger(),
        runs=wiring.runs_table(),
        artifacts=wiring.artifacts(),
        trainers=trainers(),
        executions=wiring.executions(),
    )
    return sweep_ledger(sweeper, now=wiring.now(), report=_report)
