"""What serves, by whom it was changed, and how good it is."""

from thriftline.api.paging import next_token, start_of
from thriftline.api.requests import Call
from thriftline.api.schemas.endpoints import EndpointList, EndpointsAsk
from thriftline.api.views.known_endpoints import known_endpoint
from thriftline.serving.schemas.shown import ShownEndpointDetail
from thriftline.serving.steps.list_endpoints import list_endpoints as listed
from thriftline.serving.steps.show_endpoint import show_endpoint
from thriftline.wiring import api_serving as wiring


def list_endpoints(call: Call, query: EndpointsAsk) -> EndpointList:
    """Returns some endpoints of the projects that the caller may see."""
    filters = {"list": "endpoints", "project": query.project}
    start = start_of(query.next_token, filters, ("after",))

    def allowed(project: str) -> bool:
        return query.project in (None, project) and call.may(project)

    page = listed(
        wiring.listing_site(),
        limit=query.limit,
        after=start["after"] if start else None,
        allowed=allowed,
    )
    return EndpointList(
        items=page.items,
        unreadable=page.unreadable,
        next_token=next_token({"after": page.last} if page.last else None, filters),
    )


def get_endpoint(call: Call) -> ShownEndpointDetail:
    """Returns one endpoint as it is now."""
    return show_endpoint(known_endpoint(call), wiring.showing_site(), now=call.now)
