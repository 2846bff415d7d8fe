"""Lambda: the report of an audit."""

from thriftline import wiring
from thriftline.observability import entry_point
from thriftline.schemas.audit_steps import AuditRequest, WriteReportResponse
from thriftline.steps.write_report import write_report


@entry_point(AuditRequest)
def lambda_handler(request: AuditRequest) -> WriteReportResponse:
    """Writes the report; see ``write_report``."""
    return write_report(request, artifacts=wiring.artifacts())
