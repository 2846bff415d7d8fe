"""Lambda: what the run is about."""

from thriftline.core.observability import entry_point
from thriftline.runs.schemas.steps import ReadRunSpecResponse, RunRequest
from thriftline.runs.steps.read_run_spec import read_run_spec
from thriftline.wiring import runs as wiring


@entry_point(RunRequest)
def lambda_handler(request: RunRequest) -> ReadRunSpecResponse:
    """Fixes run spec and object versions; see ``read_run_spec``."""
    return read_run_spec(
        request.run_id,
        runs=wiring.runs_table(),
        data=wiring.data_bucket(),
        artifacts=wiring.artifacts(),
        defaults=wiring.run_spec_defaults(),
    )
