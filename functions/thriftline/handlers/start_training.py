"""Lambda: start an attempt at the training."""

from thriftline.core.observability import entry_point
from thriftline.runs.schemas.steps.training import StartTrainingRequest, StartTrainingResponse
from thriftline.runs.steps.reserve_budget import require_hold
from thriftline.runs.steps.start_training import start_training
from thriftline.wiring import ledger as money
from thriftline.wiring import runs as wiring
from thriftline.wiring.trainers import trainers


@entry_point(StartTrainingRequest)
def lambda_handler(request: StartTrainingRequest) -> StartTrainingResponse:
    """Starts it once; see ``start_training``. Without dollars that are held nothing starts."""
    require_hold(request.run_id, runs=wiring.runs_table(), ledger=money.ledger())
    started = start_training(
        request.run_id,
        request.attempt,
        artifacts=wiring.artifacts(),
        trainers=trainers(),
        runs=wiring.runs_table(),
        queue=wiring.training_queue(),
        now=wiring.now(),
        allowed=wiring.settings().trainers,
    )
    # A redriven execution may be settled between the two: Clean up then stops the job.
    require_hold(request.run_id, runs=wiring.runs_table(), ledger=money.ledger())
    return started
