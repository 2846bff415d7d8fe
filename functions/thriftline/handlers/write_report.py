"""Lambda: the report of an audit."""

from thriftline.audit.schemas.steps import AuditRequest, WriteReportResponse
from thriftline.audit.steps.write_report import write_report
from thriftline.core.observability import entry_point
from thriftline.wiring import audit as wiring


@entry_point(AuditRequest)
def lambda_handler(request: AuditRequest) -> WriteReportResponse:
    """Writes the report; see ``write_report``."""
    return write_report(request, artifacts=wiring.artifacts())
