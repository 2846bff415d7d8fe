"""What the checks before a deployment look at, and what served when they looked."""

from thriftline.core.dataclass import dataclass
from thriftline.money.prices import PriceCatalogue
from thriftline.serving.aws.deployment_alarms import DeploymentAlarms
from thriftline.serving.aws.endpoint_scaling import EndpointScaling
from thriftline.serving.aws.endpoints import Endpoints, LiveEndpoint
from thriftline.serving.aws.endpoints_table import EndpointsTable
from thriftline.serving.aws.hosting_quotas import HostingQuotas
from thriftline.serving.aws.image_registry import ImageRegistry
from thriftline.serving.aws.model_artifacts import ModelArtifacts
from thriftline.serving.domain.kinds import KIND_FACTS, Kind
from thriftline.serving.domain.names import component_name
from thriftline.serving.domain.scaling import scaled_resource
from thriftline.serving.schemas.deployment import Deployment, FormerVersion
from thriftline.serving.steps.deployment_documents import DeploymentDocuments

SET_ASIDE = (
    "The instance type of a scaled variant changes: its scaling is set aside for the update and "
    "put back when that has ended."
)


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
    scaling: EndpointScaling
    prices: PriceCatalogue
    region: str
    artifacts_bucket: str
    role_arn: str
    topic_arn: str


def is_scaled(kind: Kind, endpoint: str, site: CheckingSite) -> bool:
    """Whether Application Auto Scaling sets the count of an endpoint."""
    if not KIND_FACTS[kind].instances:
        return False
    resource, _ = scaled_resource(kind, endpoint)
    return bool(site.scaling.registered([resource]))


def moves_scaled_variant(
    kind: Kind,
    endpoint: str,
    types: tuple[str | None, str | None],
    site: CheckingSite,
) -> bool:
    """Whether an update changes the instance type of a scaled variant, which SageMaker fails.

    Args:
        kind: of the endpoint.
        endpoint: its name.
        types: the instance type as it is, and as it shall be.
        site: where scaling is looked at.
    """
    now, then = types
    if kind is Kind.COMPONENT or None in types or now == then:
        return False
    return is_scaled(kind, endpoint, site)


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
