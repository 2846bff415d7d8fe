"""What Bedrock's rows of the price list say for one base model in one region."""

from collections.abc import Mapping

from thriftline.core.dataclass import dataclass
from thriftline.money.prices import Price, PriceCatalogue
from thriftline.runs.trainers.bedrock.families import BaseModel
from thriftline.runs.trainers.bedrock.hyperparameters import plain

STORED_MODEL = "bedrock custom model"
_MILLION = "1,000,000 tokens"


@dataclass(frozen=True)
class Rates:
    """The price of each row; None where no list has it.

    ``training`` is for 1,000 tokens, ``input`` and ``output`` for a million of the custom model,
    ``base_input`` and ``base_output`` for a million of the untuned one, ``storage`` for a month.
    """

    training: Price | None
    input: Price | None
    output: Price | None
    base_input: Price | None
    base_output: Price | None
    storage: Price | None

    @property
    def missing(self) -> tuple[str, ...]:
        """The rows that a run needs and no list has, in words."""
        return tuple(_WORDS[name] for name, price in self._prices.items() if price is None)

    @property
    def document(self) -> dict[str, str | None]:
        """The rates as texts, for a plan."""
        return {
            name: None if price is None else plain(price.usd)
            for name, price in self._prices.items()
        }

    @property
    def _prices(self) -> Mapping[str, Price | None]:
        return {name: getattr(self, name) for name in _WORDS}


_WORDS = {
    "training": "training on 1,000 tokens",
    "input": "input tokens of the custom model",
    "output": "output tokens of the custom model",
    "base_input": "input tokens of the base model",
    "base_output": "output tokens of the base model",
    "storage": "storage of a custom model",
}


def rates_of(model: BaseModel, region: str, prices: PriceCatalogue) -> Rates:
    """Returns the rates of a base model; what no list has is None, and never another's rate."""
    name = model.price_name
    asked, said = _base_prices(model, region, prices)
    if name is None:
        return Rates(None, None, None, asked, said, None)
    return Rates(
        training=prices.bedrock_training.rate(name, region),
        input=prices.bedrock_custom_tokens.rate(f"{name} input", region),
        output=prices.bedrock_custom_tokens.rate(f"{name} output", region),
        base_input=asked,
        base_output=said,
        storage=prices.monthly.rate(STORED_MODEL, region),
    )


def _base_prices(
    model: BaseModel, region: str, prices: PriceCatalogue
) -> tuple[Price | None, Price | None]:
    asked = (asked_prices(name, region, prices) for name in model.invocation_ids)
    return next((found for found in asked if found is not None), (None, None))


def asked_prices(
    name: str, region: str, prices: PriceCatalogue
) -> tuple[Price | None, Price | None] | None:
    """Returns what a million tokens of a model cost, asked and answered; None where none is known.

    Args:
        name: the id by which it is asked.
        region: where.
        prices: the catalogue.
    """
    found = prices.tokens.newest(name, region)
    if found is None:
        return None
    usd, known = found
    return (
        Price(usd.input_usd, _MILLION, region, f"{name} input", known.source, known.date),
        Price(usd.output_usd, _MILLION, region, f"{name} output", known.source, known.date),
    )
