"""Lambda: a request for a deployment is read, and gets its endpoint or is refused."""

from thriftline.core.observability import entry_point
from thriftline.serving.schemas.steps.opening import OpenDeploymentRequest, OpenDeploymentResponse
from thriftline.serving.steps.open_deployment import open_deployment
from thriftline.wiring import opening
from thriftline.wiring import serving as wiring


@entry_point(OpenDeploymentRequest)
def lambda_handler(request: OpenDeploymentRequest) -> OpenDeploymentResponse:
    """Opens the deployment; see ``open_deployment``."""
    return open_deployment(request, opening.opening_site(), now=wiring.now())
