"""Lambda: one verdict of all ranges."""

from thriftline.core.observability import entry_point
from thriftline.datasets.engine.rules import WorkLimits
from thriftline.runs.schemas.steps.any_run import RunRequest
from thriftline.runs.schemas.steps.validation import ValidationResponse
from thriftline.runs.steps.merge_validation import merge_validation
from thriftline.wiring import runs as wiring


@entry_point(RunRequest)
def lambda_handler(request: RunRequest) -> ValidationResponse:
    """Merges; see ``merge_validation``."""
    return merge_validation(
        request.run_id,
        data=wiring.data_bucket(),
        artifacts=wiring.artifacts(),
        limits=WorkLimits(),
    )
