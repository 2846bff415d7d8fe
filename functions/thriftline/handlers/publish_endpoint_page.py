"""Lambda: an endpoint has changed, so its page is written again."""

from thriftline.core.observability import entry_point
from thriftline.serving.schemas.endpoint_page import EndpointEvent, PublishEndpointPageResponse
from thriftline.serving.steps.publish_endpoint_page import PageSite, publish_endpoint_page
from thriftline.wiring import serving as wiring


@entry_point(EndpointEvent)
def lambda_handler(event: EndpointEvent) -> PublishEndpointPageResponse:
    """Writes the page; see ``publish_endpoint_page``."""
    site = PageSite(
        table=wiring.endpoints_table(),
        endpoints=wiring.endpoints(),
        artifacts=wiring.artifacts(),
    )
    return publish_endpoint_page(event.detail.endpoint, site, now=wiring.now())
