"""What the checks before a deployment look at, and what served when they looked."""

from dataclasses import dataclass

from thriftline.money.prices import PriceCatalogue
from thriftline.serving.aws.deployment_alarms import DeploymentAlarms
from thriftline.serving.aws.endpoints import Endpoints, LiveEndpoint
from thriftline.serving.aws.endpoints_table import EndpointsTable
from thriftline.serving.aws.hosting_quotas import HostingQuotas
from thriftline.serving.aws.image_registry import ImageRegistry
from thriftline.serving.aws.model_artifacts import ModelArtifacts
from thriftline.serving.domain.kinds import Kind
from thriftline.serving.domain.names import component_name
from thriftline.serving.schemas.deployment import Deployment, FormerVersion
from thriftline.serving.steps.deployment_documents import DeploymentDocuments


@dataclass(frozen=True)
class CheckingSite:
    """What Check deployment looks at."""

    documents: DeploymentDocuments
    table: EndpointsTable
    endpoints: Endpoints
    objects: ModelArtifacts
    images: ImageRegistry
    alarms: DeploymentAlarms
    quotas: HostingQuotas
    prices: PriceCatalogue
    region: str
    artifacts_bucket: str
    role_arn: str
    topic_arn: str


def former_of(
    deployment: Deployment, live: LiveEndpoint | None, site: CheckingSite
) -> FormerVersion | None:
    """What serves now; who put it there does not matter."""
    if live is None:
        return None
    state = site.table.state(deployment.endpoint)
    known = (
        site.table.version(deployment.endpoint, state.in_use) if state and state.in_use else None
    )
    serves, specification = live.config_name, None
    if deployment.kind == Kind.COMPONENT:
        component = site.endpoints.component(component_name(deployment.endpoint))
        if component is None:
            return None
        serves = component.view.serves or ""
        specification = dict(component.specification)
    elif deployment.kind == Kind.MULTI_MODEL:
        if known is None or known.target_model is None:
            return None
        serves = known.target_model
    return FormerVersion(
        serves=serves,
        config_name=live.config_name,
        number=known.number if known else None,
        kind=known.kind if known else None,
        specification=specification,
    )
