"""Comparisons of two versions on live traffic."""

from thriftline.api.answers import Accepted
from thriftline.api.problems import conflict, not_found
from thriftline.api.requests import Call
from thriftline.api.schemas.endpoints import ExperimentAsk, WhyAsk
from thriftline.api.views.known_endpoints import known_endpoint
from thriftline.serving.domain.versions import EndpointState
from thriftline.serving.schemas.experiment_steps import CompareRequest
from thriftline.serving.schemas.shown import ShownExperiment
from thriftline.serving.steps.ask_for_comparison import (
    begin_comparison,
    show_comparison,
    stop_comparison,
)
from thriftline.wiring import api_serving as wiring


def start_experiment(call: Call, body: ExperimentAsk) -> Accepted:
    """Starts a comparison of a version with the one in use."""
    state = known_endpoint(call)
    _refuse_what_is_busy(state, call)
    request = CompareRequest(
        action="start",
        project=state.project,
        endpoint=state.endpoint,
        registry_version=body.version,
        requested_by=call.by,
        why=body.why,
        token=call.token,
        overrides=body.wishes(),
    )
    own = begin_comparison(request, wiring.comparing_site(), now=call.now)
    return Accepted(id=own, kind="experiment", href=_href(state.endpoint, own))


def get_experiment(call: Call) -> ShownExperiment:
    """Returns how a comparison stands, or how it ended."""
    return _known(known_endpoint(call), call)


def stop_experiment(call: Call, body: WhyAsk) -> Accepted:
    """Ends a comparison: the challenger gets no request any more, and the champion stays."""
    state = known_endpoint(call)
    found = _known(state, call)
    if found.state in ("ended", "refused"):
        raise conflict(f"{found.experiment_id} is {found.state}: there is nothing to stop.")
    if found.state == "opening":
        raise conflict(f"{found.experiment_id} is being opened; ask again in a moment.")
    request = CompareRequest(
        action="stop",
        project=state.project,
        endpoint=state.endpoint,
        experiment_id=found.experiment_id,
        requested_by=call.by,
        why=body.why,
        token=call.token,
    )
    stop_comparison(request, wiring.comparing_site())
    own = found.experiment_id
    return Accepted(id=own, kind="experiment", href=_href(state.endpoint, own))


def _refuse_what_is_busy(state: EndpointState, call: Call) -> None:
    if state.in_use is None:
        raise conflict(f"{state.endpoint} serves nothing yet: deploy a version first.")
    if state.asleep:
        raise conflict(f"{state.endpoint} sleeps by its schedule; wake it first.")
    if state.is_locked_by_another("", call.now):
        raise conflict(
            f"{state.lock_owner} has {state.endpoint} now. Wait for its end, or stop it."
        )


def _known(state: EndpointState, call: Call) -> ShownExperiment:
    own = call.parameters["id"]
    found = show_comparison(state.endpoint, own, wiring.comparing_site())
    if found is None:
        raise not_found(f"The comparison {own} of {state.endpoint}")
    return found


def _href(endpoint: str, own: str) -> str:
    return f"/endpoints/{endpoint}/experiments/{own}"
