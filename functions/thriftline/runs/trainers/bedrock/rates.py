"""What Bedrock's rows of the price list say for one base model in one region."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from thriftline.money.prices import Price, PriceCatalogue
from thriftline.runs.trainers.bedrock.families import BaseModel
from thriftline.runs.trainers.bedrock.hyperparameters import plain

STORED_MODEL = "bedrock custom model"


@dataclass(frozen=True)
class Rates:
    """USD by the unit of each row; None where no list has it.

    ``training`` is for 1,000 tokens, ``input`` and ``output`` for a million of the custom model,
    ``base_input`` and ``base_output`` for a million of the untuned one, ``storage`` for a month.
    """

    training: Price | None
    input: Decimal | None
    output: Decimal | None
    base_input: Decimal | None
    base_output: Decimal | None
    storage: Decimal | None

    @property
    def missing(self) -> tuple[str, ...]:
        """The rows that a run needs and no list has, in words."""
        return tuple(words for known, words in self._rows() if known is None)

    def _rows(self) -> Iterator[tuple[object, str]]:
        yield self.training, "training on 1,000 tokens"
        yield self.input, "input tokens of the custom model"
        yield self.output, "output tokens of the custom model"
        yield self.base_input, "input tokens of the base model"
        yield self.base_output, "output tokens of the base model"
        yield self.storage, "storage of a custom model"

    @property
    def document(self) -> dict[str, str | None]:
        """The rates as texts, for a plan."""
        known = {
            "training": self.training.usd if self.training else None,
            "input": self.input,
            "output": self.output,
            "base_input": self.base_input,
            "base_output": self.base_output,
            "storage": self.storage,
        }
        return {name: None if usd is None else plain(usd) for name, usd in known.items()}


def rates_of(model: BaseModel, region: str, prices: PriceCatalogue) -> Rates:
    """Returns the rates of a base model; what no list has is None, and never another's rate."""
    name = model.price_name
    asked, said = _base_prices(model, region, prices)
    return Rates(
        training=prices.bedrock_training.rate(name, region) if name else None,
        input=_custom(name, "input", region, prices),
        output=_custom(name, "output", region, prices),
        base_input=asked,
        base_output=said,
        storage=_storage(model, region, prices),
    )


def _custom(name: str | None, side: str, region: str, prices: PriceCatalogue) -> Decimal | None:
    price = prices.bedrock_custom_tokens.rate(f"{name} {side}", region) if name else None
    return price.usd if price else None


def _base_prices(
    model: BaseModel, region: str, prices: PriceCatalogue
) -> tuple[Decimal | None, Decimal | None]:
    known = prices.tokens.usd.get(region, {})
    for name in model.invocation_ids:
        if price := known.get(name):
            return price.input_usd, price.output_usd
    return None, None


def _storage(model: BaseModel, region: str, prices: PriceCatalogue) -> Decimal | None:
    # A model that AWS does not have is stored by nobody for money.
    if model.price_name is None:
        return None
    price = prices.monthly.rate(STORED_MODEL, region)
    return price.usd if price else None
