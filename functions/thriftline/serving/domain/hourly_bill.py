"""What an endpoint bills in this hour, as far as the table and the list of endpoints know it."""

from decimal import Decimal

from thriftline.serving.domain.kinds import KIND_FACTS, Kind
from thriftline.serving.domain.versions import EndpointState

MISSING = "missing"
_NOTHING = Decimal(0)


def hourly_bill(state: EndpointState, status: str | None) -> Decimal | None:
    """Returns US dollars of an hour, None where they are not known.

    A scaled endpoint counts with the most instances that its scaling allows. One that is billed
    by its requests has no price of an hour, so it is unknown and not free.

    Args:
        state: what the table keeps of the endpoint.
        status: SageMaker's word, or missing; None where it could not be read, and then the
            endpoint counts as if it served.
    """
    if state.asleep or status == MISSING:
        return _NOTHING
    if not _has_instances(state.kind) or state.usd_per_hour is None or state.instances is None:
        return None
    return state.usd_per_hour * state.instances


def _has_instances(kind: str) -> bool:
    return kind in set(Kind) and KIND_FACTS[Kind(kind)].instances
