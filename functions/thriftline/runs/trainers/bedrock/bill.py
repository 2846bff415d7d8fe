"""What one customization will probably cost, row by row, and at the most."""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from thriftline.core.errors import UnpricedInstanceError
from thriftline.core.wording import counted
from thriftline.money.prices import Price
from thriftline.money.sums import sum_of
from thriftline.runs.domain.costs import CostRow
from thriftline.runs.domain.quotes import round_up
from thriftline.runs.trainers.bedrock.asking_cost import Question, questions_for
from thriftline.runs.trainers.bedrock.bedrock_work import BedrockWork
from thriftline.runs.trainers.bedrock.rates import Rates
from thriftline.runs.trainers.bedrock.tokens import WORST_CASE_FACTOR

_THOUSAND = Decimal(1_000)
_TEN_THOUSANDTH = Decimal("0.0001")
_RIVALS = {
    "tuned": "tuned model",
    "zero_shot": "untuned model",
    "few_shot": "untuned model with examples",
    "champion": "model in use",
}


@dataclass(frozen=True)
class Bill:
    """The rows of one customization. ``held_usd`` is allowed for rows without a price.

    ``storage`` is a month of the model: it is reserved with the run, and shown with the month.
    """

    training: CostRow
    evaluation: tuple[CostRow, ...]
    storage: CostRow
    held_usd: Decimal | None = None

    @property
    def likely(self) -> tuple[CostRow, ...]:
        """What the run itself probably costs."""
        return (self.training, *self.evaluation)

    @property
    def likely_usd(self) -> Decimal | None:
        """The sum of it; None where a row has no price."""
        return sum_of(row.usd for row in self.likely)

    @property
    def worst_usd(self) -> Decimal:
        """What is reserved: twice the estimated tokens, a month of the model, what is allowed."""
        by_token = sum((row.usd or Decimal(0) for row in self.likely), Decimal(0))
        month = self.storage.usd or Decimal(0)
        return round_up(WORST_CASE_FACTOR * by_token + month + (self.held_usd or Decimal(0)))

    @property
    def basis(self) -> str:
        """What the worst case is made of."""
        asked = ", ".join(row.what for row in self.evaluation)
        held = (
            f", and {self.held_usd} USD that budget.unpriced_allowance_usd holds for what has no "
            "price"
            if self.held_usd is not None
            else ""
        )
        return (
            f"{WORST_CASE_FACTOR} times the tokens of {self.training.what}, at "
            f"{_said(self.training.price)}, and of {asked}; with {self.storage.what}{held}"
        )


def bill_of(asked: BedrockWork) -> Bill:
    """Returns the bill of a run.

    Raises:
        UnpricedInstanceError: a row has no price, and the run spec allows nothing for it.
    """
    missing = asked.rates.missing
    allowed = asked.work.unpriced_allowance_usd
    if missing and allowed is None:
        raise UnpricedInstanceError(
            f"bedrock.base_model: the price list has no row for {asked.model.id} in "
            f"{asked.sources.region}: {', '.join(missing)}. Take another base model, read the "
            "prices again with `make prices`, or say in budget.unpriced_allowance_usd what may be "
            "spent on it. Nothing was spent."
        )
    records, _ = asked.evaluation
    return Bill(
        training=_training(asked),
        evaluation=tuple(_asked(question, records) for question in questions_of(asked)),
        storage=storage_row(asked.rates),
        held_usd=allowed if missing else None,
    )


def _training(asked: BedrockWork) -> CostRow:
    price, tokens, records = asked.rates.training, asked.training_tokens, asked.records
    what = (
        f"training on {records.total:,} records x {asked.each.trained:.1f} tokens x "
        f"{counted(asked.epochs, 'epoch')}, estimated"
    )
    units = tokens / _THOUSAND
    usd = None if price is None else _rounded(units * price.usd)
    return CostRow("training", what, units, price, usd)


def _said(price: Price | None) -> str:
    if price is None:
        return "no known price"
    return f"{price.usd} USD for {price.unit} ({price.region}, {price.date})"


def _asked(question: Question, records: int) -> CostRow:
    usd = question.usd(records)
    what = f"{records:,} questions to the {_RIVALS[question.rival]}"
    return CostRow(
        "evaluation", what, Decimal(records), None, None if usd is None else _rounded(usd)
    )


def questions_of(asked: BedrockWork) -> tuple[Question, ...]:
    """Returns what each test record is asked."""
    return questions_for(
        asked.each,
        asked.rates,
        len(asked.words),
        few_shot=asked.few_shot,
        champion=asked.asks_champion,
    )


def storage_row(rates: Rates) -> CostRow:
    """Returns a month of a stored custom model."""
    usd = rates.storage.usd if rates.storage else None
    return CostRow("storage", "the custom model, stored a month", Decimal(1), rates.storage, usd)


def _rounded(usd: Decimal) -> Decimal:
    """Rounds to a hundredth of a cent: an evaluation often costs less than one."""
    return usd.quantize(_TEN_THOUSANDTH, ROUND_HALF_UP)
