"""Lambda: the dollars of a run are held before it may spend any."""

from thriftline.core.observability import entry_point
from thriftline.runs.schemas.steps.any_run import RunRequest
from thriftline.runs.schemas.steps.budget import ReserveBudgetResponse
from thriftline.runs.steps.reserve_budget import reserve_budget
from thriftline.wiring import ledger as money
from thriftline.wiring import runs as wiring


@entry_point(RunRequest)
def lambda_handler(request: RunRequest) -> ReserveBudgetResponse:
    """Holds the run's worst case; see ``reserve_budget``."""
    return reserve_budget(
        request.run_id,
        artifacts=wiring.artifacts(),
        runs=wiring.runs_table(),
        ledger=money.ledger(),
        budgets=money.budgets(),
        now=wiring.now(),
    )
