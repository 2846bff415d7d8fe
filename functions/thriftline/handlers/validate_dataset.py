"""Lambda: is the data set fit to train on?"""

from thriftline.core.observability import entry_point
from thriftline.datasets.engine.rules import WorkLimits
from thriftline.runs.schemas.steps.any_run import RunRequest
from thriftline.runs.schemas.steps.validation import ValidationResponse
from thriftline.runs.steps.validate_dataset import validate_dataset
from thriftline.wiring import runs as wiring


@entry_point(RunRequest)
def lambda_handler(request: RunRequest) -> ValidationResponse:
    """Validates or plans; see ``validate_dataset``."""
    return validate_dataset(
        request.run_id,
        data=wiring.data_bucket(),
        artifacts=wiring.artifacts(),
        limits=WorkLimits(
            single_pass_bytes=wiring.settings().single_pass_bytes,
            range_bytes=wiring.settings().range_bytes,
        ),
    )
