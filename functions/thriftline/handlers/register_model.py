"""Lambda: the model becomes a version in the Model Registry."""

from thriftline.core.observability import entry_point
from thriftline.runs.schemas.steps.any_run import JobRequest
from thriftline.runs.schemas.steps.registration import RegisterModelResponse
from thriftline.runs.steps.register_model import register_model
from thriftline.wiring import runs as wiring
from thriftline.wiring.trainers import trainers


@entry_point(JobRequest)
def lambda_handler(request: JobRequest) -> RegisterModelResponse:
    """Registers the job's model; see ``register_model``."""
    return register_model(
        request.run_id,
        request.job_name,
        artifacts=wiring.artifacts(),
        registry=wiring.model_registry(),
        runs=wiring.runs_table(),
        trainers=trainers(),
        cost_tags=wiring.settings().cost_tags,
    )
