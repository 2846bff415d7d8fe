"""Lambda: what a run held is replaced by what it was billed."""

from thriftline.core.observability import entry_point
from thriftline.runs.schemas.steps.budget import SettleBudgetRequest, SettleBudgetResponse
from thriftline.runs.steps.settle_budget import settle_budget
from thriftline.wiring import ledger as money
from thriftline.wiring import runs as wiring
from thriftline.wiring.engines import engines
from thriftline.wiring.trainers import trainers


@entry_point(SettleBudgetRequest)
def lambda_handler(request: SettleBudgetRequest) -> SettleBudgetResponse:
    """Settles the run; see ``settle_budget``."""
    return settle_budget(
        request,
        runs=wiring.runs_table(),
        artifacts=wiring.artifacts(),
        trainers=trainers(),
        engines=engines(),
        ledger=money.ledger(),
        now=wiring.now(),
    )
