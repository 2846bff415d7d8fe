"""Lambda: what the rules say about one account and region."""

from thriftline import wiring
from thriftline.observability import entry_point
from thriftline.schemas.audit_steps import ApplyRulesResponse, TargetRequest
from thriftline.steps.apply_rules import apply_rules


@entry_point(TargetRequest)
def lambda_handler(request: TargetRequest) -> ApplyRulesResponse:
    """Applies the rules; see ``apply_rules``."""
    return apply_rules(request, artifacts=wiring.artifacts())
