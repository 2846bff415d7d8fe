"""What the rules say about one account and region, and what would be done about it."""

from thriftline.audit.domain.action_plan import plan_actions
from thriftline.audit.domain.audit import audit
from thriftline.audit.domain.history import sort_out
from thriftline.audit.domain.layout import inventory_key, result_key
from thriftline.audit.domain.parameters import Mode
from thriftline.audit.schemas.inventory import decode_inventory
from thriftline.audit.schemas.result import TargetResult, encode_result
from thriftline.audit.schemas.steps import ApplyRulesResponse, TargetRequest
from thriftline.audit.steps.acceptances import read_acceptances
from thriftline.audit.steps.documents import read_settings
from thriftline.core.aws.buckets import Bucket
from thriftline.money.price_catalogue import price_catalogue


def apply_rules(request: TargetRequest, *, artifacts: Bucket) -> ApplyRulesResponse:
    """Audits the inventory of one target and plans its actions.

    What somebody accepted is never acted on. When what was accepted cannot be read, nothing is
    acted on: any finding could be among it.

    Raises:
        AwsRequestError: the inventory, or the audit itself, is missing.
    """
    settings = read_settings(artifacts, request.audit_id)
    place = (request.audit_id, request.target.account, request.target.region)
    inventory = decode_inventory(
        artifacts.read_required(inventory_key(*place), "Assemble inventory")
    )
    said = audit(inventory, price_catalogue(), settings.parameters, settings.rules)
    accepted = read_acceptances(artifacts)
    spoken = sort_out(said.findings, accepted.acceptances, settings.started.date()).spoken
    mode = Mode.REPORT if accepted.problem else settings.mode
    plan = plan_actions(spoken, inventory, settings.parameters, mode)
    result = TargetResult(said, plan, settings.window, inventory.costs)
    artifacts.write(result_key(*place), encode_result(result), "application/json")
    return ApplyRulesResponse(findings=len(said.findings), actions=len(plan.actions))
