"""What Bedrock bills for what was made and asked here, by usage type, as Cost Explorer shows it.

Rates are those of `bedrock_rates.json`; what has no rate there is not billed, and a log line says
so. On AWS a charge shows up within a day, here at once.
"""

import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path

from local_aws.services.cost_explorer import DailyCharge

LOG = logging.getLogger(__name__)

TRAINING = "Customization-Training"
RFT_HOURS = "RFT-Training-Hours"
STORAGE = "Customization-Storage"
INPUT = "input-tokens-custom-model"
OUTPUT = "output-tokens-custom-model"
BASE_INPUT = "input-tokens"
BASE_OUTPUT = "output-tokens"
UNITS = "ProvisionedThroughput-NoCommit-ModelUnits"

_FILE = Path(__file__).with_name("bedrock_rates.json")
_SERVICE = "Amazon Bedrock"
_REGIONS = {"us-east-1": "USE1", "us-west-2": "USW2"}
_DAYS_OF_A_MONTH = 30
_TEN_BILLIONTH = Decimal("0.0000000001")


@dataclass
class _Life:
    """Something that costs as long as it is there; `usage` units an instant."""

    account: str
    region: str
    usage_type: str
    usage: Decimal
    since: datetime
    until: datetime | None = None


class BedrockBill:
    """The charges of this process's life."""

    def __init__(self) -> None:
        self._charges: list[DailyCharge] = []
        self._lives: dict[str, _Life] = {}
        self._unpriced: set[str] = set()

    def charge(
        self,
        account: str,
        region: str,
        model: str,
        what: str,
        units: int,
        now: datetime,
        per: int = 1000,
    ) -> None:
        """Bill what was used of a model (its price name): tokens, or what comes by the piece."""
        if units:
            usage_type = usage_type_of(region, model, what)
            self._charges += self._billed(
                account, region, usage_type, Decimal(units), Decimal(per), now.date()
            )

    def begin(
        self, arn: str, region: str, model: str, what: str, units: int, now: datetime
    ) -> None:
        """Bill something from now on."""
        account = arn.split(":")[4]
        usage_type = usage_type_of(region, model, what)
        self._lives[arn] = _Life(account, region, usage_type, Decimal(units), now)

    def end(self, arn: str, now: datetime) -> None:
        """Bill it no longer; what was not begun here stays as it is."""
        if life := self._lives.get(arn):
            life.until = life.until or now

    def charges(self, account: str, now: datetime) -> Iterator[DailyCharge]:
        """Return the charges of an account until now."""
        yield from [each for each in self._charges if each.account == account]
        for life in list(self._lives.values()):
            if life.account == account:
                yield from self._of_life(life, now)

    def _of_life(self, life: _Life, now: datetime) -> Iterator[DailyCharge]:
        start, end = life.since, min(life.until or now, now)
        while start < end:
            midnight = datetime.combine(
                start.date() + timedelta(days=1), datetime.min.time(), tzinfo=UTC
            )
            until = min(end, midnight)
            hours = Decimal((until - start) / timedelta(hours=1))
            per = Decimal(1) if UNITS in life.usage_type else Decimal(24 * _DAYS_OF_A_MONTH)
            yield from self._billed(
                life.account, life.region, life.usage_type, life.usage * hours, per, start.date()
            )
            start = until

    def _billed(
        self,
        account: str,
        region: str,
        usage_type: str,
        quantity: Decimal,
        per: Decimal,
        day: date,
    ) -> Iterator[DailyCharge]:
        rate = _rates().get(usage_type.partition("-")[2])
        if rate is None:
            if usage_type not in self._unpriced:
                self._unpriced.add(usage_type)
                LOG.warning("no rate is known of %s: it is not on the bill", usage_type)
            return
        units = (quantity / per).quantize(_TEN_BILLIONTH)
        yield DailyCharge(
            day=day,
            service=_SERVICE,
            region=region,
            account=account,
            usd=(units * rate).quantize(_TEN_BILLIONTH),
            usage_type=usage_type,
            quantity=units,
        )


def usage_type_of(region: str, model: str, what: str) -> str:
    """Return the usage type of a model (its price name) in a region."""
    return f"{_REGIONS.get(region, region)}-{model}-{what}"


@cache
def _rates() -> dict[str, Decimal]:
    rows = json.loads(_FILE.read_text(encoding="utf-8"))["rates"]
    return {name: Decimal(usd) for name, usd in rows.items()}
