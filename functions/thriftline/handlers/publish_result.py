"""Lambda: how the run ended is written down and told."""

from aws_lambda_powertools.metrics import MetricUnit

from thriftline.core.observability import entry_point, metrics
from thriftline.runs.schemas.steps.ending import PublishResultRequest, PublishResultResponse
from thriftline.runs.steps.publish_result import publish_result
from thriftline.wiring import runs as wiring


def _measure(name: str, value: float) -> None:
    # CloudWatch has no unit for dollars.
    units = {"Usd": MetricUnit.NoUnit, "Percent": MetricUnit.Percent}
    unit = next((unit for end, unit in units.items() if name.endswith(end)), MetricUnit.Count)
    metrics.add_metric(name=name, unit=unit, value=value)


@entry_point(PublishResultRequest)
def lambda_handler(request: PublishResultRequest) -> PublishResultResponse:
    """Writes result and report and announces them; see ``publish_result``."""
    return publish_result(
        request,
        artifacts=wiring.artifacts(),
        runs=wiring.runs_table(),
        approvals=wiring.approvals_table(),
        registry=wiring.model_registry(),
        finished=wiring.finished_runs(),
        alerts=wiring.alerts(),
        bus=wiring.event_bus(),
        measure=_measure,
        now=wiring.now(),
        retention_days=wiring.settings().run_retention_days,
    )
