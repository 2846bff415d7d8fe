"""The one list of routes: app, OpenAPI document and template are made of it, or held equal to it.

A view is named, not imported: a cold start loads the app alone, and a call its own view.
"""

from http import HTTPStatus

from thriftline.core.dataclass import dataclass

VERSION = "1.0.0"


@dataclass(frozen=True)
class Route:
    """One method of one path.

    ``view`` is ``module.function`` under ``thriftline.api.views``. Its parameters say what it
    takes: ``query`` and ``body`` are pydantic models, and what it returns is the answer's.
    ``status`` is that of an answer that is no problem. ``refusals`` are the problems that a caller
    has to expect beside those that every route has. ``keeps_answer``: a call that comes again with
    its Idempotency-Key gets the same answer.
    """

    method: str
    path: str
    view: str
    summary: str
    status: HTTPStatus = HTTPStatus.OK
    refusals: tuple[HTTPStatus, ...] = ()
    keeps_answer: bool = False
    content_type: str = "application/json"

    @property
    def reads_only(self) -> bool:
        """Whether it changes nothing."""
        return self.method == "GET"

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names in braces in its path."""
        parts = self.path.split("/")
        return tuple(part[1:-1] for part in parts if part.startswith("{"))


_OK, _ACCEPTED = HTTPStatus.OK, HTTPStatus.ACCEPTED
_NOT_FOUND, _CONFLICT = HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT
_RULE = HTTPStatus.UNPROCESSABLE_ENTITY


def _read(path: str, view: str, summary: str, *refusals: HTTPStatus) -> Route:
    return Route("GET", path, view, summary, refusals=refusals)


def _change(path: str, view: str, summary: str, *, method: str = "POST") -> Route:
    """What changes something and answers how it is now."""
    refusals = (_NOT_FOUND, _CONFLICT)
    return Route(method, path, view, summary, _OK, refusals, keeps_answer=True)


def _start(path: str, view: str, summary: str) -> Route:
    """What starts something and answers before it has ended."""
    refusals = (_NOT_FOUND, _CONFLICT)
    return Route("POST", path, view, summary, _ACCEPTED, refusals, keeps_answer=True)


ROUTES: tuple[Route, ...] = (
    _read("/health", "health.health", "Whether the API answers, and of which version it is"),
    _read("/openapi.json", "health.openapi", "This API as an OpenAPI 3.1 document"),
    _read("/budget", "budget.budget", "What this month may cost, has cost and may still cost"),
    _read("/runs", "runs.list_runs", "Runs, the newest first"),
    _read("/runs/{id}", "runs.get_run", "One run, as it is now or how it ended", _NOT_FOUND),
    _start("/runs", "runs.start_run", "Run a data set that lies in the data bucket"),
    _start("/runs/{id}/stop", "runs.stop_run", "Stop a run; what it left is cleaned up"),
    _read("/runs/{id}/events", "runs.list_events", "What a run did, the newest first", _NOT_FOUND),
    _read(
        "/runs/{id}/documents/{name}",
        "runs.get_document",
        "A document or page of a run",
        _NOT_FOUND,
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    ),
    Route("POST", "/uploads", "uploads.prepare_uploads", "Where to post the files of a data set"),
    _change("/estimates", "estimates.make_estimate", "What a run of such a data set would cost"),
    _read("/estimates/{id}", "estimates.get_estimate", "An estimate that was made", _NOT_FOUND),
    _read("/approvals", "approvals.list_approvals", "Runs that wait for a person's yes"),
    _change("/approvals/{id}/approve", "approvals.approve", "Say yes to what a run may spend"),
    _change(
        "/approvals/{id}/reject", "approvals.reject", "Say no: the run ends and spends nothing"
    ),
    _read("/projects", "models.list_projects", "Projects that somebody has uploaded to"),
    _read(
        "/projects/{project}/models",
        "models.list_models",
        "A project's versions, the newest first",
        _NOT_FOUND,
    ),
    _change(
        "/projects/{project}/models/{version}/approval",
        "models.decide_model",
        "Let a version be deployed, or keep it from that",
    ),
    _start(
        "/projects/{project}/deployments",
        "deployments.deploy_project",
        "Roll a version out where the project's serve.yaml says; dry_run as below",
    ),
    _read("/prices", "prices.list_prices", "Rates of instances, with their source and date"),
    # ---- Serving
    _read("/endpoints", "endpoints.list_endpoints", "What serves, by name"),
    _read("/endpoints/{name}", "endpoints.get_endpoint", "One endpoint, as it is now", _NOT_FOUND),
    _read(
        "/endpoints/{name}/deployments",
        "deployments.list_deployments",
        "What was rolled out there, the newest first",
        _NOT_FOUND,
    ),
    _start(
        "/endpoints/{name}/deployments",
        "deployments.deploy",
        "Roll a version out; dry_run says what that would do and cost",
    ),
    _read(
        "/endpoints/{name}/deployments/{id}",
        "deployments.get_deployment",
        "How a deployment stands, or how it ended",
        _NOT_FOUND,
    ),
    _start(
        "/endpoints/{name}/rollback",
        "deployments.roll_back",
        "Bring the former version back; dry_run says what that would do and cost",
    ),
    _start("/endpoints/{name}/abort", "deployments.abort", "Stop the deployment under way"),
    _change(
        "/endpoints/{name}/schedule", "schedules.set_schedule", "Say when it is on", method="PUT"
    ),
    _change(
        "/endpoints/{name}/schedule",
        "schedules.clear_schedule",
        "Take its schedule away: it is always on",
        method="DELETE",
    ),
    _start(
        "/endpoints/{name}/schedule",
        "schedules.act_on_schedule",
        "Put it to sleep, or wake it, as its schedule would",
    ),
    _read(
        "/endpoints/{name}/schedule/{id}",
        "schedules.get_schedule_act",
        "How a sleep or a waking stands, or how it ended",
        _NOT_FOUND,
    ),
    _start(
        "/endpoints/{name}/experiments",
        "experiments.start_experiment",
        "Compare a version with the one in use, on live traffic",
    ),
    _read(
        "/endpoints/{name}/experiments/{id}",
        "experiments.get_experiment",
        "How a comparison stands, or how it ended",
        _NOT_FOUND,
    ),
    _start(
        "/endpoints/{name}/experiments/{id}/stop",
        "experiments.stop_experiment",
        "End a comparison: the champion stays",
    ),
    _read(
        "/endpoints/{name}/quality",
        "quality.list_quality",
        "How good its answers are, hour by hour",
        _NOT_FOUND,
    ),
    # ---- Audits
    _read("/audits", "audits.list_audits", "Audits of the last ninety days, the newest first"),
    _start("/audits", "audits.start_audit", "Look at what the account's machine learning costs"),
    _read("/audits/{id}", "audits.get_audit", "One audit, and its report in short", _NOT_FOUND),
    _read(
        "/findings",
        "findings.list_findings",
        "What an audit found, large savings first",
        _NOT_FOUND,
    ),
    _change(
        "/findings/{id}/accept",
        "findings.accept_finding",
        "Live with a finding until a day is over",
    ),
    _change(
        "/findings/{id}/accept",
        "findings.report_again",
        "Stop living with a finding: the next audit reports it again",
        method="DELETE",
    ),
    _read("/acceptances", "findings.list_acceptances", "Findings that somebody lives with"),
    _read("/restores", "restores.list_restores", "Endpoints that were ended and can come back"),
    _start(
        "/restores",
        "restores.start_restore",
        "Bring an endpoint back; dry_run says what that would do",
    ),
    _read(
        "/restores/{id}",
        "restores.get_restore",
        "How a restore stands, or how it ended",
        _NOT_FOUND,
    ),
)
