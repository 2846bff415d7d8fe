"""Rolls versions out and back, and stops what is under way. Each change names its dollars first."""

from http import HTTPStatus

from thriftline.api.answers import Accepted, PageAsk
from thriftline.api.paging import next_token, start_of
from thriftline.api.problems import Fault, Problem, broken_rule, conflict, not_found
from thriftline.api.requests import Call
from thriftline.api.schemas.endpoints import (
    AcceptedChange,
    DeploymentAsk,
    DeploymentList,
    ProjectDeploymentAsk,
    RollbackAsk,
    WhyAsk,
)
from thriftline.api.schemas.numbers import as_json
from thriftline.api.views.known_endpoints import known_endpoint
from thriftline.core.errors import NothingToRollBackToError
from thriftline.core.kept_project import project_of
from thriftline.runs.domain.uploads import is_project
from thriftline.serving.aws.endpoints_table import STATE
from thriftline.serving.domain.endpoint_names import is_endpoint_name
from thriftline.serving.schemas.shown import PreviewedChange, ShownDeploymentDetail
from thriftline.serving.schemas.steps.requests import DeployRequest
from thriftline.serving.steps.ask_for_change import (
    begin_change,
    deployment_under_way,
    preview_change,
    stop_change,
)
from thriftline.serving.steps.ask_for_comparison import comparison_under_way
from thriftline.serving.steps.list_endpoints import list_deployments as listed
from thriftline.serving.steps.show_deployment import show_deployment
from thriftline.wiring import api_serving as wiring


def list_deployments(call: Call, query: PageAsk) -> DeploymentList:
    """Returns some deployments of an endpoint, the newest first."""
    endpoint = known_endpoint(call).endpoint
    filters = {"list": "deployments", "endpoint": endpoint}
    start = start_of(query.next_token, filters, ("before",))
    page = listed(
        endpoint,
        wiring.listing_site(),
        limit=query.limit,
        before=start["before"] if start else None,
    )
    return DeploymentList(
        items=page.items,
        unreadable=page.unreadable,
        next_token=next_token({"before": page.last} if page.last else None, filters),
    )


def get_deployment(call: Call) -> ShownDeploymentDetail:
    """Returns how a deployment stands, or how it ended."""
    state, own = known_endpoint(call), call.parameters["id"]
    found = show_deployment(state, own, wiring.deployment_site())
    if found is None:
        raise not_found(f"The deployment {own} of {state.endpoint}")
    return found


def deploy_project(call: Call, body: ProjectDeploymentAsk) -> AcceptedChange | PreviewedChange:
    """Rolls a version of a project out, behind the endpoint that its serve.yaml names."""
    project = call.parameters["project"]
    if not is_project(project):
        raise not_found(f"Project {project}")
    call.require(project, f"project {project}")
    return _rolled_out(call, body, project)


def deploy(call: Call, body: DeploymentAsk) -> AcceptedChange | PreviewedChange:
    """Rolls a version out, or says what that would do and cost."""
    name = call.parameters["name"]
    return _rolled_out(call, body, _project(call, name, body.project), name)


def _rolled_out(
    call: Call, body: ProjectDeploymentAsk, project: str | None, endpoint: str | None = None
) -> AcceptedChange | PreviewedChange:
    request = DeployRequest(
        action="deploy",
        project=project,
        endpoint=endpoint,
        registry_version=body.version,
        requested_by=call.by,
        why=body.why,
        token=call.token,
        overrides=as_json(body.overrides),
    )
    return _asked(call, request, dry_run=body.dry_run)


def roll_back(call: Call, body: RollbackAsk) -> AcceptedChange | PreviewedChange:
    """Brings the former version back, or says what that would do and cost."""
    state = known_endpoint(call)
    request = DeployRequest(
        action="rollback",
        project=state.project or None,
        endpoint=state.endpoint,
        requested_by=call.by,
        why=body.why,
        token=call.token,
        to_version=body.to_version,
    )
    return _asked(call, request, dry_run=body.dry_run)


def abort(call: Call, body: WhyAsk) -> Accepted:
    """Stops the deployment that is under way: its abort alarm rolls it back within minutes."""
    state = known_endpoint(call)
    site = wiring.changing_site()
    deployment = deployment_under_way(state, site)
    if deployment is None:
        comparison = comparison_under_way(state)
        instead = f"; stop the comparison {comparison} by its own route" if comparison else ""
        raise conflict(f"No deployment of {state.endpoint} is under way{instead}.")
    stop_change(state.endpoint, deployment, site, who=call.by, why=body.why, now=call.now)
    return Accepted(id=deployment, kind="deployment", href=_href(state.endpoint, deployment))


def _project(call: Call, name: str, given: str | None) -> str:
    """Returns the project of an endpoint, which the body names for a new one."""
    if not is_endpoint_name(name):
        raise broken_rule(
            f"{name} cannot be the name of an endpoint: 1 to 63 letters, digits and hyphens.",
            Fault("path:name", "is no endpoint's name"),
        )
    item = wiring.endpoints_table().get(name, STATE)
    if item is None and given is None:
        raise broken_rule(
            f"There is no endpoint {name} yet: name the project whose model it shall serve.",
            Fault("/project", "is needed for a new endpoint"),
        )
    known = given if item is None else project_of(item)
    project = call.require(known, f"The endpoint {name}")
    if item is None:
        _refuse_a_strangers(name)
    if given not in (None, project):
        raise conflict(f"{name} serves the project {project}, not {given}.")
    return project


def _refuse_a_strangers(name: str) -> None:
    if wiring.endpoints().look(name) is not None:
        raise conflict(f"{name} is an endpoint that Thriftline did not make; choose another name.")


def _asked(
    call: Call, request: DeployRequest, *, dry_run: bool
) -> AcceptedChange | PreviewedChange:
    site = wiring.changing_site()
    try:
        preview = preview_change(request, site)
    except NothingToRollBackToError as error:
        raise conflict(str(error)) from error
    if request.endpoint is None:
        if site.table.get(preview.endpoint, STATE) is None:
            _refuse_a_strangers(preview.endpoint)
        # From here on it is this one, whatever becomes of serve.yaml.
        request = request.model_copy(update={"endpoint": preview.endpoint})
    if dry_run:
        return preview
    if not preview.would_deploy:
        stood = [one for one in preview.checks if not one.passed]
        raise Problem(
            HTTPStatus.CONFLICT,
            preview.reason,
            faults=[Fault(f"check:{one.name}", f"{one.sentence} Fix: {one.fix}.") for one in stood],
        )
    own = begin_change(request, preview, site, now=call.now)
    return AcceptedChange(
        id=own,
        kind="deployment",
        href=_href(preview.endpoint, own),
        endpoint=preview.endpoint,
        version=preview.version,
        reason=preview.reason,
        price=preview.price,
    )


def _href(endpoint: str, deployment: str) -> str:
    return f"/endpoints/{endpoint}/deployments/{deployment}"
