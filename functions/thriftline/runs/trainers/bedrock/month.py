"""What a month of a custom model on demand costs: nothing while nobody asks, but its storage."""

from decimal import Decimal

from thriftline.money.prices import Price
from thriftline.money.sums import sum_of
from thriftline.runs.domain.costs import CostRow, MonthlyCost
from thriftline.runs.domain.work import TrainingWork
from thriftline.runs.trainers.bedrock.asking_cost import MILLION, Question, prediction
from thriftline.runs.trainers.bedrock.bedrock_work import BedrockSources, BedrockWork
from thriftline.runs.trainers.bedrock.bill import storage_row


def month(work: TrainingWork, predictions: int, sources: BedrockSources) -> MonthlyCost:
    """Returns what so many predictions a month cost, with the storage of the model.

    Raises:
        InvalidRunSpecError: the run cannot be had on Bedrock as it is asked for.
    """
    asked = BedrockWork(work, sources)
    question = prediction(asked.each, asked.rates)
    storage = storage_row(asked.rates)
    rows = (storage, *(_tokens(question, predictions) if predictions else ()))
    return MonthlyCost(
        usd=sum_of(row.usd for row in rows),
        reason=_reason(question, asked.model.id),
        rows=rows,
        requests_per_minute=sources.requests_per_minute(asked.model),
        fixed_usd=storage.usd,
        usd_per_million=question.usd(int(MILLION)),
    )


def _tokens(question: Question, predictions: int) -> tuple[CostRow, CostRow]:
    shown = f"tokens of {predictions:,} predictions, estimated"
    asked, said = (
        predictions * tokens / MILLION for tokens in (question.input_tokens, question.output_tokens)
    )
    return (
        _row(f"input {shown}", asked, question.input_price),
        _row(f"output {shown}", said, question.output_price),
    )


def _row(what: str, millions: Decimal, price: Price | None) -> CostRow:
    return CostRow("predictions", what, millions, price, millions * price.usd if price else None)


def _reason(question: Question, model: str) -> str:
    return (
        f"A prediction of a custom {model} has {question.input_tokens:.1f} input tokens and "
        f"{question.output_tokens:.1f} output tokens, asked on demand: nothing stands while nobody "
        "asks, but the model is stored."
    )
