"""After an update: the endpoint scales and sleeps as its spec says. What it serves stays."""

from thriftline.core.dataclass import dataclass
from thriftline.core.errors import Retry, ThriftlineError
from thriftline.serving.schemas.deployment import Deployment
from thriftline.serving.schemas.steps.ending import SettleDeploymentResponse
from thriftline.serving.steps.change_schedule import SchedulingSite
from thriftline.serving.steps.deployment_documents import DeploymentDocuments
from thriftline.serving.steps.deployment_wishes import spec_of, wish_of
from thriftline.serving.steps.held_scaling import ScalingHold
from thriftline.serving.steps.settle_scaling import SpecSchedule, settle_scaling


@dataclass(frozen=True)
class SettlingSite:
    """Where scaling and schedules are set."""

    documents: DeploymentDocuments
    hold: ScalingHold
    scheduling: SchedulingSite


def settle_deployment(
    execution_arn: str, *, serves_wanted: bool, site: SettlingSite
) -> SettleDeploymentResponse:
    """Sets scaling and schedule where the wanted version serves; a note says what could not be set.

    A rollback changes the config alone: scaling targets outlive it. What was set aside for the
    update is put back first, whatever serves.
    """
    deployment = site.documents.required(execution_arn)
    deployment = site.hold.put_back(deployment, site.scheduling.now)
    if not serves_wanted or deployment.action == "rollback":
        return SettleDeploymentResponse(notes=())
    notes = _settled(deployment, site)
    if notes:
        known = tuple(one for one in notes if one not in deployment.notes)
        site.documents.write(deployment.model_copy(update={"notes": (*deployment.notes, *known)}))
    return SettleDeploymentResponse(notes=notes)


def _settled(deployment: Deployment, site: SettlingSite) -> tuple[str, ...]:
    wanted = spec_of(deployment).schedule
    schedule = SpecSchedule(wanted.timezone, wanted.on, wanted.off) if wanted else None
    try:
        return settle_scaling(
            wish_of(deployment),
            deployment.endpoint,
            schedule,
            deployment.requested_by,
            site.scheduling,
        )
    except ThriftlineError as error:
        if error.retry is not Retry.NEVER:
            raise
        return (f"Scaling or schedule was not set ({type(error).__name__}): {error}",)
