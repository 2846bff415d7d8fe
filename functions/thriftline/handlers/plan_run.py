"""Lambda: what the run will cost, and whether it may."""

from thriftline.core.observability import entry_point
from thriftline.runs.schemas.steps.any_run import RunRequest
from thriftline.runs.schemas.steps.training import PlanRunResponse
from thriftline.runs.steps.plan_run import plan_run
from thriftline.wiring import runs as wiring
from thriftline.wiring.trainers import trainers


@entry_point(RunRequest)
def lambda_handler(request: RunRequest) -> PlanRunResponse:
    """Prices the run; see ``plan_run``."""
    return plan_run(
        request.run_id,
        artifacts=wiring.artifacts(),
        registry=wiring.model_registry(),
        trainers=trainers(),
        region=wiring.settings().region,
        now=wiring.now(),
        ceilings=wiring.stack_ceilings(),
        finished=wiring.finished_runs(),
        approval=wiring.approval_policy(),
    )
