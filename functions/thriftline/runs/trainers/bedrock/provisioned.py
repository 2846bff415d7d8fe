"""Provisioned throughput: model units by the hour, only as long and for as much as a run names.

It never pays for texts by the thousand a day, so nothing chooses it. A run that names units, an end
and a budget gets it when its model is approved; its tag says when the sweep deletes it, whether the
run lives or not.
"""

from datetime import UTC, datetime, time
from decimal import Decimal
from math import ceil

from thriftline.core.dataclass import dataclass
from thriftline.core.errors import BudgetExceededError, InvalidRunSpecError, UnpricedInstanceError
from thriftline.runs.domain.quotes import round_up
from thriftline.runs.trainers.bedrock.bedrock_work import BedrockWork

# The sweep that deletes it comes once an hour, and an hour that has begun is billed in full.
HOURS_AFTER = 2


@dataclass(frozen=True)
class Throughput:
    """So many model units until a time, and what they cost at the most by then."""

    units: int
    until: datetime
    usd: Decimal
    usd_per_unit_hour: Decimal

    @property
    def document(self) -> dict[str, object]:
        """What the attempt keeps."""
        return {
            "units": self.units,
            "until": self.until.isoformat(),
            "usd": str(self.usd),
            "usd_per_unit_hour": str(self.usd_per_unit_hour),
        }


def throughput_of(asked: BedrockWork) -> Throughput | None:
    """Returns what the run spec names, None where it names none.

    Raises:
        InvalidRunSpecError: its end is over.
        UnpricedInstanceError: the price list has no row for a unit of the base model.
        BudgetExceededError: it costs more by its end than it may.
    """
    named = asked.section.get("provisioned")
    if named is None:
        return None
    sources, model = asked.sources, asked.model
    now = sources.now or datetime.combine(sources.today, time(), UTC)
    until: datetime = named["until"]
    if until <= now:
        raise InvalidRunSpecError(
            f"bedrock.provisioned.until: {until.isoformat()} is over. Nothing was spent."
        )
    price = sources.prices().bedrock_units.rate(f"{model.price_name} NoCommit", sources.region)
    if price is None:
        raise UnpricedInstanceError(
            f"bedrock.provisioned: the price list has no row for a model unit of {model.id} in "
            f"{sources.region} without commitment. Take bedrock.provisioned out: a custom model "
            "answers on demand. Nothing was spent."
        )
    hours = ceil((until - now).total_seconds() / 3600) + HOURS_AFTER
    usd = round_up(named["units"] * hours * price.usd)
    if usd > named["max_usd"]:
        raise BudgetExceededError(
            f"bedrock.provisioned: {named['units']} x {hours:,} hours at {price.usd} USD "
            f"({price.region}, {price.date}) cost {usd:,} USD, and max_usd is {named['max_usd']}. "
            "Name an earlier end, fewer units or more dollars. Nothing was spent."
        )
    return Throughput(named["units"], until, usd, price.usd)
