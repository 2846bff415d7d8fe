"""Shows one deployment: while it is opened, while it runs, and how it ended."""

from typing import Any

from thriftline.core.aws.buckets import Bucket
from thriftline.core.aws.machines import ListedExecution, Machines
from thriftline.core.causes import read_cause
from thriftline.core.dataclass import dataclass
from thriftline.core.deployment_ids import DEPLOYMENT_ID
from thriftline.core.kept import UPDATE, reading
from thriftline.serving.aws.endpoints_table import EndpointsTable
from thriftline.serving.domain.versions import EndpointState
from thriftline.serving.schemas.deployment import Deployment
from thriftline.serving.schemas.shown import ChangePrice, ShownDeploymentDetail
from thriftline.serving.steps.deployment_documents import DeploymentDocuments, deployment_item

_RUNNING = "RUNNING"


@dataclass(frozen=True)
class DeploymentSite:
    """Where deployments are looked at."""

    machines: Machines
    table: EndpointsTable
    artifacts: Bucket
    deploy_machine: str


def show_deployment(
    state: EndpointState, own: str, site: DeploymentSite
) -> ShownDeploymentDetail | None:
    """Returns how a deployment of an endpoint stands or ended, None where it never had it."""
    if not DEPLOYMENT_ID.fullmatch(own):
        return None
    document = DeploymentDocuments(site.artifacts, site.table).read(state.endpoint, own)
    if document is not None:
        return _opened(document, site)
    execution = site.machines.find(site.deploy_machine, own)
    if execution is None:
        return None
    if execution.asked.get("endpoint") != state.endpoint:
        return None
    return _without_document(state, own, execution)


def _opened(found: Deployment, site: DeploymentSite) -> ShownDeploymentDetail:
    item = site.table.get(found.endpoint, deployment_item(found.deployment_id)) or {}
    price = found.price.model_dump(include=set(ChangePrice.model_fields)) if found.price else None
    with reading(f"{found.deployment_id} of {found.endpoint}", UPDATE):
        return ShownDeploymentDetail(
            deployment_id=found.deployment_id,
            endpoint=found.endpoint,
            project=found.project,
            state="running" if found.ending is None else "ended",
            action=found.action,
            registry_version=found.version.number,
            requested_by=found.requested_by,
            why=found.why,
            opened_at=found.opened_at,
            ended_at=found.ended_at,
            ending=found.ending,
            reason=found.reason,
            error=found.failure.error if found.failure else None,
            stages=found.watch.stages,
            requests=found.watch.invocations,
            checks=found.checks,
            price=None if price is None else ChangePrice(**price),
            document_uri=site.artifacts.uri(found.key),
            aborted_by=item.get("aborted_by"),
        )


def _without_document(
    state: EndpointState, own: str, execution: ListedExecution
) -> ShownDeploymentDetail:
    asked = execution.asked
    had_nothing_to_do = execution.status == "SUCCEEDED"
    cause = read_cause(execution.error or execution.status, execution.cause or "")
    standing: Any = "opening" if execution.status == _RUNNING else "refused"
    reason = "" if standing == "opening" else cause.message
    if had_nothing_to_do:
        standing, reason = "ended", str(execution.answered.get("reason") or "")
    with reading(f"{own} of {state.endpoint}", UPDATE):
        return ShownDeploymentDetail(
            deployment_id=own,
            endpoint=state.endpoint,
            project=state.project,
            state=standing,
            action=asked.get("action"),
            registry_version=asked.get("registry_version"),
            requested_by=asked.get("requested_by"),
            why=asked.get("why"),
            opened_at=None,
            ended_at=execution.ended_at,
            ending="ended" if had_nothing_to_do else None,
            reason=reason,
            error=cause.error if standing == "refused" else None,
            stages=(),
            requests=None,
            checks=(),
            price=None,
            document_uri=None,
            aborted_by=None,
        )
