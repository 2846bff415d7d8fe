"""What a month of a custom model on demand costs: nothing while nobody asks, but its storage."""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from thriftline.runs.domain.work import TrainingWork
from thriftline.runs.trainers.bedrock.asking_cost import prediction_usd
from thriftline.runs.trainers.bedrock.bedrock_work import BedrockSources, BedrockWork
from thriftline.runs.trainers.bedrock.rates import Rates
from thriftline.runs.trainers.bedrock.tokens import RecordTokens

MINUTES_A_MONTH = 730 * 60
_CENT = Decimal("0.01")


@dataclass(frozen=True)
class Month:
    """The dollars of a month, None where a row has no price, and what they are made of."""

    usd: Decimal | None
    reason: str


def month(work: TrainingWork, predictions: int, sources: BedrockSources) -> Month:
    """Returns what so many predictions a month cost, with the storage of the model."""
    asked = BedrockWork(work, sources)
    return month_of(asked.each, asked.rates, predictions)


def month_of(each: RecordTokens, rates: Rates, predictions: int) -> Month:
    """Returns the month of a model whose questions have so many tokens."""
    usd, storage = prediction_usd(each, rates, predictions), rates.storage
    if usd is None or storage is None:
        return Month(None, "the price list has no row for the tokens or the storage of its models")
    reason = (
        f"{predictions:,} predictions x ({each.question:.1f} tokens at {rates.input} USD and "
        f"{each.label:.1f} at {rates.output} USD for a million) and {storage} USD of storage"
    )
    return Month((usd + storage).quantize(_CENT, ROUND_HALF_UP), reason)


def required_requests_per_minute(predictions: int) -> int:
    """Returns how many requests a minute so many predictions are, spread evenly over a month."""
    return -(-predictions // MINUTES_A_MONTH)
