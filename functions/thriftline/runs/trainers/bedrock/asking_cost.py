"""What asking models costs, in tokens and dollars, before anybody has asked."""

from decimal import Decimal

from thriftline.core.dataclass import dataclass
from thriftline.money.prices import Price
from thriftline.runs.trainers.bedrock.prompt import MOST_EXAMPLES
from thriftline.runs.trainers.bedrock.rates import Rates
from thriftline.runs.trainers.bedrock.tokens import RecordTokens

MILLION = Decimal(1_000_000)


@dataclass(frozen=True)
class Question:
    """One question that each record is asked: of which model, and with how many tokens.

    A price that is None is not known.
    """

    rival: str
    input_tokens: Decimal
    output_tokens: Decimal
    input_price: Price | None
    output_price: Price | None

    def usd(self, times: int) -> Decimal | None:
        """Returns what so many cost; None where a price is not known."""
        if self.input_price is None or self.output_price is None:
            return None
        asked = self.input_tokens * self.input_price.usd
        said = self.output_tokens * self.output_price.usd
        return times * (asked + said) / MILLION


def questions_for(
    each: RecordTokens, rates: Rates, labels: int, *, few_shot: bool, champion: bool
) -> tuple[Question, ...]:
    """Returns what each record of an evaluation is asked: the tuned model and its rivals."""
    base = (rates.base_input, rates.base_output)
    custom = (rates.input, rates.output)
    found = [
        prediction(each, rates),
        Question("zero_shot", each.question, each.label, *base),
    ]
    if few_shot:
        examples = min(labels, MOST_EXAMPLES) * (each.text + each.label)
        found.append(Question("few_shot", each.question + examples, each.label, *base))
    if champion:
        found.append(Question("champion", each.question, each.label, *custom))
    return tuple(found)


def prediction(each: RecordTokens, rates: Rates) -> Question:
    """Returns what a text is asked of the custom model, on demand."""
    return Question("tuned", each.question, each.label, rates.input, rates.output)


def teacher_question(
    each: RecordTokens, max_tokens: int, price: tuple[Price | None, Price | None]
) -> Question:
    """Returns what a text is asked of the teacher of a distillation, its answer at its longest."""
    return Question("teacher", each.question, Decimal(max_tokens), *price)
