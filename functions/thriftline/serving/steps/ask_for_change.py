"""Asks for a deployment, a rollback or the end of one: what it costs, and its execution."""

from datetime import datetime
from typing import Any

from thriftline.core.aws.functions import Functions
from thriftline.core.aws.machines import Machines
from thriftline.core.dataclass import dataclass
from thriftline.core.deployment_ids import DEPLOYMENT_ID, deployment_id
from thriftline.serving.aws.deployment_alarms import DeploymentAlarms
from thriftline.serving.aws.endpoints_table import STATE, EndpointsTable
from thriftline.serving.domain.versions import EndpointState
from thriftline.serving.schemas.shown import ChangePrice, PreviewedChange
from thriftline.serving.schemas.steps.preview import PreviewDeploymentResponse
from thriftline.serving.schemas.steps.requests import DeployRequest
from thriftline.serving.steps.deployment_documents import deployment_item

_PRICE = ("instance_type", "rate_usd_per_hour", "seconds", "rollout_usd", "month_usd")


@dataclass(frozen=True)
class ChangingSite:
    """What is called to change what serves."""

    functions: Functions
    machines: Machines
    table: EndpointsTable
    alarms: DeploymentAlarms
    preview_function: str
    deploy_machine: str


def preview_change(request: DeployRequest, site: ChangingSite) -> PreviewedChange:
    """Returns what a deployment or a rollback would do and cost.

    Raises:
        InvalidServeSpecError: ``serve.yaml`` cannot be used.
        DeploymentRefusedError: what is asked for cannot be deployed.
        NothingToRollBackToError: a rollback has no version to go to.
    """
    answer = site.functions.call(site.preview_function, request.model_dump(mode="json"))
    found = PreviewDeploymentResponse.model_validate(answer)
    price: dict[str, Any] = {name: getattr(found, name) for name in _PRICE}
    return PreviewedChange(
        would_deploy=found.would_deploy,
        reason=found.reason,
        action=found.action,
        endpoint=found.endpoint,
        project=found.project,
        kind=found.kind,
        version=found.version,
        former=found.former,
        wanted=found.wanted,
        price=ChangePrice.model_validate({**price, "price_source": found.price_source}),
        checks=found.checks,
        months=found.months,
    )


def begin_change(
    request: DeployRequest, preview: PreviewedChange, site: ChangingSite, *, now: datetime
) -> str:
    """Starts the machine; returns the id of the deployment. The same token is the same one.

    A new endpoint is known from now on, so that whoever asks for its deployments finds them.
    """
    if site.table.get(preview.endpoint, STATE) is None:
        site.table.update(preview.endpoint, STATE, project=preview.project, kind=preview.kind)
    name = deployment_id(request.token, now)
    site.machines.start(site.deploy_machine, name, request.model_dump(mode="json"))
    return name


def deployment_under_way(state: EndpointState, site: ChangingSite) -> str | None:
    """Returns the deployment that has the endpoint now, None where none has it.

    A data point for one whose execution is dead would stop the next deployment instead.
    """
    owner = state.lock_owner
    if owner is None or not DEPLOYMENT_ID.fullmatch(owner):
        return None
    item = site.table.get(state.endpoint, deployment_item(owner))
    execution = site.machines.look(str(item["execution_arn"])) if item else None
    return owner if execution is not None and execution.status == "RUNNING" else None


def stop_change(
    endpoint: str, deployment: str, site: ChangingSite, *, who: str, why: str, now: datetime
) -> None:
    """Lets the abort alarm of a deployment fire, and notes who asked for it."""
    site.table.update(
        endpoint,
        deployment_item(deployment),
        aborted_by=who,
        abort_why=why,
        abort_asked_at=now.isoformat(),
    )
    site.alarms.abort(endpoint, deployment, now)
