"""Lambda: some kinds of resources of one account and region."""

from thriftline.audit.schemas.steps import CollectRequest, CollectResponse
from thriftline.audit.steps.collect_part import collect_part
from thriftline.core.observability import entry_point, logger
from thriftline.wiring import audit as wiring


@entry_point(CollectRequest)
def lambda_handler(request: CollectRequest) -> CollectResponse:
    """Reads the part; see ``collect_part``."""
    target = request.target
    response = collect_part(
        request,
        artifacts=wiring.artifacts(),
        clients=wiring.target_clients(target.region, target.audit_role_arn),
        runs_table=wiring.runs_table_of(target.region, target.audit_role_arn),
        endpoints_table=wiring.endpoints_table_of(target.region, target.audit_role_arn),
    )
    logger.info(
        "collected",
        part=request.part,
        account=target.account,
        region=target.region,
        **response.model_dump(),
    )
    return response
