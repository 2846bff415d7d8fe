"""What one customization will probably cost, row by row, and at the most."""

from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal

from thriftline.core.dataclass import dataclass
from thriftline.core.errors import UnpricedInstanceError
from thriftline.core.wording import counted
from thriftline.money.prices import Price
from thriftline.money.sums import sum_of
from thriftline.runs.domain.costs import CostRow
from thriftline.runs.domain.quotes import round_up
from thriftline.runs.trainers.bedrock.asking_cost import (
    Question,
    questions_for,
    teacher_question,
)
from thriftline.runs.trainers.bedrock.bedrock_work import BedrockWork
from thriftline.runs.trainers.bedrock.customizations import MOST_DISTILLED
from thriftline.runs.trainers.bedrock.judge_plan import JudgePlan, judge_plan
from thriftline.runs.trainers.bedrock.provisioned import Throughput, throughput_of
from thriftline.runs.trainers.bedrock.rates import Rates, asked_prices
from thriftline.runs.trainers.bedrock.tokens import WORST_CASE_FACTOR, max_answer_tokens

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

    ``teaching`` is what the teacher of a distillation answers, ``most_times`` how often its records
    may be billed. ``storage`` is a month of the model: it is reserved with the run, and shown with
    the month. ``throughput`` is held too: it goes on after the run, until its end.
    """

    training: CostRow
    evaluation: tuple[CostRow, ...]
    storage: CostRow
    held_usd: Decimal | None = None
    teaching: tuple[CostRow, ...] = ()
    throughput: Throughput | None = None
    judge: JudgePlan | None = None
    most_times: Decimal = Decimal(1)

    @property
    def likely(self) -> tuple[CostRow, ...]:
        """What the run itself probably costs."""
        return (self.training, *self.teaching, *self.evaluation, *self._judged)

    @property
    def _judged(self) -> tuple[CostRow, ...]:
        """A judge is counted at its most: nobody knows yet how much it writes."""
        if self.judge is None:
            return ()
        what = f"{self.judge.records:,} answers judged by {self.judge.model}, at the most"
        units = Decimal(self.judge.records)
        return (CostRow("evaluation", what, units, None, self.judge.usd),)

    @property
    def likely_usd(self) -> Decimal | None:
        """The sum of it; None where a row has no price."""
        return sum_of(row.usd for row in self.likely)

    @property
    def worst_usd(self) -> Decimal:
        """What is reserved: twice the estimated tokens, a month of the model, what is allowed."""
        trained = _known((self.training, *self.teaching)) * self.most_times
        by_token = trained + _known(self.evaluation)
        month = self.storage.usd or Decimal(0)
        units = self.throughput.usd if self.throughput else Decimal(0)
        held = (self.held_usd or Decimal(0)) + (self.judge.usd if self.judge else Decimal(0))
        return round_up(WORST_CASE_FACTOR * by_token + month + units + held)

    @property
    def basis(self) -> str:
        """What the worst case is made of."""
        asked = ", ".join(row.what for row in (*self.teaching, *self.evaluation))
        judged = f", {self.judge.usd} USD of a judge" if self.judge else ""
        units = (
            f", and {self.throughput.usd} USD of provisioned throughput until "
            f"{self.throughput.until:%Y-%m-%d %H:%M}"
            if self.throughput
            else ""
        )
        held = (
            f", and {self.held_usd} USD that budget.unpriced_allowance_usd holds for what has no "
            "price"
            if self.held_usd is not None
            else ""
        )
        return (
            f"{WORST_CASE_FACTOR} times the tokens of {self.training.what}, at "
            f"{_said(self.training.price)}, and of {asked}; with {self.storage.what}"
            f"{judged}{units}{held}"
        )


def _known(rows: Iterable[CostRow]) -> Decimal:
    """Returns the dollars that are known; what is not known is held apart."""
    return sum((row.usd for row in rows if row.usd is not None), Decimal(0))


def bill_of(asked: BedrockWork) -> Bill:
    """Returns the bill of a run.

    Raises:
        UnpricedInstanceError: a row has no price, and the run spec allows nothing for it.
    """
    teaching = _teaching(asked)
    missing = missing_rows(asked, teaching)
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
        teaching=teaching,
        throughput=throughput_of(asked),
        judge=judge_plan(asked),
        most_times=_most_times(asked),
    )


def missing_rows(asked: BedrockWork, teaching: tuple[CostRow, ...]) -> tuple[str, ...]:
    """Returns what has no price, in words."""
    found = list(asked.rates.missing)
    if asked.customization == "reinforcement":
        found[0] = "hours of reinforcement"
    return (*found, *(row.what for row in teaching if row.usd is None))


def teaching_of(asked: BedrockWork) -> Question | None:
    """Returns what each text of a distillation is asked of the teacher; None without one."""
    if asked.teacher is None:
        return None
    sources = asked.sources
    price = asked_prices(asked.teacher, sources.region, sources.prices()) or (None, None)
    return teacher_question(asked.each, max_answer_tokens(asked.words.values()), price)


def _teaching(asked: BedrockWork) -> tuple[CostRow, ...]:
    question, records = teaching_of(asked), asked.records.total
    if question is None:
        return ()
    usd = question.usd(records)
    what = f"{records:,} answers of the teacher {asked.teacher}"
    rounded = None if usd is None else _rounded(usd)
    return (CostRow("training", what, Decimal(records), None, rounded),)


def _most_times(asked: BedrockWork) -> Decimal:
    if asked.teacher is None:
        return Decimal(1)
    return max(Decimal(1), Decimal(MOST_DISTILLED) / asked.records.total)


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
