"""Lambda: what a deployment would do and cost; the command line calls it for a dry run."""

from thriftline.core.observability import entry_point
from thriftline.serving.schemas.steps.preview import PreviewDeploymentResponse
from thriftline.serving.schemas.steps.requests import DeployRequest
from thriftline.serving.steps.preview_deployment import preview_deployment
from thriftline.wiring import checking, opening
from thriftline.wiring import serving as wiring


@entry_point(DeployRequest)
def lambda_handler(request: DeployRequest) -> PreviewDeploymentResponse:
    """Looks at everything and changes nothing; see ``preview_deployment``."""
    return preview_deployment(
        request, opening.opening_site(), checking.checking_site(), now=wiring.now()
    )
