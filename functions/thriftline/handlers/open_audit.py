"""Lambda: what an audit looks at, and what it may do."""

from thriftline.audit.schemas.steps import OpenAuditRequest, OpenAuditResponse
from thriftline.audit.steps.open_audit import open_audit
from thriftline.core.observability import entry_point
from thriftline.wiring import audit as wiring


@entry_point(OpenAuditRequest)
def lambda_handler(request: OpenAuditRequest) -> OpenAuditResponse:
    """Settles the audit; see ``open_audit``."""
    return open_audit(
        request,
        artifacts=wiring.artifacts(),
        places=wiring.audit_places(),
        defaults=wiring.audit_defaults(),
    )
