"""Lambda: is there something to compare, and is the endpoint free for it?"""

from thriftline.core.observability import entry_point, logger
from thriftline.serving.schemas.experiment_steps import (
    OpenExperimentRequest,
    OpenExperimentResponse,
)
from thriftline.serving.steps.open_experiment import OpeningSite, open_experiment
from thriftline.wiring import experiments
from thriftline.wiring import serving as wiring


@entry_point(OpenExperimentRequest)
def lambda_handler(request: OpenExperimentRequest) -> OpenExperimentResponse:
    """Opens the experiment, or has one stopped; see ``open_experiment``."""
    site = OpeningSite(
        stack=wiring.settings().stack_name,
        data=wiring.data_bucket(),
        table=wiring.endpoints_table(),
        documents=experiments.experiment_documents(),
        packages=wiring.model_packages(),
        variants=experiments.live_variants(),
        executions=wiring.executions(),
    )
    response = open_experiment(request, site)
    logger.info(response.reason, decision=response.decision)
    return response
