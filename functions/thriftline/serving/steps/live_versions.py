"""What serves on an endpoint now, in the words of its kind."""

from thriftline.core.dataclass import dataclass
from thriftline.serving.aws.endpoints import Endpoints, LiveEndpoint
from thriftline.serving.aws.model_artifacts import ModelArtifacts
from thriftline.serving.domain.endpoint_requests import models_prefix
from thriftline.serving.domain.kinds import Kind
from thriftline.serving.domain.names import component_name
from thriftline.serving.domain.verdicts import IN_SERVICE, EndpointView
from thriftline.serving.schemas.deployment import Deployment

# Of a component endpoint that is there before its component.
WAITS_FOR_COMPONENT = "WaitsForComponent"


@dataclass(frozen=True)
class Seen:
    """A look at an endpoint: as SageMaker says it, and what the verdict is read from."""

    live: LiveEndpoint | None
    view: EndpointView | None

    @property
    def needs_component(self) -> bool:
        """Whether the endpoint stands and its component was not asked for yet."""
        return self.view is not None and WAITS_FOR_COMPONENT in self.view.stages


def look(
    deployment: Deployment, endpoints: Endpoints, objects: ModelArtifacts, bucket: str
) -> Seen:
    """Looks at the endpoint of a deployment."""
    live = endpoints.look(deployment.endpoint)
    if live is None:
        return Seen(None, None)
    if deployment.kind == Kind.COMPONENT:
        return Seen(live, _component_view(deployment, live, endpoints))
    if deployment.kind == Kind.MULTI_MODEL:
        return Seen(live, _multi_model_view(deployment, live, objects, bucket))
    return Seen(live, live.view)


def _component_view(
    deployment: Deployment, live: LiveEndpoint, endpoints: Endpoints
) -> EndpointView:
    if live.status != IN_SERVICE:
        return EndpointView(live.status, None, live.failure_reason, live.stages)
    component = endpoints.component(component_name(deployment.endpoint))
    if component is None:
        return EndpointView("Creating", None, stages=(WAITS_FOR_COMPONENT,))
    return component.view


def _multi_model_view(
    deployment: Deployment, live: LiveEndpoint, objects: ModelArtifacts, bucket: str
) -> EndpointView:
    """The callers name the object: it serves where the image is the wanted one and it is there."""
    made, former = deployment.made, deployment.former
    serves = former.serves if former else None
    if made is not None and made.target_model and live.config_name == made.config_name:
        key = f"{models_prefix(deployment.endpoint)}{made.target_model}"
        if objects.look(f"s3://{bucket}/{key}").found:
            serves = made.target_model
    return EndpointView(live.status, serves, live.failure_reason, live.stages)
