"""Looks at everything that a deployment needs before anything is changed."""

from decimal import Decimal

from thriftline.core.errors import DeploymentRefusedError
from thriftline.money.instances import hardware_of
from thriftline.serving.aws.endpoints import LiveEndpoint, instance_type_of, kind_of
from thriftline.serving.domain.checks import Check, Money, Situation, checks
from thriftline.serving.domain.combinations import refusals
from thriftline.serving.domain.endpoint_requests import Places, Target, Version, target_of
from thriftline.serving.domain.instance_choice import (
    CANDIDATES,
    Candidate,
    cheapest_that_holds,
)
from thriftline.serving.domain.kinds import KIND_FACTS, Kind, ServingWish
from thriftline.serving.domain.refusal import Current
from thriftline.serving.domain.verdicts import IN_SERVICE
from thriftline.serving.schemas.deployment import (
    CheckedThing,
    Deployment,
    DeploymentPrice,
    MadeThings,
)
from thriftline.serving.schemas.steps.checks import CheckDeploymentResponse
from thriftline.serving.steps.check_rollback import checked_rollback
from thriftline.serving.steps.checking_site import (
    SET_ASIDE,
    CheckingSite,
    former_of,
    is_scaled,
    moves_scaled_variant,
)
from thriftline.serving.steps.deployment_price import price_of, quota_of
from thriftline.serving.steps.deployment_wishes import spec_of, wish_of
from thriftline.serving.steps.live_versions import look


def check_deployment(execution_arn: str, site: CheckingSite) -> CheckDeploymentResponse:
    """Writes down what will be made, what it costs and what was looked at.

    Raises:
        DeploymentRefusedError: something stands against it; the message names what and the fix.
        NothingToRollBackToError: a part of the former version is gone.
    """
    checked = looked_at(site.documents.required(execution_arn), site)
    site.documents.write(checked)
    refusal = refusal_of(checked)
    if refusal:
        raise DeploymentRefusedError(refusal)
    return _response(checked)


def refusal_of(checked: Deployment) -> str:
    """Returns what stands against a deployment, with the fixes; empty where nothing does."""
    stood = [one for one in checked.checks if not one.passed]
    return "\n".join(f"{one.sentence} Fix: {one.fix}." for one in stood)


def looked_at(deployment: Deployment, site: CheckingSite) -> Deployment:
    """Returns the deployment with what will be made, its price and its checks; writes nothing.

    Raises:
        DeploymentRefusedError: it asks for what cannot be.
        NothingToRollBackToError: a part of the former version is gone.
    """
    live = site.endpoints.look(deployment.endpoint)
    if deployment.action == "rollback":
        checked = checked_rollback(deployment, live, site)
    else:
        checked = _checked_deploy(deployment, live, site)
    return _for_nothing(checked) if _serves_already(checked, site) else checked


def _serves_already(checked: Deployment, site: CheckingSite) -> bool:
    made, former = checked.made, checked.former
    if made is None or former is None or former.serves != made.serves:
        return False
    view = look(checked, site.endpoints, site.objects, site.artifacts_bucket).view
    return view is not None and view.status == IN_SERVICE and view.serves == made.serves


def _for_nothing(checked: Deployment) -> Deployment:
    """What is in use already needs no second fleet."""
    price = (checked.price or DeploymentPrice()).model_copy(
        update={
            "seconds": 0,
            "new_fleet_seconds": 0,
            "former_fleet_seconds": 0,
            "rollout_usd": Decimal(0),
        }
    )
    return checked.model_copy(update={"serves_already": True, "price": price})


def _checked_deploy(
    deployment: Deployment, live: LiveEndpoint | None, site: CheckingSite
) -> Deployment:
    wish = wish_of(deployment)
    artifact = site.objects.look(deployment.version.artifact_uri)
    image = site.images.look(deployment.version.image)
    instance_type = _instance_type(wish, deployment, live, site)
    _refuse_what_cannot_change(deployment, wish, live, site)
    target = _target(deployment, wish, image.uri, instance_type, site)
    former = former_of(deployment, live, site)
    price = price_of(deployment, live, instance_type, wish.rollout, site)
    situation = Situation(
        kind=wish.kind,
        artifact=artifact,
        image=image,
        quota=quota_of(wish, instance_type, live, site),
        money=Money(price.rollout_usd, price.month_usd),
        budget=wish.budget,
        alarms=site.alarms.states(wish.alarms.names),
        endpoint_status=live.status if live else None,
        serves=former.serves if former else None,
        # What serves already is no reason to refuse: the history may not know it yet.
    )
    looked = checks(situation)
    moves = moves_scaled_variant(
        wish.kind, deployment.endpoint, (_type_now(live, site), instance_type), site
    )
    notes = [] if situation.quota or not KIND_FACTS[wish.kind].instances else [_NO_QUOTA]
    notes += [SET_ASIDE] if moves else []
    return deployment.model_copy(
        update={
            "version": deployment.version.model_copy(update={"image": image.uri}),
            "made": _made(target),
            "former": former,
            "price": price,
            "checks": (*(_shown(one) for one in looked), *_choice(wish, instance_type)),
            "notes": tuple(notes),
            "moves_scaled_variant": moves,
        }
    )


_NO_QUOTA = (
    "The account's quota for endpoints is not known; SageMaker itself refuses what passes it, and "
    "changes nothing then."
)


def _type_now(live: LiveEndpoint | None, site: CheckingSite) -> str | None:
    config = site.endpoints.config(live.config_name) if live else None
    return instance_type_of(config) if config else None


def _choice(wish: ServingWish, instance_type: str | None) -> tuple[CheckedThing, ...]:
    if instance_type is not None or not KIND_FACTS[wish.kind].instances:
        return ()
    return (
        CheckedThing(
            name="instance type",
            passed=False,
            sentence="No instance type with a known price is known to hold the model.",
            fix="name one as instance.type in serve.yaml",
        ),
    )


def _shown(check: Check) -> CheckedThing:
    return CheckedThing(
        name=check.name, passed=check.passed, sentence=check.sentence, fix=check.fix
    )


def _instance_type(
    wish: ServingWish, deployment: Deployment, live: LiveEndpoint | None, site: CheckingSite
) -> str | None:
    if not KIND_FACTS[wish.kind].instances:
        return None
    if wish.instance_type is not None:
        return wish.instance_type
    if chosen := _type_now(live, site):
        # What was chosen once stays: a new version is no reason to move.
        return chosen
    candidates = [_candidate(name, site) for name in CANDIDATES]
    return cheapest_that_holds(site.objects.size(deployment.version.artifact_uri), candidates)


def _candidate(name: str, site: CheckingSite) -> Candidate:
    price, hardware = site.prices.hosting_rate(name, site.region), hardware_of(name)
    return Candidate(
        name, price.most_usd if price else None, hardware.memory_mib if hardware else None
    )


def _refuse_what_cannot_change(
    deployment: Deployment, wish: ServingWish, live: LiveEndpoint | None, site: CheckingSite
) -> None:
    config = site.endpoints.config(live.config_name) if live else None
    if live is None or config is None:
        return
    kind = kind_of(config)
    state = site.table.state(deployment.endpoint)
    if kind is Kind.REAL_TIME and state is not None and state.kind == Kind.MULTI_MODEL:
        kind = Kind.MULTI_MODEL
    current = Current(
        kind=kind,
        variants=live.variants,
        instance_type=instance_type_of(config),
        instances=max(live.instances.values(), default=1),
        scaled=is_scaled(kind, deployment.endpoint, site),
    )
    found = refusals(wish, current)
    if found:
        raise DeploymentRefusedError("\n".join(f"serve.yaml {one.sentence}." for one in found))


def _target(
    deployment: Deployment,
    wish: ServingWish,
    image: str,
    instance_type: str | None,
    site: CheckingSite,
) -> Target:
    spec = spec_of(deployment)
    places = Places(
        role_arn=site.role_arn,
        artifacts_bucket=site.artifacts_bucket,
        endpoint=deployment.endpoint,
        topic=site.topic_arn if spec.asynchronous.notify else None,
        capture_kms_key=spec.capture.kms_key,
    )
    version = Version(
        deployment.project, deployment.version.number, image, deployment.version.artifact_uri
    )
    return target_of(wish, version, places, instance_type)


def _made(target: Target) -> MadeThings:
    return MadeThings(
        config_name=target.config_name,
        config=dict(target.config),
        model_name=target.model_name,
        model=dict(target.model),
        specification=dict(target.specification) if target.specification else None,
        target_model=target.target_model,
        serves=target.serves,
    )


def _response(checked: Deployment) -> CheckDeploymentResponse:
    price = checked.price or DeploymentPrice()
    return CheckDeploymentResponse(
        deployment_id=checked.deployment_id,
        wanted=checked.made.serves if checked.made else "",
        former=checked.former.serves if checked.former else None,
        rollout_usd=None if price.rollout_usd is None else f"{price.rollout_usd:.4f}",
        month_usd=None if price.month_usd is None else f"{price.month_usd:.2f}",
        serves_already=checked.serves_already,
    )
