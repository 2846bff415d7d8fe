"""Lambda: a deleted endpoint comes back."""

from thriftline.audit.schemas.steps import RestoreEndpointRequest, RestoreEndpointResponse
from thriftline.audit.steps.restore_endpoint import restore_endpoint
from thriftline.core.observability import entry_point
from thriftline.wiring import audit as wiring


@entry_point(RestoreEndpointRequest)
def lambda_handler(request: RestoreEndpointRequest) -> RestoreEndpointResponse:
    """Does what can be done by now; see ``restore_endpoint``."""
    return restore_endpoint(
        request,
        artifacts=wiring.artifacts(),
        clients_of=wiring.restoring_clients,
        alerts=wiring.alerts(),
        bus=wiring.event_bus(),
        now=wiring.now(),
    )
