"""Looks at what a rollback needs: the former version's config, model and artifact, all of them."""

from collections.abc import Mapping
from typing import Any

from thriftline.core.errors import NothingToRollBackToError
from thriftline.serving.aws.endpoints import LiveEndpoint, instance_type_of
from thriftline.serving.domain.endpoint_requests import component_serves
from thriftline.serving.domain.kinds import Kind
from thriftline.serving.domain.rollback import Remains, what_is_gone
from thriftline.serving.domain.verdicts import IN_SERVICE, UPDATE_ROLLBACK_FAILED
from thriftline.serving.domain.versions import EndpointVersion
from thriftline.serving.schemas.deployment import CheckedThing, Deployment, MadeThings
from thriftline.serving.steps.checking_site import (
    SET_ASIDE,
    CheckingSite,
    former_of,
    moves_scaled_variant,
)
from thriftline.serving.steps.deployment_price import price_of
from thriftline.serving.steps.deployment_wishes import ROLLBACK

# A mixed endpoint, after a failed rollback of SageMaker's, is what a rollback is for.
_SETTLED = (IN_SERVICE, UPDATE_ROLLBACK_FAILED)


def checked_rollback(
    deployment: Deployment, live: LiveEndpoint | None, site: CheckingSite
) -> Deployment:
    """Returns the deployment with what comes back, what it costs and what was looked at.

    Raises:
        NothingToRollBackToError: a part of the former version is gone.
    """
    version = site.table.version(deployment.endpoint, deployment.to_version or 0)
    if version is None:
        raise NothingToRollBackToError(
            f"The history of {deployment.endpoint} has no version {deployment.to_version} any more."
        )
    _refuse_what_is_gone(version, site)
    made = _made_again(version, site)
    former = former_of(deployment, live, site)
    config = site.endpoints.config(live.config_name) if live else None
    moves = config is not None and moves_scaled_variant(
        Kind(deployment.kind),
        deployment.endpoint,
        (instance_type_of(config), instance_type_of(made.config)),
        site,
    )
    return deployment.model_copy(
        update={
            "made": made,
            "former": former,
            "checks": (_can_change(live),),
            "notes": (*deployment.notes, *([SET_ASIDE] if moves else [])),
            "moves_scaled_variant": moves,
            "price": price_of(deployment, live, instance_type_of(made.config), ROLLBACK, site),
        }
    )


def _refuse_what_is_gone(version: EndpointVersion, site: CheckingSite) -> None:
    remains = Remains(
        config=site.endpoints.config(version.config) is not None,
        model=site.endpoints.has_model(version.model_name),
        artifact=site.objects.look(version.artifact_uri),
    )
    gone = what_is_gone(version, remains)
    if gone is not None:
        raise NothingToRollBackToError(gone.reason)


def _made_again(version: EndpointVersion, site: CheckingSite) -> MadeThings:
    specification = version.specification_document()
    serves = version.config
    if version.component is not None and specification is not None:
        serves = component_serves(specification)
    return MadeThings(
        config_name=version.config,
        config=_plain(site.endpoints.config(version.config) or {}),
        model_name=version.model_name,
        model={},
        specification=specification,
        target_model=version.target_model,
        serves=version.target_model or serves,
    )


def _plain(config: Mapping[str, Any]) -> dict[str, Any]:
    """What a document needs of a described config."""
    return {name: config[name] for name in ("ProductionVariants",) if name in config}


def _can_change(live: LiveEndpoint | None) -> CheckedThing:
    if live is None or live.status in _SETTLED:
        said = "There is no endpoint; it is made again." if live is None else "It can be changed."
        return CheckedThing(name="endpoint", passed=True, sentence=said)
    return CheckedThing(
        name="endpoint",
        passed=False,
        sentence=f"The endpoint is {live.status}; SageMaker refuses a change now.",
        fix="wait until it has settled and ask again",
    )
