"""Lambda: the endpoint serves both models."""

from thriftline.core.observability import entry_point
from thriftline.money.price_catalogue import price_catalogue
from thriftline.serving.schemas.experiment_steps import ExperimentRequest, StartExperimentResponse
from thriftline.serving.steps.start_experiment import StartingSite, start_experiment
from thriftline.wiring import experiments
from thriftline.wiring import serving as wiring


@entry_point(ExperimentRequest)
def lambda_handler(request: ExperimentRequest) -> StartExperimentResponse:
    """Lets it; see ``start_experiment``."""
    site = StartingSite(
        documents=experiments.experiment_documents(),
        endpoints=wiring.endpoints(),
        variants=experiments.live_variants(),
        objects=wiring.model_artifacts(),
        images=wiring.image_registry(),
        prices=price_catalogue(),
        region=wiring.settings().region,
        stack=wiring.settings().stack_name,
        artifacts_bucket=wiring.settings().artifacts_bucket,
        role_arn=wiring.settings().serving_role_arn,
    )
    return start_experiment(request.endpoint, request.experiment_id, site, now=request.now)
