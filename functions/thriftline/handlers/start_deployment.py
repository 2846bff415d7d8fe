"""Lambda: SageMaker is asked for the wanted version."""

from thriftline.core.observability import entry_point
from thriftline.serving.schemas.steps.requests import DeploymentRequest
from thriftline.serving.schemas.steps.update import StartDeploymentResponse
from thriftline.serving.steps.prepare_deployment import PreparingSite
from thriftline.serving.steps.start_deployment import StartingSite, start_deployment
from thriftline.wiring import serving as wiring


@entry_point(DeploymentRequest)
def lambda_handler(request: DeploymentRequest) -> StartDeploymentResponse:
    """Asks for the version; see ``start_deployment``."""
    making = PreparingSite(
        documents=wiring.deployment_documents(),
        endpoints=wiring.endpoints(),
        objects=wiring.model_artifacts(),
        alarms=wiring.deployment_alarms(),
        artifacts=wiring.artifacts(),
        stack=wiring.settings().stack_name,
    )
    site = StartingSite(making=making, bus=wiring.event_bus(), hold=wiring.scaling_hold())
    return start_deployment(request.execution_arn, site, now=wiring.now())
