"""Lambda: a request for a deployment is read, and gets its endpoint or is refused."""

from thriftline.core.observability import entry_point
from thriftline.serving.schemas.steps import OpenDeploymentRequest, OpenDeploymentResponse
from thriftline.serving.steps.open_deployment import OpeningSite, open_deployment
from thriftline.wiring import serving as wiring


@entry_point(OpenDeploymentRequest)
def lambda_handler(request: OpenDeploymentRequest) -> OpenDeploymentResponse:
    """Opens the deployment; see ``open_deployment``."""
    site = OpeningSite(
        stack=wiring.settings().stack_name,
        data=wiring.data_bucket(),
        table=wiring.endpoints_table(),
        documents=wiring.deployment_documents(),
        packages=wiring.model_packages(),
        alarms=wiring.deployment_alarms(),
        executions=wiring.executions(),
    )
    return open_deployment(request, site, now=wiring.now())
