"""Lambda: how good the model is, and whether it is promoted."""

from thriftline.core.observability import entry_point
from thriftline.runs.schemas.steps.any_run import JobRequest
from thriftline.runs.schemas.steps.training import EvaluateRunResponse
from thriftline.runs.steps.evaluate_run import evaluate_run
from thriftline.wiring import runs as wiring
from thriftline.wiring.trainers import trainers


@entry_point(JobRequest)
def lambda_handler(request: JobRequest) -> EvaluateRunResponse:
    """Scores the candidate and asks the gate; see ``evaluate_run``."""
    return evaluate_run(
        request.run_id,
        request.job_name,
        artifacts=wiring.artifacts(),
        trainers=trainers(),
        now=wiring.now(),
    )
