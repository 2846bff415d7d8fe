"""Lambda: an audit is measured and told."""

from aws_lambda_powertools.metrics import MetricUnit

from thriftline.audit.schemas.steps import AuditRequest, PublishAuditResponse
from thriftline.audit.steps.publish_audit import publish_audit
from thriftline.core.observability import entry_point, metrics
from thriftline.wiring import audit as wiring


def _measure(name: str, value: float) -> None:
    metrics.add_metric(name=name, unit=_unit(name), value=value)


def _unit(name: str) -> MetricUnit:
    if name.endswith("Bytes"):
        return MetricUnit.Bytes
    # CloudWatch has no unit for dollars, nor for hours.
    is_plain = name.endswith(("Usd", "Hours"))
    return MetricUnit.NoUnit if is_plain else MetricUnit.Count


@entry_point(AuditRequest)
def lambda_handler(request: AuditRequest) -> PublishAuditResponse:
    """Publishes the audit; see ``publish_audit``."""
    # The dashboard and the alarms of audits look at a service of their own.
    metrics.add_dimension(name="service", value="audit")
    return publish_audit(
        request,
        artifacts=wiring.artifacts(),
        alerts=wiring.alerts(),
        bus=wiring.event_bus(),
        measure=_measure,
    )
