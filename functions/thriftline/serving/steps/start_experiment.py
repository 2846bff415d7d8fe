"""Start experiment: check what it needs and costs, then let the endpoint serve both models."""

from datetime import UTC, datetime
from decimal import Decimal

from thriftline.core.dataclass import dataclass
from thriftline.core.errors import ExperimentRefusedError
from thriftline.core.tags import EXPERIMENT_TAG, PROJECT_TAG, STACK_TAG, VERSION_TAG
from thriftline.money.prices import PriceCatalogue
from thriftline.serving.aws.endpoints import Endpoints, LiveEndpoint
from thriftline.serving.aws.image_registry import ImageRegistry
from thriftline.serving.aws.live_variants import LiveVariants
from thriftline.serving.aws.model_artifacts import ModelArtifacts
from thriftline.serving.domain.checks import ARCHIVED_CLASSES
from thriftline.serving.domain.endpoint_requests import Places, Target, Version, target_of
from thriftline.serving.domain.experiment_variants import (
    Fleet,
    cost_at_most,
    experiment_config,
    fleet_of,
    obstacle,
)
from thriftline.serving.domain.names import config_name
from thriftline.serving.domain.stickiness import CHAMPION
from thriftline.serving.domain.verdicts import IN_SERVICE
from thriftline.serving.schemas.experiment import Contender, Experiment, Made
from thriftline.serving.schemas.experiment_steps import StartExperimentResponse
from thriftline.serving.schemas.serve_spec import ServeSpec
from thriftline.serving.steps.experiment_documents import ExperimentDocuments

FIRST_WAIT = 60


@dataclass(frozen=True)
class StartingSite:
    """What Start experiment looks at and changes."""

    documents: ExperimentDocuments
    endpoints: Endpoints
    variants: LiveVariants
    objects: ModelArtifacts
    images: ImageRegistry
    prices: PriceCatalogue
    region: str
    stack: str
    artifacts_bucket: str
    role_arn: str


def start_experiment(
    endpoint: str, experiment_id: str, site: StartingSite, *, now: datetime
) -> StartExperimentResponse:
    """Lets the endpoint serve both; called again it goes on where it was.

    Raises:
        ExperimentRefusedError: something stands against it; nothing was changed.
    """
    experiment = site.documents.required(endpoint, experiment_id)
    live = site.endpoints.look(endpoint)
    if live is None:
        raise ExperimentRefusedError(f"There is no endpoint {endpoint} any more: deploy it again.")
    if experiment.made is None:
        experiment = _prepared(experiment, live, site, now)
    made = experiment.made
    if made is None:
        raise ValueError("An experiment that was prepared knows what it is made of.")
    site.endpoints.tag(
        site.variants.look(endpoint).arn, {EXPERIMENT_TAG: _instant(experiment.deadline)}
    )
    site.endpoints.update(endpoint, made.config, None, retain_variants=True)
    cost = made.cost_usd_at_most
    return StartExperimentResponse(
        config=made.config,
        cost_usd_at_most=None if cost is None else str(cost),
        wait_seconds=FIRST_WAIT,
    )


def _instant(when: datetime) -> str:
    return when.astimezone(UTC).isoformat(timespec="seconds")


def _prepared(
    experiment: Experiment, live: LiveEndpoint, site: StartingSite, now: datetime
) -> Experiment:
    config = site.endpoints.config(live.config_name)
    if live.status != IN_SERVICE or config is None:
        raise ExperimentRefusedError(
            f"{live.name} is {live.status}; SageMaker refuses a change now. Ask again when it is "
            "in service."
        )
    problem = obstacle(config)
    if problem is not None:
        raise ExperimentRefusedError(f"{live.name} cannot be compared on: {problem}.")
    plan = experiment.plan
    fleet = fleet_of(config, live.instances.get(CHAMPION, 1), plan.kind, plan.weight)
    cost, source = _cost(experiment, fleet, site)
    target = _challenger(experiment, fleet, site)
    request = experiment_config(
        config,
        fleet,
        plan.kind,
        plan.weight,
        target.model_name,
        target.config.get("DataCaptureConfig") or config.get("DataCaptureConfig"),
    )
    name = config_name(experiment.endpoint, experiment.challenger.number, request)
    tags = _tags(experiment, site)
    site.endpoints.ensure_model(target.model_name, target.model, tags)
    site.endpoints.ensure_config(name, request, tags)
    prepared = experiment.model_copy(
        update={
            "made": Made(
                former_config=live.config_name,
                config=name,
                model=target.model_name,
                instance_type=fleet.instance_type,
                champion_instances=fleet.champion,
                challenger_instances=fleet.challenger,
                cost_usd_at_most=cost,
                price_source=source,
                started_at=now,
            )
        }
    )
    # Before the endpoint is changed: whoever ends it must know the way back.
    site.documents.write(prepared)
    return prepared


def _tags(experiment: Experiment, site: StartingSite) -> dict[str, str]:
    return {
        STACK_TAG: site.stack,
        PROJECT_TAG: experiment.project,
        VERSION_TAG: str(experiment.challenger.number),
        EXPERIMENT_TAG: _instant(experiment.deadline),
    }


def _challenger(experiment: Experiment, fleet: Fleet, site: StartingSite) -> Target:
    image = _checked_image(experiment.challenger, site)
    _check_artifact(experiment.challenger, site)
    spec = ServeSpec.model_validate(experiment.spec, strict=False)
    places = Places(
        role_arn=site.role_arn,
        artifacts_bucket=site.artifacts_bucket,
        endpoint=experiment.endpoint,
        capture_kms_key=spec.capture.kms_key,
    )
    version = Version(
        experiment.project, experiment.challenger.number, image, experiment.challenger.artifact_uri
    )
    return target_of(spec.wish(frozenset(experiment.named)), version, places, fleet.instance_type)


def _checked_image(challenger: Contender, site: StartingSite) -> str:
    image = site.images.look(challenger.image)
    if image.found is False:
        raise ExperimentRefusedError(
            f"The image {challenger.image} of version {challenger.number} does not exist any more."
        )
    return image.uri


def _check_artifact(challenger: Contender, site: StartingSite) -> None:
    artifact = site.objects.look(challenger.artifact_uri)
    if not artifact.found:
        raise ExperimentRefusedError(
            f"{artifact.uri} of version {challenger.number} does not exist, or cannot be read."
        )
    if artifact.storage_class in ARCHIVED_CLASSES and not artifact.restored:
        raise ExperimentRefusedError(
            f"{artifact.uri} is archived in {artifact.storage_class}: restore it first."
        )


def _cost(
    experiment: Experiment, fleet: Fleet, site: StartingSite
) -> tuple[Decimal | None, str | None]:
    """Returns the dollars of both until the deadline.

    Raises:
        ExperimentRefusedError: they pass the cap, or nobody knows them.
    """
    spec = ServeSpec.model_validate(experiment.spec, strict=False)
    price = site.prices.hosting_rate(fleet.instance_type, site.region)
    seconds = Decimal((experiment.deadline - experiment.opened_at).total_seconds())
    cost = cost_at_most(fleet, price.most_usd if price else None, seconds / 3600)
    cap = _cap(spec)
    if cost is None and not (spec.budget.unpriced and cap is None):
        raise ExperimentRefusedError(
            f"The price of {fleet.instance_type} in {site.region} is not known. Take another type, "
            "or say budget: {unpriced: true} and no cap."
        )
    if cost is not None and cap is not None and cost > cap:
        raise ExperimentRefusedError(
            f"Both variants cost up to {cost:.2f} USD until the deadline ({fleet.champion} and "
            f"{fleet.challenger} {fleet.instance_type}), and the cap is {cap:.2f} USD. Lower "
            "compare.deadline_hours or compare.weight_percent, or raise the cap."
        )
    return cost, None if price is None else f"{price.source}, {price.date}"


def _cap(spec: ServeSpec) -> Decimal | None:
    own = spec.compare.max_usd if spec.compare else None
    return spec.budget.max_rollout_usd if own is None else own
