"""Lambda: what runs left on Bedrock goes, on a schedule and at a throughput's deadline."""

from thriftline.core.observability import entry_point, logger
from thriftline.runs.schemas.steps.sweeps import SweepBedrockRequest, SweepBedrockResponse
from thriftline.runs.steps.sweep_bedrock import BedrockSweeper, sweep_bedrock
from thriftline.wiring import runs as wiring
from thriftline.wiring.trainers import bedrock_belongings, trainers


def _report(name: str, error: Exception) -> None:
    logger.warning(
        "Something on Bedrock was left for the next sweep", resource=name, error=str(error)
    )


@entry_point(SweepBedrockRequest)
def lambda_handler(_request: SweepBedrockRequest) -> SweepBedrockResponse:
    """Looks at all that has the stack's tag; see ``sweep_bedrock``."""
    sweeper = BedrockSweeper(
        belongings=bedrock_belongings(),
        runs=wiring.runs_table(),
        registry=wiring.model_registry(),
        executions=wiring.executions(),
        trainer=trainers().named("bedrock"),
    )
    return sweep_bedrock(sweeper, now=wiring.now(), report=_report)
