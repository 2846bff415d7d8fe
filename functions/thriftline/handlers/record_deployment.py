"""Lambda: how a deployment ended is written down and told."""

from aws_lambda_powertools.metrics import MetricUnit

from thriftline.core.observability import entry_point, metrics
from thriftline.serving.schemas.steps.ending import (
    RecordDeploymentRequest,
    RecordDeploymentResponse,
)
from thriftline.serving.steps.poll_deployment import PollingSite
from thriftline.serving.steps.record_deployment import RecordingSite, record_deployment
from thriftline.wiring import serving as wiring


def _measure(name: str, value: float) -> None:
    metrics.add_metric(name=name, unit=MetricUnit.Count, value=value)


@entry_point(RecordDeploymentRequest)
def lambda_handler(request: RecordDeploymentRequest) -> RecordDeploymentResponse:
    """Records the ending; see ``record_deployment``."""
    polling = PollingSite(
        documents=wiring.deployment_documents(),
        endpoints=wiring.endpoints(),
        objects=wiring.model_artifacts(),
        alarms=wiring.deployment_alarms(),
        probes=wiring.probes(),
        artifacts=wiring.artifacts(),
    )
    site = RecordingSite(
        polling=polling,
        table=wiring.endpoints_table(),
        alerts=wiring.alerts(),
        bus=wiring.event_bus(),
        measure=_measure,
        hold=wiring.scaling_hold(),
    )
    return record_deployment(request, site, now=wiring.now())
