"""Asks for a comparison on live traffic or for its end, and says how one stands."""

from datetime import datetime
from typing import Any

from thriftline.core.aws.buckets import Bucket
from thriftline.core.aws.machines import Machines
from thriftline.core.causes import read_cause
from thriftline.core.dataclass import dataclass
from thriftline.core.kept import UPDATE, reading
from thriftline.serving.aws.endpoints_table import EndpointsTable
from thriftline.serving.domain.experiment_names import (
    EXPERIMENT_ID,
    experiment_id,
    experiment_item,
    progress_key,
    result_key,
    token_digest,
)
from thriftline.serving.domain.versions import EndpointState
from thriftline.serving.schemas.experiment import ExperimentResult
from thriftline.serving.schemas.experiment_steps import CompareRequest
from thriftline.serving.schemas.shown import ShownExperiment
from thriftline.serving.steps.list_endpoints import instant

_RUNNING = "RUNNING"


@dataclass(frozen=True)
class ComparingSite:
    """What is called to compare versions."""

    machines: Machines
    table: EndpointsTable
    artifacts: Bucket
    compare_machine: str


def begin_comparison(request: CompareRequest, site: ComparingSite, *, now: datetime) -> str:
    """Starts the machine; returns the id of the experiment. The same token is the same one."""
    name = experiment_id(request.token, now)
    site.machines.start(site.compare_machine, name, request.model_dump(mode="json"))
    return name


def stop_comparison(request: CompareRequest, site: ComparingSite) -> None:
    """Starts the machine that ends a comparison; the same token is the same request."""
    name = f"stop-{request.experiment_id}-{token_digest(request.token)}"
    site.machines.start(site.compare_machine, name, request.model_dump(mode="json"))


def comparison_under_way(state: EndpointState) -> str | None:
    """Returns the experiment that has the endpoint now, None where none has it."""
    owner = state.lock_owner
    return owner if owner is not None and EXPERIMENT_ID.fullmatch(owner) else None


def show_comparison(endpoint: str, experiment: str, site: ComparingSite) -> ShownExperiment | None:
    """Returns how a comparison stands or ended, None where the endpoint never had it."""
    item = site.table.get(endpoint, experiment_item(experiment))
    if item is None:
        return _without_item(endpoint, experiment, site)
    result = _result(endpoint, experiment, site)
    with reading(f"{experiment_item(experiment)} of {endpoint}", UPDATE):
        return ShownExperiment(
            experiment_id=experiment,
            endpoint=endpoint,
            state=item.get("state", "starting"),
            kind=item.get("kind"),
            deadline=instant(item["deadline"]) if item.get("deadline") else None,
            reason=result.reason if result else "",
            stopping=item.get("stop"),
            result=result,
        )


def _without_item(endpoint: str, experiment: str, site: ComparingSite) -> ShownExperiment | None:
    """One that is being opened, or was refused, is known by its execution alone."""
    if not EXPERIMENT_ID.fullmatch(experiment):
        return None
    found = site.machines.find(site.compare_machine, experiment)
    if found is None or found.asked.get("endpoint") not in (None, endpoint):
        return None
    state: Any = "opening" if found.status == _RUNNING else "refused"
    cause = read_cause(found.error or found.status, found.cause or "")
    return ShownExperiment(
        experiment_id=experiment,
        endpoint=endpoint,
        state=state,
        kind=None,
        deadline=None,
        reason="" if state == "opening" else cause.message,
        stopping=None,
        result=None,
    )


def _result(endpoint: str, experiment: str, site: ComparingSite) -> ExperimentResult | None:
    for key in (result_key(endpoint, experiment), progress_key(endpoint, experiment)):
        body = site.artifacts.read(key)
        if body is not None:
            with reading(site.artifacts.uri(key), UPDATE):
                return ExperimentResult.model_validate_json(body)
    return None
