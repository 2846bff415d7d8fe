"""The endpoint that a path names, and whether the caller may see it or act on it."""

from thriftline.api.problems import not_found
from thriftline.api.requests import Call
from thriftline.serving.domain.versions import EndpointState
from thriftline.wiring import api_serving as wiring


def known_endpoint(call: Call) -> EndpointState:
    """Returns the endpoint's state.

    Raises:
        Problem: 404 where there is none; 404 or 403 where its project is not the caller's.
    """
    name = call.parameters["name"]
    state = wiring.endpoints_table().state(name)
    if state is None:
        raise not_found(f"The endpoint {name}")
    call.require(state.project, f"The endpoint {name}")
    return state
