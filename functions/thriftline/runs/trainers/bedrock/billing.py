"""What an attempt costs, from tokens: those asked are exact, those trained on are estimated.

No answer of Bedrock says what a training cost. What the questions came to against their own
estimate corrects it: the same texts, read by the same model.
"""

from collections.abc import Iterator
from datetime import datetime
from decimal import ROUND_CEILING, Decimal
from math import ceil

from thriftline.money.settlement import Charge
from thriftline.runs.domain.endings import Ending
from thriftline.runs.trainers.bedrock.attempt_document import (
    CHAMPION,
    TUNED,
    AttemptDocument,
    MadeUnits,
    Provisioned,
    Usage,
)
from thriftline.runs.trainers.bedrock.provisioned import HOURS_AFTER

_TRAINING_UNIT, _ASKING_UNIT = Decimal(1_000), Decimal(1_000_000)
_HOUR = 3_600
_SHOWN = {TUNED: "tuned model", CHAMPION: "champion"}


def charges_of(
    document: AttemptDocument, units: MadeUnits | None = None
) -> tuple[Charge, ...] | None:
    """Returns the rows of an ended attempt's bill; None where one of them has no price.

    ``units`` were made for its model: all their hours are owed, for only the deadline ends them.
    """
    rows = list(_rows(document))
    if document.provisioned is not None and units is not None and units.created_at is not None:
        rows.append(_hours(document.provisioned, units.created_at))
    if any(row is None for row in rows):
        return None
    return tuple(row for row in rows if row is not None)


def _rows(document: AttemptDocument) -> Iterator[Charge | None]:
    rates = document.rates
    if document.has_trained:
        yield _charge(*_trained(document), rates.training, _TRAINING_UNIT, "1,000 tokens")
        if document.judge is not None and document.judge_job is not None:
            what = f"answers judged by {document.judge.model} (at most)"
            each = document.judge.usd / document.judge.records
            yield _charge(what, document.judge.records, each, Decimal(1), "answer")
        if document.teacher is not None:
            what = f"answers of the teacher {document.teacher} (estimated)"
            yield _charge(what, document.sample.train_records, rates.teacher, Decimal(1), "answer")
    for target, usage in sorted(document.usage.items()):
        is_custom = target in {TUNED, CHAMPION}
        shown = _SHOWN.get(target, f"base model {target.replace('_', '-')}")
        asked = rates.input if is_custom else rates.base_input
        said = rates.output if is_custom else rates.base_output
        for what, tokens, rate in (
            ("input", usage.input_tokens, asked),
            ("output", usage.output_tokens, said),
        ):
            if tokens:
                yield _charge(
                    f"{what} tokens, {shown}", tokens, rate, _ASKING_UNIT, "1,000,000 tokens"
                )


def _hours(named: Provisioned, since: datetime) -> Charge | None:
    rate = named.usd_per_unit_hour
    if rate is None:
        return None
    seconds = max(0.0, (named.until - since).total_seconds())
    hours = ceil(seconds / _HOUR) + HOURS_AFTER
    what = f"provisioned throughput until {named.until:%Y-%m-%d %H:%M} UTC, at most"
    return Charge(what, _HOUR * hours, named.units, rate, "unit-hour", hours * named.units * rate)


def _trained(document: AttemptDocument) -> tuple[str, int]:
    estimated = document.sample.tokens * document.epochs
    tuned = document.usage.get(TUNED, Usage())
    completed = document.verdict is not None and document.verdict.ending is Ending.COMPLETED
    if document.model_arn is None and not completed:
        # The tokens until a stop are charged, and nothing says how many those were.
        return "training tokens (at most: it was not trained to its end)", estimated
    if document.question_tokens and tuned.answers:
        ratio = Decimal(tuned.input_tokens) / document.question_tokens
        corrected = (estimated * ratio).to_integral_value(ROUND_CEILING)
        return "training tokens (estimated, corrected by those of the questions)", int(corrected)
    return "training tokens (estimated)", estimated


def _charge(what: str, tokens: int, rate: Decimal | None, per: Decimal, unit: str) -> Charge | None:
    if rate is None:
        return None
    return Charge(what, 0, tokens, rate, unit, tokens * rate / per)
