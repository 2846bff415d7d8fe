"""Lambda: an endpoint that serves the wanted version scales and sleeps as its spec says."""

from thriftline.core.observability import entry_point
from thriftline.serving.schemas.steps.ending import (
    SettleDeploymentRequest,
    SettleDeploymentResponse,
)
from thriftline.serving.steps.settle_deployment import SettlingSite, settle_deployment
from thriftline.wiring import schedules
from thriftline.wiring import serving as wiring


@entry_point(SettleDeploymentRequest)
def lambda_handler(request: SettleDeploymentRequest) -> SettleDeploymentResponse:
    """Sets both; see ``settle_deployment``."""
    site = SettlingSite(
        documents=wiring.deployment_documents(),
        hold=wiring.scaling_hold(),
        scheduling=schedules.scheduling_site(),
    )
    return settle_deployment(request.execution_arn, serves_wanted=request.serves_wanted, site=site)
