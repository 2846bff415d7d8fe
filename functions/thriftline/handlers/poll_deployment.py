"""Lambda: one look at a deployment, and what follows from it."""

from thriftline.core.observability import entry_point
from thriftline.serving.schemas.steps.requests import DeploymentRequest
from thriftline.serving.schemas.steps.update import PollDeploymentResponse
from thriftline.serving.steps.poll_deployment import PollingSite, poll_deployment
from thriftline.wiring import serving as wiring


@entry_point(DeploymentRequest)
def lambda_handler(request: DeploymentRequest) -> PollDeploymentResponse:
    """Looks once; see ``poll_deployment``."""
    site = PollingSite(
        documents=wiring.deployment_documents(),
        endpoints=wiring.endpoints(),
        objects=wiring.model_artifacts(),
        alarms=wiring.deployment_alarms(),
        probes=wiring.probes(),
        artifacts=wiring.artifacts(),
    )
    return poll_deployment(request.execution_arn, site, now=wiring.now())
