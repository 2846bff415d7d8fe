"""The endpoint that a path names, and whether the caller may see it or act on it."""

from thriftline.api.problems import not_found
from thriftline.api.requests import Call
from thriftline.core.kept_project import project_of
from thriftline.serving.aws.endpoints_table import STATE, state_of
from thriftline.serving.domain.versions import EndpointState
from thriftline.wiring import api_serving as wiring


def known_endpoint(call: Call) -> EndpointState:
    """Returns the endpoint's state.

    Raises:
        Problem: 404 where there is none or its project cannot be read; 404 or 403 where the
            project is not the caller's.
    """
    name = call.parameters["name"]
    item = wiring.endpoints_table().get(name, STATE)
    if item is None:
        raise not_found(f"The endpoint {name}")
    # Before all else is read: what is wrong with it is said to those alone who may see it.
    call.require(project_of(item), f"The endpoint {name}")
    return state_of(item)
