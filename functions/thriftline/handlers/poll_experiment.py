"""Lambda: look at what an experiment has seen."""

from thriftline.core.observability import entry_point
from thriftline.serving.schemas.experiment_steps import ExperimentRequest, PollExperimentResponse
from thriftline.serving.steps.poll_experiment import PollingSite, poll_experiment
from thriftline.wiring import experiments
from thriftline.wiring import serving as wiring


@entry_point(ExperimentRequest)
def lambda_handler(request: ExperimentRequest) -> PollExperimentResponse:
    """Looks once; see ``poll_experiment``."""
    site = PollingSite(
        documents=experiments.experiment_documents(),
        endpoints=wiring.endpoints(),
        variants=experiments.live_variants(),
        captured=experiments.captured(),
    )
    return poll_experiment(request.endpoint, request.experiment_id, site, now=request.now)
