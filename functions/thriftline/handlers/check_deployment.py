"""Lambda: everything that a deployment needs is looked at before anything is changed."""

from thriftline.core.observability import entry_point
from thriftline.serving.schemas.steps.checks import CheckDeploymentResponse
from thriftline.serving.schemas.steps.requests import DeploymentRequest
from thriftline.serving.steps.check_deployment import check_deployment
from thriftline.wiring import checking


@entry_point(DeploymentRequest)
def lambda_handler(request: DeploymentRequest) -> CheckDeploymentResponse:
    """Checks the deployment; see ``check_deployment``."""
    return check_deployment(request.execution_arn, checking.checking_site())
