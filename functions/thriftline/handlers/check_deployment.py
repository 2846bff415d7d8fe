"""Lambda: everything that a deployment needs is looked at before anything is changed."""

from thriftline.core.observability import entry_point
from thriftline.money.price_catalogue import price_catalogue
from thriftline.serving.schemas.steps import CheckDeploymentResponse, DeploymentRequest
from thriftline.serving.steps.check_deployment import check_deployment
from thriftline.serving.steps.checking_site import CheckingSite
from thriftline.wiring import serving as wiring


@entry_point(DeploymentRequest)
def lambda_handler(request: DeploymentRequest) -> CheckDeploymentResponse:
    """Checks the deployment; see ``check_deployment``."""
    site = CheckingSite(
        documents=wiring.deployment_documents(),
        table=wiring.endpoints_table(),
        endpoints=wiring.endpoints(),
        objects=wiring.model_artifacts(),
        images=wiring.image_registry(),
        alarms=wiring.deployment_alarms(),
        quotas=wiring.hosting_quotas(),
        prices=price_catalogue(),
        region=wiring.settings().region,
        artifacts_bucket=wiring.settings().artifacts_bucket,
        role_arn=wiring.settings().serving_role_arn,
        topic_arn=wiring.settings().alerts_topic_arn,
    )
    return check_deployment(request.execution_arn, site)
