"""Lambda: look at an attempt at the training."""

from thriftline.core.observability import entry_point
from thriftline.runs.schemas.steps.training import PollTrainingRequest, PollTrainingResponse
from thriftline.runs.steps.poll_training import poll_training
from thriftline.wiring import runs as wiring
from thriftline.wiring.trainers import trainers


@entry_point(PollTrainingRequest)
def lambda_handler(request: PollTrainingRequest) -> PollTrainingResponse:
    """Looks once; see ``poll_training``."""
    return poll_training(
        request.run_id,
        request.job_name,
        request.attempt,
        artifacts=wiring.artifacts(),
        trainers=trainers(),
        runs=wiring.runs_table(),
        now=wiring.now(),
    )
