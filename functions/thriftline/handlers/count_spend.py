"""Lambda: what others spent in the month is counted in, once a day."""

from thriftline.core.observability import entry_point
from thriftline.runs.schemas.steps.budget import CountSpendRequest, CountSpendResponse
from thriftline.runs.steps.count_spend import count_spend
from thriftline.wiring import ledger as money
from thriftline.wiring.shared import now, settings


@entry_point(CountSpendRequest)
def lambda_handler(request: CountSpendRequest) -> CountSpendResponse:
    """Asks Cost Explorer; see ``count_spend``."""
    return count_spend(
        ledger=money.ledger(),
        costs=money.costs(),
        counted=settings().counts_external_spend,
        now=now(),
    )
