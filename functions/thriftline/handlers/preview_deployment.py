"""Lambda: what a deployment would do and cost; the command line calls it for a dry run."""

from thriftline.core.observability import entry_point
from thriftline.money.price_catalogue import price_catalogue
from thriftline.serving.schemas.steps import DeployRequest, PreviewDeploymentResponse
from thriftline.serving.steps.checking_site import CheckingSite
from thriftline.serving.steps.open_deployment import OpeningSite
from thriftline.serving.steps.preview_deployment import preview_deployment
from thriftline.wiring import serving as wiring


@entry_point(DeployRequest)
def lambda_handler(request: DeployRequest) -> PreviewDeploymentResponse:
    """Looks at everything and changes nothing; see ``preview_deployment``."""
    settings = wiring.settings()
    opening = OpeningSite(
        stack=settings.stack_name,
        data=wiring.data_bucket(),
        table=wiring.endpoints_table(),
        documents=wiring.deployment_documents(),
        packages=wiring.model_packages(),
        alarms=wiring.deployment_alarms(),
        executions=wiring.executions(),
    )
    checking = CheckingSite(
        documents=wiring.deployment_documents(),
        table=wiring.endpoints_table(),
        endpoints=wiring.endpoints(),
        objects=wiring.model_artifacts(),
        images=wiring.image_registry(),
        alarms=wiring.deployment_alarms(),
        quotas=wiring.hosting_quotas(),
        prices=price_catalogue(),
        region=settings.region,
        artifacts_bucket=settings.artifacts_bucket,
        role_arn=settings.serving_role_arn,
        topic_arn=settings.alerts_topic_arn,
    )
    return preview_deployment(request, opening, checking, now=wiring.now())
