"""Lambda: does this upload start a run?"""

from thriftline.core.observability import entry_point, logger
from thriftline.core.text import plain
from thriftline.runs.schemas.steps.opening import OpenRunRequest, OpenRunResponse
from thriftline.runs.steps.open_run import open_run
from thriftline.wiring import runs as wiring


@entry_point(OpenRunRequest)
def lambda_handler(request: OpenRunRequest) -> OpenRunResponse:
    """Opens the run once; see ``open_run``."""
    response = open_run(
        request,
        data=wiring.data_bucket(),
        artifacts=wiring.artifacts(),
        runs=wiring.runs_table(),
        claims=wiring.claims_table(),
        alerts=wiring.alerts(),
        defaults=wiring.run_spec_defaults(),
        sources=wiring.raw_sources(),
        settle_seconds=wiring.settings().settle_seconds,
        now=wiring.now(),
    )
    logger.info(response.reason, decision=response.decision, key=plain(request.upload.key))
    return response
