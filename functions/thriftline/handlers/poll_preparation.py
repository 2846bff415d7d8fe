"""Lambda: look at an attempt at the preparation."""

from thriftline.core.observability import entry_point
from thriftline.runs.schemas.steps.preparation import PollPreparationResponse, PreparationRequest
from thriftline.runs.steps.poll_preparation import RawData, poll_preparation
from thriftline.wiring import runs as wiring
from thriftline.wiring.engines import engines


@entry_point(PreparationRequest)
def lambda_handler(request: PreparationRequest) -> PollPreparationResponse:
    """Looks once; see ``poll_preparation``."""
    return poll_preparation(
        request.run_id,
        request.attempt,
        artifacts=wiring.artifacts(),
        engines=engines(),
        runs=wiring.runs_table(),
        raw=RawData(wiring.data_bucket(), wiring.raw_sources()),
        now=wiring.now(),
    )
