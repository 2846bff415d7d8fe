"""Lambda: a job's event ends the wait between two looks."""

from thriftline.core.observability import entry_point
from thriftline.runs.schemas.waking import WakeRunRequest, WakeRunResponse
from thriftline.runs.steps.wake_run import wake_run
from thriftline.wiring import runs as wiring


@entry_point(WakeRunRequest)
def lambda_handler(request: WakeRunRequest) -> WakeRunResponse:
    """Takes a token or an event; see ``wake_run``."""
    return wake_run(request, runs=wiring.runs_table(), executions=wiring.executions())
