"""What asking models costs, in tokens and dollars, before anybody has asked."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from thriftline.runs.trainers.bedrock.prompt import MOST_EXAMPLES
from thriftline.runs.trainers.bedrock.rates import Rates
from thriftline.runs.trainers.bedrock.tokens import RecordTokens

_MILLION = Decimal(1_000_000)


@dataclass(frozen=True)
class Question:
    """One question that each record is asked: of which model, and with how many tokens.

    A rate that is None has no price.
    """

    rival: str
    input_tokens: Decimal
    output_tokens: Decimal
    input_usd: Decimal | None
    output_usd: Decimal | None

    def usd(self, times: int) -> Decimal | None:
        """Returns what so many cost; None where a rate is not known."""
        if self.input_usd is None or self.output_usd is None:
            return None
        each = self.input_tokens * self.input_usd + self.output_tokens * self.output_usd
        return times * each / _MILLION


def questions_for(
    each: RecordTokens, rates: Rates, labels: int, *, few_shot: bool, champion: bool
) -> tuple[Question, ...]:
    """Returns what each record of an evaluation is asked: the tuned model and its rivals."""
    base = (rates.base_input, rates.base_output)
    custom = (rates.input, rates.output)
    found = [
        Question("tuned", each.question, each.label, *custom),
        Question("zero_shot", each.question, each.label, *base),
    ]
    if few_shot:
        examples = min(labels, MOST_EXAMPLES) * (each.text + each.label)
        found.append(Question("few_shot", each.question + examples, each.label, *base))
    if champion:
        found.append(Question("champion", each.question, each.label, *custom))
    return tuple(found)


def sum_usd(questions: Sequence[Question], records: int) -> Decimal | None:
    """Returns what all questions to so many records cost; None where one has no price."""
    parts = [question.usd(records) for question in questions]
    known = [part for part in parts if part is not None]
    return sum(known, Decimal(0)) if len(known) == len(parts) else None


def prediction_usd(each: RecordTokens, rates: Rates, predictions: int) -> Decimal | None:
    """Returns what so many predictions of the custom model cost, on demand."""
    tuned = Question("tuned", each.question, each.label, rates.input, rates.output)
    return tuned.usd(predictions)
