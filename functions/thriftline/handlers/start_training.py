"""Lambda: start the attempt's training job."""

from thriftline.core.observability import entry_point
from thriftline.runs.schemas.steps import StartTrainingRequest, StartTrainingResponse
from thriftline.runs.steps.start_training import start_training
from thriftline.wiring import runs as wiring


@entry_point(StartTrainingRequest)
def lambda_handler(request: StartTrainingRequest) -> StartTrainingResponse:
    """Starts the job once; see ``start_training``."""
    settings = wiring.settings()
    return start_training(
        request.run_id,
        request.attempt,
        artifacts=wiring.artifacts(),
        jobs=wiring.training_jobs(),
        runs=wiring.runs_table(),
        role_arn=settings.training_role_arn,
        image_uri=settings.training_image_uri,
        kms_key_id=settings.kms_key_id,
        cost_tags=settings.cost_tags,
        now=wiring.now(),
    )
