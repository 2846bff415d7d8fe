"""Lambda: the champion serves alone again, and the ending is written down."""

from thriftline.core.observability import entry_point
from thriftline.serving.schemas.experiment_steps import EndExperimentRequest, EndExperimentResponse
from thriftline.serving.steps.end_experiment import EndingSite, end_experiment
from thriftline.wiring import experiments
from thriftline.wiring import serving as wiring


@entry_point(EndExperimentRequest)
def lambda_handler(request: EndExperimentRequest) -> EndExperimentResponse:
    """Does what can be done by now; see ``end_experiment``."""
    site = EndingSite(
        documents=experiments.experiment_documents(),
        table=wiring.endpoints_table(),
        endpoints=wiring.endpoints(),
        variants=experiments.live_variants(),
        alerts=wiring.alerts(),
        bus=wiring.event_bus(),
    )
    return end_experiment(request, site)
