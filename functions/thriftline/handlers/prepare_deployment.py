"""Lambda: the model, the config and the alarms of a deployment are made."""

from thriftline.core.observability import entry_point
from thriftline.serving.schemas.steps.requests import DeploymentRequest
from thriftline.serving.schemas.steps.update import PrepareDeploymentResponse
from thriftline.serving.steps.prepare_deployment import PreparingSite, prepare_deployment
from thriftline.wiring import serving as wiring


@entry_point(DeploymentRequest)
def lambda_handler(request: DeploymentRequest) -> PrepareDeploymentResponse:
    """Makes what is needed; see ``prepare_deployment``."""
    site = PreparingSite(
        documents=wiring.deployment_documents(),
        endpoints=wiring.endpoints(),
        objects=wiring.model_artifacts(),
        alarms=wiring.deployment_alarms(),
        artifacts=wiring.artifacts(),
        stack=wiring.settings().stack_name,
    )
    return prepare_deployment(request.execution_arn, site, now=wiring.now())
