"""Writes down how a deployment ended, gives the endpoint back, and reports it once."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from thriftline.core.aws.event_bus import EventBus
from thriftline.core.aws.own_writes import fresh_mark
from thriftline.core.aws.topic import Topic
from thriftline.core.causes import read_cause
from thriftline.core.dataclass import dataclass
from thriftline.serving.aws.endpoints_table import EndpointsTable
from thriftline.serving.domain.names import component_name
from thriftline.serving.domain.polling import ending_of
from thriftline.serving.domain.verdicts import MOVING, EndpointView, Outcome, Verdict
from thriftline.serving.domain.versions import EndpointVersion, next_number
from thriftline.serving.reports.deployment_message import (
    event_of,
    message_of,
    refusal_message,
)
from thriftline.serving.schemas.deployment import Deployment, DeploymentFailure, Ending
from thriftline.serving.schemas.steps.ending import (
    RecordDeploymentRequest,
    RecordDeploymentResponse,
)
from thriftline.serving.steps.held_scaling import ScalingHold
from thriftline.serving.steps.live_versions import look
from thriftline.serving.steps.poll_deployment import PollingSite, judge

# Answers to the person who asked; nothing was changed.
REFUSALS = (
    "DeploymentInProgressError",
    "DeploymentRefusedError",
    "InvalidServeSpecError",
    "NothingToRollBackToError",
    # SageMaker says so at once, before it changes anything.
    "QuotaExceededError",
)

_ENDINGS: Mapping[Outcome, Ending] = {
    Outcome.DEPLOYED: "deployed",
    Outcome.ROLLED_BACK: "rolled_back",
    Outcome.INCONCLUSIVE: "inconclusive",
    Outcome.FAILED: "failed",
}


@dataclass(frozen=True)
class RecordingSite:
    """Where Record deployment writes."""

    polling: PollingSite
    table: EndpointsTable
    alerts: Topic
    bus: EventBus
    measure: Callable[[str, float], None]
    hold: ScalingHold


def record_deployment(
    request: RecordDeploymentRequest, site: RecordingSite, *, now: datetime
) -> RecordDeploymentResponse:
    """Records the ending, once; called again it completes what the first call left open.

    While the endpoint still moves and somebody will look again, the deployment stays open: its
    alarms must stand as long as SageMaker looks at them.
    """
    deployment = site.polling.documents.find(request.execution_arn)
    if deployment is None:
        return _of_no_deployment(request, site)
    if deployment.ending is None:
        deployment = _with_failure(deployment, request)
        view = _view(deployment, site)
        if view is not None and view.status in MOVING and _is_open(deployment, request):
            site.polling.documents.write(deployment)
            return _response(deployment, site)
        deployment = _ended(deployment, view, site, now)
    deployment = _give_back(deployment, site, now)
    if not deployment.announced:
        _announce(deployment, site)
        deployment = site.polling.documents.write(deployment.model_copy(update={"announced": True}))
    return _response(deployment, site)


def _is_open(deployment: Deployment, request: RecordDeploymentRequest) -> bool:
    """Whether this execution has failed on the way, and another one will look to the end."""
    return deployment.failure is not None and deployment.started_at is not None and not request.last


def _with_failure(deployment: Deployment, request: RecordDeploymentRequest) -> Deployment:
    if request.failure is None or deployment.failure is not None:
        return deployment
    cause = read_cause(request.failure.error, request.failure.message)
    failure = DeploymentFailure(
        state=request.failure.state, error=cause.error, message=cause.message
    )
    return deployment.model_copy(update={"failure": failure})


def _view(deployment: Deployment, site: RecordingSite) -> EndpointView | None:
    polling = site.polling
    return look(deployment, polling.endpoints, polling.objects, polling.artifacts.name).view


def _ended(
    deployment: Deployment, view: EndpointView | None, site: RecordingSite, now: datetime
) -> Deployment:
    ending, reason = _ending(deployment, view, now)
    in_use = _in_use(deployment, view, site, now)
    return site.polling.documents.write(
        deployment.model_copy(
            update={"ending": ending, "reason": reason, "ended_at": now, "in_use": in_use}
        )
    )


def _ending(deployment: Deployment, view: EndpointView | None, now: datetime) -> tuple[Ending, str]:
    failure = deployment.failure
    if failure is not None and _is_untouched(deployment, view):
        return _nothing_changed(failure.error), failure.message
    judged = judge(deployment, deployment.watch, view, now)
    judged = ending_of(judged, for_want_of_requests=_for_want_of_requests(deployment))
    if failure is None:
        return _ENDINGS[judged.outcome or Outcome.FAILED], judged.reason
    return _after_a_failure(failure, judged)


def _is_untouched(deployment: Deployment, view: EndpointView | None) -> bool:
    """Whether SageMaker took nothing: it was not asked, or it refused and all is as before."""
    if deployment.started_at is None:
        return True
    former = deployment.former.serves if deployment.former else None
    as_before = view is None if former is None else view is not None and view.serves == former
    return deployment.asked is None and as_before


def _nothing_changed(error: str) -> Ending:
    return "refused" if error in REFUSALS else "failed"


def _for_want_of_requests(deployment: Deployment) -> bool:
    watch = deployment.watch
    return watch.turned_back == "requests" or (watch.gave_up and not watch.aborted)


def _after_a_failure(failure: DeploymentFailure, judged: Verdict) -> tuple[Ending, str]:
    """The endpoint tells how it ended, whatever became of the one who looked."""
    said = f"{failure.state} failed ({failure.error}): {failure.message}"
    if judged.outcome in (Outcome.DEPLOYED, Outcome.ROLLED_BACK):
        return _ENDINGS[judged.outcome], f"{judged.reason} Nobody watched it to its end: {said}"
    return "failed", f"{said} {judged.reason}"


def _in_use(
    deployment: Deployment, view: EndpointView | None, site: RecordingSite, now: datetime
) -> int | None:
    """Writes which entry of the history serves now, where that has changed, and returns it."""
    former = deployment.former.number if deployment.former else None
    made = deployment.made
    serves = view is not None and made is not None and view.serves == made.serves
    if (
        not serves
        or made is None
        or (deployment.watch.turned_back is not None and _is_back(deployment, view))
    ):
        return former
    number = (
        deployment.to_version
        or _known_already(deployment, site)
        or _add_version(deployment, site, now)
    )
    site.table.update(
        deployment.endpoint,
        "endpoint",
        project=deployment.project,
        kind=deployment.kind,
        in_use=number,
        changed_at=now.isoformat(),
        **_dollars(deployment),
    )
    return number


def _dollars(deployment: Deployment) -> dict[str, Any]:
    """A rollback reads no serve.yaml: its month is not the one that is wanted."""
    price = deployment.price
    if price is None or deployment.action == "rollback":
        return {}
    known = {"usd_per_hour": price.rate_usd_per_hour, "month_usd": price.month_usd}
    dollars = {name: f"{usd:f}" for name, usd in known.items() if usd is not None}
    most = price.most_instances
    return dollars if most is None else {**dollars, "instances": most}


def _known_already(deployment: Deployment, site: RecordingSite) -> int | None:
    """Returns the entry in use where it is the very thing that was wanted.

    A second entry for it would be what the next rollback goes to.
    """
    former, made = deployment.former, deployment.made
    if not deployment.serves_already or former is None or former.number is None or made is None:
        return None
    known = site.table.version(deployment.endpoint, former.number)
    wanted = (
        made.config_name,
        made.target_model,
        EndpointVersion.specification_text(made.specification),
    )
    is_same = known is not None and wanted == (
        known.config,
        known.target_model,
        known.specification,
    )
    return former.number if is_same else None


def _is_back(deployment: Deployment, view: EndpointView | None) -> bool:
    former = deployment.former
    return former is not None and view is not None and view.serves == former.serves


def _add_version(deployment: Deployment, site: RecordingSite, now: datetime) -> int:
    versions = site.table.versions(deployment.endpoint)
    own = [one for one in versions if one.deployment_id == deployment.deployment_id]
    if own:
        return own[0].number
    number = next_number(versions)
    if not site.table.add_version(deployment.endpoint, _version(deployment, number, now)):
        return _add_version(deployment, site, now)
    return number


def _version(deployment: Deployment, number: int, now: datetime) -> EndpointVersion:
    made = deployment.made
    if made is None:
        raise ValueError(f"{deployment.deployment_id} made nothing.")
    former = deployment.former.number if deployment.former else None
    return EndpointVersion(
        number=number,
        config=made.config_name,
        model_name=made.model_name,
        model_package_arn=deployment.version.model_package_arn,
        registry_version=deployment.version.number,
        image=deployment.version.image,
        artifact_uri=deployment.version.artifact_uri,
        who=deployment.requested_by,
        when=now,
        why=deployment.why,
        deployment_id=deployment.deployment_id,
        kind=deployment.kind,
        former=former,
        target_model=made.target_model,
        component=component_name(deployment.endpoint) if made.specification else None,
        specification=EndpointVersion.specification_text(made.specification),
    )


def _give_back(deployment: Deployment, site: RecordingSite, now: datetime) -> Deployment:
    """Alarms that SageMaker may still look at stay; they cost some cents."""
    if (deployment.alarms or deployment.held_scaling) and deployment.ending is not None:
        view = _view(deployment, site)
        if view is None or view.status not in MOVING:
            site.polling.alarms.delete(deployment.alarms)
            deployment = site.hold.put_back(deployment, now)
    site.table.unlock(deployment.endpoint, deployment.deployment_id)
    return deployment


def _announce(deployment: Deployment, site: RecordingSite) -> None:
    uri = site.polling.documents.uri(deployment)
    site.bus.put(event_of(deployment, uri))
    site.alerts.send(message_of(deployment, uri))
    site.measure(f"Deployment{(deployment.ending or 'failed').title().replace('_', '')}", 1)


def _response(deployment: Deployment, site: RecordingSite) -> RecordDeploymentResponse:
    return RecordDeploymentResponse(
        deployment_id=deployment.deployment_id,
        endpoint=deployment.endpoint,
        ending=deployment.ending,
        reason=deployment.reason or (deployment.failure.message if deployment.failure else ""),
        document=site.polling.documents.uri(deployment),
        error=deployment.failure.error if deployment.failure else None,
    )


def _of_no_deployment(
    request: RecordDeploymentRequest, site: RecordingSite
) -> RecordDeploymentResponse:
    """An execution failed before it had a deployment: there is no document, so say it."""
    failure = request.failure
    if failure is None:
        return RecordDeploymentResponse(
            deployment_id=None, endpoint=None, ending=None, reason="", document=None
        )
    cause = read_cause(failure.error, failure.message)
    ending = _nothing_changed(cause.error)
    noted = {"error": cause.error, "mark": fresh_mark()}
    if site.table.put_first(f"noted#{request.execution_arn}", "failure", noted):
        asked: dict[str, Any] = request.request or {}
        told = refusal_message(
            asked, failure.state, cause.error, cause.message, request.execution_arn
        )
        site.alerts.send(told)
    return RecordDeploymentResponse(
        deployment_id=None,
        endpoint=None,
        ending=ending,
        reason=cause.message,
        document=None,
        error=cause.error,
    )
