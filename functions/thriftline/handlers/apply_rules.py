"""Lambda: what the rules say about one account and region."""

from thriftline.audit.schemas.steps import ApplyRulesResponse, TargetRequest
from thriftline.audit.steps.apply_rules import apply_rules
from thriftline.core.observability import entry_point
from thriftline.wiring import audit as wiring


@entry_point(TargetRequest)
def lambda_handler(request: TargetRequest) -> ApplyRulesResponse:
    """Applies the rules; see ``apply_rules``."""
    return apply_rules(request, artifacts=wiring.artifacts())
