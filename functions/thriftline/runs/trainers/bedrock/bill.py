"""What one customization will probably cost, row by row, and at the most."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from thriftline.core.errors import UnpricedInstanceError
from thriftline.money.prices import Price
from thriftline.runs.domain.quotes import round_up
from thriftline.runs.trainers.bedrock.asking_cost import Question, questions_for, sum_usd
from thriftline.runs.trainers.bedrock.bedrock_work import BedrockWork
from thriftline.runs.trainers.bedrock.tokens import WORST_CASE_FACTOR

_THOUSAND = Decimal(1_000)
_TEN_THOUSANDTH = Decimal("0.0001")


@dataclass(frozen=True)
class Row:
    """One row of the bill: what is billed, how it is reckoned, and the dollars, None unpriced."""

    what: str
    how: str
    usd: Decimal | None


@dataclass(frozen=True)
class Bill:
    """The rows of one customization. ``held_usd`` is allowed for rows without a price."""

    training: Row
    evaluation: Row
    storage: Row
    held_usd: Decimal | None = None

    @property
    def rows(self) -> tuple[Row, ...]:
        """All of them, in order of time."""
        return (self.training, self.evaluation, self.storage)

    @property
    def likely_usd(self) -> Decimal | None:
        """Training and evaluation; None where one has no price. A month of storage is apart."""
        if self.training.usd is None or self.evaluation.usd is None:
            return None
        return self.training.usd + self.evaluation.usd

    @property
    def worst_usd(self) -> Decimal:
        """What is reserved: twice the estimated tokens, a month of the model, what is allowed."""
        by_token = (self.training.usd or Decimal(0)) + (self.evaluation.usd or Decimal(0))
        month = self.storage.usd or Decimal(0)
        return round_up(WORST_CASE_FACTOR * by_token + month + (self.held_usd or Decimal(0)))

    @property
    def basis(self) -> str:
        """What the worst case is made of."""
        held = (
            f", and {self.held_usd} USD that budget.unpriced_allowance_usd holds for what has no "
            "price"
            if self.held_usd is not None
            else ""
        )
        parts = f"{self.training.how}; {self.evaluation.how}; {self.storage.how}"
        return f"{WORST_CASE_FACTOR} times the tokens that are estimated: {parts}{held}"

    @property
    def document(self) -> dict[str, Any]:
        """The rows for a plan; dollars are texts, null where there is no price."""
        return {
            "rows": [
                {"what": row.what, "how": row.how, "usd": None if row.usd is None else str(row.usd)}
                for row in self.rows
            ],
        }


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
    return Bill(_training(asked), _evaluation(asked), _storage(asked), allowed if missing else None)


def _training(asked: BedrockWork) -> Row:
    rate, tokens = asked.rates.training, asked.training_tokens
    usd = None if rate is None else _rounded(tokens * rate.usd / _THOUSAND)
    records = asked.records
    how = (
        f"{records.total:,} records x {asked.each.trained:.1f} tokens x {asked.epochs} epochs = "
        f"{tokens:,} tokens at {_said(rate)}"
    )
    return Row("training", how, usd)


def _said(rate: Price | None) -> str:
    if rate is None:
        return "no known price"
    return f"{rate.usd} USD for {rate.unit} ({rate.region}, {rate.date})"


def _evaluation(asked: BedrockWork) -> Row:
    questions, (records, _) = questions_of(asked), asked.evaluation
    usd = sum_usd(questions, records)
    how = f"{records:,} test records asked of {_named(questions)}"
    return Row("evaluation", how, None if usd is None else _rounded(usd))


def questions_of(asked: BedrockWork) -> tuple[Question, ...]:
    """Returns what each test record is asked."""
    return questions_for(
        asked.each,
        asked.rates,
        len(asked.words),
        few_shot=asked.few_shot,
        champion=asked.asks_champion,
    )


def _named(questions: Sequence[Question]) -> str:
    names = [question.rival.replace("_", "-") for question in questions]
    return f"{', '.join(names[:-1])} and {names[-1]}"


def _storage(asked: BedrockWork) -> Row:
    usd = asked.rates.storage
    price = "no known price" if usd is None else f"{usd} USD"
    return Row("storage", f"a month of the custom model at {price}", usd)


def _rounded(usd: Decimal) -> Decimal:
    """Rounds to a hundredth of a cent: an evaluation often costs less than one."""
    return usd.quantize(_TEN_THOUSANDTH, ROUND_HALF_UP)
