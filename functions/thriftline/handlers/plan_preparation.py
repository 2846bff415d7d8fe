"""Lambda: where raw data is prepared, and whether the run may."""

from thriftline.core.observability import entry_point
from thriftline.runs.schemas.steps.any_run import RunRequest
from thriftline.runs.schemas.steps.preparation import PlanPreparationResponse
from thriftline.runs.steps.plan_preparation import Money, plan_preparation
from thriftline.wiring import ledger as money
from thriftline.wiring import runs as wiring
from thriftline.wiring.engines import engines


@entry_point(RunRequest)
def lambda_handler(request: RunRequest) -> PlanPreparationResponse:
    """Chooses the engine and holds the run's dollars; see ``plan_preparation``."""
    return plan_preparation(
        request.run_id,
        artifacts=wiring.artifacts(),
        engines=engines(),
        runs=wiring.runs_table(),
        money=Money(
            money.ledger(), money.budgets(), wiring.stack_ceilings(), wiring.approval_policy()
        ),
        raw=wiring.raw_sources(),
        now=wiring.now(),
    )
