"""Lambda: start an attempt at the preparation."""

from thriftline.core.observability import entry_point
from thriftline.runs.schemas.steps.preparation import PreparationRequest, StartPreparationResponse
from thriftline.runs.steps.reserve_budget import require_hold
from thriftline.runs.steps.start_preparation import start_preparation
from thriftline.wiring import ledger as money
from thriftline.wiring import runs as wiring
from thriftline.wiring.engines import engines, preparation_program


@entry_point(PreparationRequest)
def lambda_handler(request: PreparationRequest) -> StartPreparationResponse:
    """Starts it once; see ``start_preparation``. Without dollars that are held nothing starts."""
    require_hold(request.run_id, runs=wiring.runs_table(), ledger=money.ledger())
    started = start_preparation(
        request.run_id,
        request.attempt,
        artifacts=wiring.artifacts(),
        engines=engines(),
        runs=wiring.runs_table(),
        program=preparation_program(),
        now=wiring.now(),
    )
    # A redriven execution may be settled between the two: Clean up then stops the attempt.
    require_hold(request.run_id, runs=wiring.runs_table(), ledger=money.ledger())
    return started
