"""Makes the model, the config and the alarms of a deployment; nothing that is there is changed."""

from collections.abc import Mapping
from datetime import datetime

from thriftline.core.aws.buckets import Bucket
from thriftline.core.dataclass import dataclass
from thriftline.core.tags import DEPLOYMENT_TAG, PROJECT_TAG, STACK_TAG, VERSION_TAG
from thriftline.serving.aws.deployment_alarms import DeploymentAlarms
from thriftline.serving.aws.endpoints import Endpoints
from thriftline.serving.aws.model_artifacts import ModelArtifacts
from thriftline.serving.domain.alarms import Champion, Fleet, alarm_names, alarms_of, left_out
from thriftline.serving.domain.endpoint_requests import models_prefix
from thriftline.serving.domain.kinds import KIND_FACTS, MAIN_VARIANT, Kind
from thriftline.serving.schemas.deployment import Deployment, MadeThings
from thriftline.serving.schemas.steps.update import PrepareDeploymentResponse
from thriftline.serving.steps.deployment_documents import DeploymentDocuments
from thriftline.serving.steps.deployment_wishes import wish_of


@dataclass(frozen=True)
class PreparingSite:
    """Where Prepare model makes things."""

    documents: DeploymentDocuments
    endpoints: Endpoints
    objects: ModelArtifacts
    alarms: DeploymentAlarms
    artifacts: Bucket
    stack: str


def prepare_deployment(
    execution_arn: str, site: PreparingSite, *, now: datetime
) -> PrepareDeploymentResponse:
    """Makes what the deployment needs; called again it finds all of it."""
    deployment = site.documents.required(execution_arn)
    made = deployment.made
    if made is None:
        raise ValueError(f"{deployment.deployment_id} was not checked.")
    if deployment.action == "deploy":
        ensure_made(deployment, site)
    if deployment.started_at is None:
        deployment = site.documents.write(_with_alarms(deployment, made, site, now))
    return PrepareDeploymentResponse(
        model=made.model_name, config=made.config_name, alarms=deployment.watched_by
    )


def tags_of(deployment: Deployment, stack: str) -> Mapping[str, str]:
    """Returns the tags of what a deployment makes."""
    return {
        STACK_TAG: stack,
        PROJECT_TAG: deployment.project,
        VERSION_TAG: str(deployment.version.number),
        DEPLOYMENT_TAG: deployment.deployment_id,
    }


def ensure_made(deployment: Deployment, site: PreparingSite) -> None:
    """Makes model and config where they are not there; their names stand for their content."""
    made = deployment.made
    if made is None or deployment.action == "rollback":
        return
    tags = tags_of(deployment, site.stack)
    if made.target_model is not None:
        key = f"{models_prefix(deployment.endpoint)}{made.target_model}"
        site.objects.copy(deployment.version.artifact_uri, site.artifacts.name, key)
    site.endpoints.ensure_model(made.model_name, made.model, tags)
    site.endpoints.ensure_config(made.config_name, made.config, tags)


def _with_alarms(
    deployment: Deployment, made: MadeThings, site: PreparingSite, now: datetime
) -> Deployment:
    """Alarms can take back an update only: before it there must be something to go back to."""
    wish, former = wish_of(deployment), deployment.former
    guardrails = KIND_FACTS[wish.kind].guardrails and deployment.action == "deploy"
    if former is None or not guardrails:
        return deployment
    champion = _champion(deployment, site, now)
    fleet = Fleet(deployment.endpoint, MAIN_VARIANT, made.config_name)
    wishes = alarms_of(wish.kind, fleet, deployment.deployment_id, wish.alarms, champion)
    for one in wishes:
        site.alarms.put(one.parameters, tags_of(deployment, site.stack))
    return deployment.model_copy(
        update={
            "alarms": alarm_names(wishes),
            "watched_by": alarm_names(wishes, wish.alarms.names),
            "notes": (*deployment.notes, *left_out(wish.alarms, champion)),
        }
    )


def _champion(deployment: Deployment, site: PreparingSite, now: datetime) -> Champion | None:
    former = deployment.former
    if former is None:
        return None
    dimensions = {
        "EndpointName": deployment.endpoint,
        "VariantName": MAIN_VARIANT,
    }
    if deployment.kind != Kind.COMPONENT:
        dimensions["EndpointConfigName"] = former.config_name
    return site.alarms.champion(dimensions, now)
