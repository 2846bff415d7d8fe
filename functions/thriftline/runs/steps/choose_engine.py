"""Asks the engines what raw data costs to prepare, and takes one, for a plan or an estimate."""

from collections.abc import Sequence
from decimal import Decimal
from pathlib import PurePosixPath

from thriftline.core.dataclass import dataclass
from thriftline.core.errors import InvalidRunSpecError, UnpricedInstanceError
from thriftline.runs.domain.preparation import PreparationQuote, PreparationWork
from thriftline.runs.domain.prepared_money import Limit
from thriftline.runs.domain.raw_data import kind_of, largest_unsplittable, unpacked_size
from thriftline.runs.engines.choice import choose
from thriftline.runs.engines.registry import Engines
from thriftline.runs.schemas.prepare_section import PrepareSection

AUTO = "auto"


@dataclass(frozen=True)
class ChosenEngine:
    """The engine's quote and why it was taken; what may be better, and why no other was taken."""

    quote: PreparationQuote
    reason: str
    advice: str
    left_out: dict[str, str]


def work_of(files: Sequence[tuple[str, int]], prepare: PrepareSection) -> PreparationWork:
    """Returns what an engine is asked for, of raw files by their keys and stored bytes.

    What the preparation passes over is no work.
    """
    files = [(key, size) for key, size in files if kind_of(key, prepare.format)]
    settings = prepare.databricks.model_dump(mode="json") if prepare.databricks else {}
    return PreparationWork(
        stored_bytes=sum(size for _, size in files),
        unpacked_bytes=sum(unpacked_size(PurePosixPath(key).name, size) for key, size in files),
        files=len(files),
        largest_unsplittable_bytes=largest_unsplittable(files),
        max_vcpus=prepare.max_vcpus,
        max_minutes=prepare.max_minutes,
        spare_capacity=prepare.spare_capacity,
        settings=settings,
    )


def chosen_engine(
    work: PreparationWork, prepare: PrepareSection, engines: Engines, limit: Limit
) -> ChosenEngine:
    """Asks the engine that run.yaml names, or all of them.

    Raises:
        InvalidRunSpecError: it cannot, or none can; with the reasons.
    """
    if prepare.engine != AUTO:
        quote = engines.named(prepare.engine).quote(work)
        if quote.cannot:
            raise InvalidRunSpecError(
                f"prepare.engine: {prepare.engine} cannot do it: {quote.cannot.rstrip('.')}. "
                "Nothing was spent."
            )
        return ChosenEngine(quote, quote.reason or f"run.yaml names {prepare.engine}.", "", {})
    quotes = [engines.named(name).quote(work) for name in engines.names]
    choice = choose(work, quotes, most_usd=limit.usd)
    if choice.engine is None or choice.quote is None:
        raise InvalidRunSpecError(
            f"prepare.engine: {choice.reason.rstrip('.')}. Nothing was spent."
        )
    return ChosenEngine(choice.quote, choice.reason, choice.advice, dict(choice.left_out))


def worst_of(quote: PreparationQuote) -> Decimal:
    """Returns what one attempt may cost.

    Raises:
        UnpricedInstanceError: that is not known.
    """
    if quote.worst_usd is None:
        raise UnpricedInstanceError(
            f"prepare.engine: what {quote.engine} may cost at the worst is not known "
            f"({quote.basis}). Nothing was spent."
        )
    return quote.worst_usd
