"""Asks SageMaker for the wanted version, by the recipe of the endpoint's kind."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from thriftline.core.aws.event_bus import EventBus
from thriftline.core.dataclass import dataclass
from thriftline.core.errors import DeploymentRefusedError
from thriftline.serving.aws.endpoints import LiveEndpoint
from thriftline.serving.domain.kinds import MAIN_VARIANT, Kind
from thriftline.serving.domain.names import component_name
from thriftline.serving.domain.rollout import component_deployment_config, deployment_config
from thriftline.serving.domain.verdicts import IN_SERVICE, MOVING
from thriftline.serving.schemas.deployment import Deployment, FormerVersion, MadeThings
from thriftline.serving.schemas.events import DeploymentStarted
from thriftline.serving.schemas.steps.update import StartDeploymentResponse
from thriftline.serving.steps.deployment_wishes import ROLLBACK, rollout_of, wish_of
from thriftline.serving.steps.held_scaling import ScalingHold
from thriftline.serving.steps.live_versions import Seen, look
from thriftline.serving.steps.prepare_deployment import PreparingSite, ensure_made, tags_of

_FIRST_WAIT = 15
# Their updates take no DeploymentConfig.
_WITHOUT_GUARDRAILS = (Kind.SERVERLESS, Kind.MULTI_MODEL)


@dataclass(frozen=True)
class StartingSite:
    """Where Start update asks."""

    making: PreparingSite
    bus: EventBus
    hold: ScalingHold


def start_deployment(
    execution_arn: str, site: StartingSite, *, now: datetime
) -> StartDeploymentResponse:
    """Asks for what is wanted, once: what is asked for or serves already is not asked for again.

    Raises:
        DeploymentRefusedError: an alarm is in ALARM already; SageMaker would go back at once.
    """
    making = site.making
    deployment = making.documents.required(execution_arn)
    seen = look(deployment, making.endpoints, making.objects, making.artifacts.name)
    if deployment.watch.turned_back:
        asked = _turn_back(deployment, seen, making)
        return StartDeploymentResponse(asked=asked, wait_seconds=_FIRST_WAIT)
    if deployment.started_at is None:
        _refuse_noise(deployment, making)
        deployment = making.documents.write(deployment.model_copy(update={"started_at": now}))
        site.bus.put(_event(deployment))
    if _will_update(deployment, seen):
        deployment = site.hold.set_aside(deployment)
    asked = _ask(deployment, seen, making)
    making.documents.write(deployment.model_copy(update={"asked": deployment.asked or asked}))
    return StartDeploymentResponse(asked=asked, wait_seconds=_FIRST_WAIT)


def _refuse_noise(deployment: Deployment, making: PreparingSite) -> None:
    states = making.alarms.states(deployment.watched_by)
    loud = sorted(name for name, state in states.items() if state == "ALARM")
    if loud:
        raise DeploymentRefusedError(
            f"{', '.join(loud)} is in ALARM already; SageMaker would roll the update back at once. "
            "Nothing was changed. Find out why, wait until it is OK, and deploy again."
        )


def _will_update(deployment: Deployment, seen: Seen) -> bool:
    made = deployment.made
    settled = seen.live is not None and seen.live.status not in MOVING
    return settled and made is not None and not _serves(seen, made)


def _serves(seen: Seen, made: MadeThings) -> bool:
    return (
        seen.view is not None and seen.view.status == IN_SERVICE and seen.view.serves == made.serves
    )


def _ask(deployment: Deployment, seen: Seen, making: PreparingSite) -> str:
    made = deployment.made
    if made is None:
        raise ValueError(f"{deployment.deployment_id} was not checked.")
    live = seen.live
    if live is None:
        ensure_made(deployment, making)
        tags = tags_of(deployment, making.stack)
        making.endpoints.create(deployment.endpoint, made.config_name, tags)
        return "CreateEndpoint"
    if _serves(seen, made):
        return "nothing: it serves already"
    ensure_made(deployment, making)
    if deployment.kind == Kind.COMPONENT:
        return _ask_component(deployment, made, seen, making)
    if _has_it_already(live, made):
        return "nothing: the endpoint has this config"
    config = _deployment_config(deployment, live)
    making.endpoints.update(
        deployment.endpoint,
        made.config_name,
        config,
        retain_variants=_retains(deployment),
    )
    return "UpdateEndpoint"


def _has_it_already(live: LiveEndpoint, made: MadeThings) -> bool:
    """An endpoint that is mixed after a failed rollback shows the config and does not serve it."""
    if live.status == IN_SERVICE:
        return live.config_name == made.config_name
    return live.status in MOVING and made.config_name in (live.pending_config, live.config_name)


def _deployment_config(deployment: Deployment, live: LiveEndpoint) -> Mapping[str, Any] | None:
    if deployment.kind in _WITHOUT_GUARDRAILS:
        return None
    wish = wish_of(deployment)
    count = max(live.instances.values(), default=wish.instances)
    instances = count if _retains(deployment) else wish.instances
    return deployment_config(rollout_of(deployment), instances, deployment.watched_by)


def _retains(deployment: Deployment) -> bool:
    """A scaled endpoint would fall back to the count that it began with."""
    if deployment.kind in _WITHOUT_GUARDRAILS:
        return False
    return deployment.action == "rollback" or wish_of(deployment).scaling is not None


def _ask_component(
    deployment: Deployment, made: MadeThings, seen: Seen, making: PreparingSite
) -> str:
    name, specification = component_name(deployment.endpoint), made.specification or {}
    if seen.live is None or seen.live.status != IN_SERVICE:
        return "nothing: the endpoint is not in service yet"
    if seen.needs_component:
        copies = wish_of(deployment).component.copies
        making.endpoints.create_component(
            name,
            deployment.endpoint,
            MAIN_VARIANT,
            specification,
            copies,
            tags_of(deployment, making.stack),
        )
        return "CreateInferenceComponent"
    copies = wish_of(deployment).component.copies
    config = component_deployment_config(rollout_of(deployment), copies, deployment.watched_by)
    making.endpoints.update_component(name, specification, config)
    return "UpdateInferenceComponent"


def _turn_back(deployment: Deployment, seen: Seen, making: PreparingSite) -> str:
    """Asks for what served before, which the update has left only after its end."""
    former = deployment.former
    if former is None or seen.live is None:
        return "nothing: there is nothing to go back to"
    if seen.view is not None and seen.view.serves == former.serves:
        return "nothing: the former version serves already"
    if deployment.kind == Kind.COMPONENT:
        return _component_back(deployment, former, making)
    if deployment.kind == Kind.MULTI_MODEL:
        return "nothing: the callers name the former object"
    config = (
        None
        if deployment.kind in _WITHOUT_GUARDRAILS
        else deployment_config(ROLLBACK, max(seen.live.instances.values(), default=1), ())
    )
    making.endpoints.update(
        deployment.endpoint,
        former.config_name,
        config,
        retain_variants=deployment.kind not in _WITHOUT_GUARDRAILS,
    )
    return "UpdateEndpoint to the former config"


def _component_back(deployment: Deployment, former: FormerVersion, making: PreparingSite) -> str:
    name = component_name(deployment.endpoint)
    making.endpoints.update_component(name, former.specification or {}, None)
    return "UpdateInferenceComponent to the former specification"


def _event(deployment: Deployment) -> DeploymentStarted:
    price = deployment.price
    return DeploymentStarted(
        deployment_id=deployment.deployment_id,
        endpoint=deployment.endpoint,
        project=deployment.project,
        action=deployment.action,
        kind=deployment.kind,
        requested_by=deployment.requested_by,
        model_package_arn=deployment.version.model_package_arn,
        registry_version=deployment.version.number,
        wanted=deployment.made.serves if deployment.made else None,
        former=deployment.former.serves if deployment.former else None,
        rollout_usd=price.rollout_usd if price else None,
    )
