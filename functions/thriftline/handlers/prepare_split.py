"""Lambda: the shards that training reads."""

from thriftline.core.observability import entry_point
from thriftline.datasets.engine.rules import WorkLimits
from thriftline.runs.schemas.steps.validation import IndexRequest, IndexResponse
from thriftline.runs.steps.prepare_split import prepare_split
from thriftline.wiring import runs as wiring


@entry_point(IndexRequest)
def lambda_handler(request: IndexRequest) -> IndexResponse:
    """Writes the shards; see ``prepare_split``."""
    return prepare_split(
        request.run_id,
        request.index,
        data=wiring.data_bucket(),
        artifacts=wiring.artifacts(),
        limits=WorkLimits(),
        bucket_of=wiring.bucket_of,
    )
