"""Lambda: nothing is left behind."""

from thriftline.core.observability import entry_point, logger
from thriftline.runs.schemas.steps.ending import CleanUpRequest, CleanUpResponse
from thriftline.runs.steps.clean_up import clean_up
from thriftline.wiring import runs as wiring
from thriftline.wiring.engines import engines
from thriftline.wiring.trainers import trainers


def _report(left: str, error: Exception) -> None:
    logger.warning("Something could not be taken away", left=left, error=str(error))


@entry_point(CleanUpRequest)
def lambda_handler(request: CleanUpRequest) -> CleanUpResponse:
    """Stops jobs and deletes scratch; see ``clean_up``."""
    return clean_up(
        request,
        runs=wiring.runs_table(),
        artifacts=wiring.artifacts(),
        trainers=trainers(),
        engines=engines(),
        queue=wiring.training_queue(),
        report=_report,
        bucket_of=wiring.bucket_of,
        now=wiring.now(),
    )
