"""Lambda: the inventory of one account and region, put together of its parts."""

from thriftline.audit.schemas.steps import CollectResponse, TargetRequest
from thriftline.audit.steps.assemble_inventory import assemble_inventory
from thriftline.core.observability import entry_point
from thriftline.wiring import audit as wiring


@entry_point(TargetRequest)
def lambda_handler(request: TargetRequest) -> CollectResponse:
    """Assembles the inventory; see ``assemble_inventory``."""
    target = request.target
    return assemble_inventory(
        request,
        artifacts=wiring.artifacts(),
        clients=wiring.target_clients(target.region, target.audit_role_arn),
    )
