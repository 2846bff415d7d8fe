"""One look at a deployment: its stages, its requests, and what follows from them."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from thriftline.core.aws.buckets import Bucket
from thriftline.core.dataclass import dataclass
from thriftline.serving.aws.deployment_alarms import DeploymentAlarms
from thriftline.serving.aws.endpoints import Endpoints
from thriftline.serving.aws.model_artifacts import ModelArtifacts
from thriftline.serving.aws.probes import Probes
from thriftline.serving.domain.kinds import KIND_FACTS, MAIN_VARIANT, Kind
from thriftline.serving.domain.names import component_name
from thriftline.serving.domain.polling import Decision, Look, Step, decide
from thriftline.serving.domain.rollout import MOST_LIMIT_SECONDS, limit_seconds
from thriftline.serving.domain.verdicts import (
    BAKING,
    IN_SERVICE,
    MOVING,
    EndpointView,
    Outcome,
    Verdict,
    Wanted,
    verdict,
)
from thriftline.serving.schemas.deployment import Deployment, Watch
from thriftline.serving.schemas.steps.update import PollDeploymentResponse
from thriftline.serving.steps.deployment_documents import DeploymentDocuments
from thriftline.serving.steps.deployment_wishes import rollout_of, wish_of
from thriftline.serving.steps.live_versions import Seen, look

# Beyond the roll-out's own limit: a rollback, and instances that come late.
_GRACE = timedelta(minutes=45)
_USUAL_PROBE = {"text": "Thriftline sends this while a new version is watched."}
_MOST_STAGES = 60
PROBES_FILE = "probes.jsonl"


@dataclass(frozen=True)
class PollingSite:
    """What Poll deployment looks at."""

    documents: DeploymentDocuments
    endpoints: Endpoints
    objects: ModelArtifacts
    alarms: DeploymentAlarms
    probes: Probes
    artifacts: Bucket


def poll_deployment(
    execution_arn: str, site: PollingSite, *, now: datetime
) -> PollDeploymentResponse:
    """Looks, decides, and does what cannot wait: probes, and the stop for want of requests."""
    deployment = site.documents.required(execution_arn)
    seen = look(deployment, site.endpoints, site.objects, site.artifacts.name)
    watch = _watched(deployment, seen, site, now)
    judged = judge(deployment, watch, seen.view, now)
    decision = _next(deployment, watch, seen, judged)
    watch = _act(deployment, watch, decision, site, now)
    notes = (*deployment.notes, decision.note) if decision.note else deployment.notes
    site.documents.write(deployment.model_copy(update={"watch": watch, "notes": notes}))
    return PollDeploymentResponse(
        step=decision.step.value,
        serves_wanted=_serves_wanted(deployment, seen.view),
        wait_seconds=decision.wait_seconds,
        status=seen.view.status if seen.view else "missing",
        stages=seen.view.stages if seen.view else (),
        invocations=watch.invocations,
        reason=decision.note or judged.reason,
    )


def judge(
    deployment: Deployment, watch: Watch, view: EndpointView | None, now: datetime
) -> Verdict:
    """Returns what a look says of the deployment."""
    made, former = deployment.made, deployment.former
    rollout = rollout_of(deployment)
    wanted = Wanted(
        serves=made.serves if made else "",
        former=former.serves if former else None,
        guarded=deployment.guarded,
        min_requests=rollout.min_requests,
        already=deployment.serves_already and deployment.started_at is None,
        probes=watch.probes,
    )
    judged = verdict(
        view,
        wanted,
        watch.invocations,
        out_of_time=_is_late(deployment, now),
        aborted=watch.aborted,
    )
    if judged.outcome is not Outcome.ROLLED_BACK or watch.aborted or watch.gave_up:
        return judged
    return replace(judged, reason=f"{judged.reason} {_why_turned(watch)}")


def _why_turned(watch: Watch) -> str:
    if not watch.fired:
        return (
            "No alarm was seen in ALARM: a time limit, or a container that does not come up, turns "
            "an update around as well."
        )
    return f"In ALARM: {'; '.join(f'{name} ({why})' for name, why in watch.fired.items())}."


def _serves_wanted(deployment: Deployment, view: EndpointView | None) -> bool:
    made = deployment.made
    in_service = view is not None and view.status == IN_SERVICE
    return in_service and view is not None and made is not None and view.serves == made.serves


def _is_late(deployment: Deployment, now: datetime) -> bool:
    if deployment.started_at is None:
        return False
    wish = wish_of(deployment)
    limit = min(MOST_LIMIT_SECONDS, limit_seconds(rollout_of(deployment), wish.instances))
    return now - deployment.started_at > timedelta(seconds=limit) + _GRACE


def _next(deployment: Deployment, watch: Watch, seen: Seen, judged: Verdict) -> Decision:
    if seen.needs_component:
        return Decision(Step.START)
    return decide(
        Look(
            view=seen.view,
            verdict=judged,
            rollout=rollout_of(deployment),
            guarded=deployment.guarded,
            invocations=watch.invocations,
            watched=watch.watched_seconds,
            polls=watch.polls,
            moved=watch.moved,
            aborted=watch.aborted,
            gave_up=watch.gave_up,
            turned_back=watch.turned_back is not None,
            has_former=deployment.former is not None and deployment.action == "deploy",
        )
    )


def _watched(deployment: Deployment, seen: Seen, site: PollingSite, now: datetime) -> Watch:
    """Returns the watch with what this look adds."""
    watch, stages = deployment.watch, seen.view.stages if seen.view else ()
    known = (*watch.stages, *(one for one in stages if one not in watch.stages[-1:]))
    return watch.model_copy(
        update={
            "polls": watch.polls + 1,
            "moved": watch.moved or (seen.view is not None and seen.view.status in MOVING),
            "stages": known[-_MOST_STAGES:],
            "invocations": _invocations(deployment, site, now),
            "aborted": watch.aborted or _was_aborted(deployment, watch, site, now),
            "fired": watch.fired | site.alarms.firing(deployment.watched_by),
        }
    )


def _invocations(deployment: Deployment, site: PollingSite, now: datetime) -> int | None:
    made = deployment.made
    if not deployment.guarded or made is None or deployment.started_at is None:
        return None
    dimensions = {"EndpointName": deployment.endpoint, "VariantName": MAIN_VARIANT}
    if deployment.kind != Kind.COMPONENT:
        dimensions["EndpointConfigName"] = made.config_name
    metric = KIND_FACTS[Kind(deployment.kind)].requests_metric
    return site.alarms.requests(metric, dimensions, deployment.started_at, now)


def _was_aborted(deployment: Deployment, watch: Watch, site: PollingSite, now: datetime) -> bool:
    # The metric that stops a deployment for want of requests is its own, not a person's.
    if deployment.started_at is None or watch.gave_up or deployment.former is None:
        return False
    return site.alarms.was_aborted(
        deployment.endpoint, deployment.deployment_id, deployment.started_at, now
    )


def _act(
    deployment: Deployment, watch: Watch, decision: Decision, site: PollingSite, now: datetime
) -> Watch:
    changes: dict[str, Any] = {}
    if decision.probes:
        changes["probes"] = watch.probes + _probe(deployment, decision.probes, site)
    if decision.give_up:
        site.alarms.abort(deployment.endpoint, deployment.deployment_id, now)
        changes["gave_up"] = True
    if decision.turn_back:
        changes["turned_back"] = "abort" if watch.aborted else "requests"
    if decision.step is Step.WAIT and BAKING & set(watch.stages[-1:]):
        changes["watched_seconds"] = watch.watched_seconds + decision.wait_seconds
    return watch.model_copy(update=changes)


def _probe(deployment: Deployment, count: int, site: PollingSite) -> int:
    """Sends probes; where the first is refused the rest would be too, and would look like faults.

    Returns:
        How many were sent.
    """
    bodies = _bodies(deployment, site)
    target: dict[str, Any] = {"EndpointName": deployment.endpoint}
    if deployment.kind == Kind.COMPONENT:
        target["InferenceComponentName"] = component_name(deployment.endpoint)
    asynchronous = deployment.kind == Kind.ASYNCHRONOUS
    if not site.probes.send(target, bodies[:1], asynchronous=asynchronous):
        return 1
    rest = [bodies[number % len(bodies)] for number in range(1, count)]
    site.probes.send(target, rest, asynchronous=asynchronous)
    return count


def _bodies(deployment: Deployment, site: PollingSite) -> Sequence[bytes]:
    """Requests that somebody has recorded for this endpoint, else one that suits most models."""
    recorded = site.artifacts.read(f"serving/{deployment.endpoint}/{PROBES_FILE}")
    lines = [line for line in (recorded or b"").splitlines() if line.strip()]
    return lines or [json.dumps(_USUAL_PROBE).encode()]
