"""Projects, their versions in the registry, and a person's decision about one."""

import math
from decimal import Decimal, InvalidOperation

from thriftline.api.answers import PageAsk
from thriftline.api.paging import next_token, start_of
from thriftline.api.problems import conflict, not_found, unreadable
from thriftline.api.requests import Call
from thriftline.api.schemas.models import Model, ModelDecision, ModelPage, Project, ProjectPage
from thriftline.runs.aws.model_versions import RegisteredVersion
from thriftline.runs.domain.uploads import is_project
from thriftline.wiring import api as wiring

MOST_VERSIONS = 25
_PROJECTS = {"of": "projects"}
_TEXTS = (
    "trainer",
    "task",
    "base_model",
    "job_name",
    "instance_type",
    "dataset_uri",
    "dataset_version",
    "champion",
    "promotion",
    "registered_by",
    "changed",
    "why",
)


def list_projects(call: Call, query: PageAsk) -> ProjectPage:
    """Returns the projects that somebody has uploaded to."""
    start = start_of(query.next_token, _PROJECTS, ("project",))
    found = [
        one
        for one in wiring.data_bucket().folders("datasets/")
        if is_project(one) and call.may(one) and (start is None or one > start["project"])
    ]
    shown = found[: query.limit]
    last = {"project": shown[-1]} if len(found) > len(shown) else None
    return ProjectPage(
        items=tuple(Project(project=one, href=f"/projects/{one}/models") for one in shown),
        next_token=next_token(last, _PROJECTS),
    )


def list_models(call: Call, query: PageAsk) -> ModelPage:
    """Returns a project's versions."""
    project = _project(call)
    filters = {"of": "models", "project": project}
    start = start_of(query.next_token, filters, ("page",))
    token = start["page"] if start else None
    page = wiring.model_versions().page(project, min(query.limit, MOST_VERSIONS), token)
    if page is None and token:
        raise unreadable("next_token is too old; begin without one.")
    versions = page.versions if page else ()
    following = {"page": page.token} if page and page.token else None
    # Without approval before this page, the newest that is approved here is the one in use.
    usable = [one.number for one in versions if one.is_usable]
    return ModelPage(
        items=tuple(_shown(one, _is_used(one, usable, first=start is None)) for one in versions),
        next_token=next_token(following, filters),
    )


def decide_model(call: Call, body: ModelDecision) -> Model:
    """Approves or rejects a version; what serves it goes on serving it."""
    project, number = _project(call), call.parameters["version"]
    found = None
    if number.isascii() and number.isdigit() and len(number) <= 9:
        found = wiring.model_versions().of(project, int(number))
    if found is None:
        raise not_found(f"Version {number} of {project}")
    if body.status == "Approved" and found.status != "Completed":
        raise conflict(f"Version {number} of {project} cannot be approved: it is {found.status}.")
    why = f"{call.by}{': ' if body.why else ''}{body.why}"
    return _shown(wiring.model_versions().decide(found.arn, body.status, why), None)


def _project(call: Call) -> str:
    project = call.parameters["project"]
    if not is_project(project):
        raise not_found(f"Project {project}")
    call.require(project, f"project {project}")
    return project


def _is_used(version: RegisteredVersion, usable: list[int], *, first: bool) -> bool | None:
    if not version.is_usable:
        return False
    return version.number == usable[0] if first else None


def _shown(version: RegisteredVersion, in_use: bool | None) -> Model:
    facts = version.facts
    run_id, source = facts.get("run_id"), facts.get("source_run_id")
    of_run = source or run_id
    spot = facts.get("spot", "").lower()
    return Model(
        version=version.number,
        model_package_arn=version.arn,
        approval_status=version.approval,
        approval_reason=version.approval_description,
        in_use=in_use,
        created_at=version.created_at,
        reason=version.description,
        run_id=run_id,
        source_run_id=source,
        href=f"/runs/{of_run}" if of_run else None,
        spot={"true": True, "false": False}.get(spot),
        accuracy=_share(facts.get("accuracy")),
        macro_f1=_share(facts.get("macro_f1")),
        micro_f1=_share(facts.get("micro_f1")),
        test_records=_whole(facts.get("test_records")),
        billed_seconds=_whole(facts.get("billed_seconds")),
        cost_usd=_usd(facts.get("cost_usd")),
        **{name: facts.get(name) or None for name in _TEXTS},
    )


def _share(text: str | None) -> float | None:
    """Returns a number that somebody may have written by hand; None where it is none."""
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _whole(text: str | None) -> int | None:
    value = _share(text)
    return None if value is None else int(value)


def _usd(text: str | None) -> Decimal | None:
    try:
        value = Decimal(text or "")
    except InvalidOperation:
        return None
    return value if value.is_finite() and abs(value) < Decimal(10) ** 12 else None
