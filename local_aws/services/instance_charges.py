"""What the instances of jobs cost: the rates of hosting, wherever both are known the same."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from local_aws.services.cost_explorer import DailyCharge
from local_aws.services.hosting_bill import rates

_TEN_BILLIONTH = Decimal("0.0000000001")


@dataclass(frozen=True)
class InstanceUse:
    """Instances of one type, and how long they ran."""

    kind: str
    count: int
    lasted: timedelta


def instance_charge(
    use: InstanceUse,
    usage: str,
    place: tuple[str, str],
    day: date,
    tags: Mapping[str, str],
) -> DailyCharge | None:
    """Return the charge in an account and region; None where the type has no rate.

    `usage` begins the usage type, such as `Tsform` for `Tsform:ml.m5.xlarge`.
    """
    account, region = place
    rate = rates().get((region, use.kind))
    if rate is None:
        return None
    hours = Decimal(use.count) * Decimal(use.lasted / timedelta(seconds=1)) / 3600
    hours = hours.quantize(_TEN_BILLIONTH)
    return DailyCharge(
        day=day,
        service="Amazon SageMaker",
        region=region,
        account=account,
        usd=hours * rate,
        usage_type=f"{usage}:{use.kind}",
        quantity=hours,
        tags=tags,
    )
