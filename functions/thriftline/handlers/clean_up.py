"""Lambda: nothing is left behind."""

from thriftline import wiring
from thriftline.observability import entry_point
from thriftline.schemas.steps import CleanUpResponse, RunRequest
from thriftline.steps.clean_up import clean_up


@entry_point(RunRequest)
def lambda_handler(request: RunRequest) -> CleanUpResponse:
    """Stops jobs and deletes scratch; see ``clean_up``."""
    return clean_up(request.run_id, artifacts=wiring.artifacts(), jobs=wiring.training_jobs())
