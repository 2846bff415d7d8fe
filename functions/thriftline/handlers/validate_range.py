"""Lambda: one group of ranges of a large data set."""

from thriftline.core.observability import entry_point
from thriftline.datasets.engine.rules import WorkLimits
from thriftline.runs.schemas.steps.validation import IndexRequest, IndexResponse
from thriftline.runs.steps.validate_range import validate_range
from thriftline.wiring import runs as wiring


@entry_point(IndexRequest)
def lambda_handler(request: IndexRequest) -> IndexResponse:
    """Validates the group; see ``validate_range``."""
    return validate_range(
        request.run_id,
        request.index,
        data=wiring.data_bucket(),
        artifacts=wiring.artifacts(),
        limits=WorkLimits(),
    )
