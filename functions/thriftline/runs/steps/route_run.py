"""Asks every way to train that the stack allows, and takes one of them.

A way that refuses the work is a row of the table with its sentence. Only where none can be taken,
or the run spec names one that refuses, is a refusal the run's own.
"""

from collections.abc import Callable, Sequence
from decimal import Decimal

from thriftline.core.dataclass import dataclass
from thriftline.core.errors import (
    InvalidRunSpecError,
    Retry,
    ThriftlineError,
    UnknownInstanceTypeError,
)
from thriftline.runs.domain.affordable import Clamp
from thriftline.runs.domain.quotes import Quote
from thriftline.runs.domain.router import DataFacts, Needs, Offer, Routing, route
from thriftline.runs.domain.work import TrainingWork
from thriftline.runs.schemas.run import Run
from thriftline.runs.schemas.run_spec import AUTO, RunSpec
from thriftline.runs.steps.dataset_volume import DatasetVolume
from thriftline.runs.trainers.port import Quoter

_NOTHING_SPENT = " Nothing was spent."


@dataclass(frozen=True)
class Admitted:
    """What a quoted run may spend, and how it was made shorter for that, if so."""

    allowance_usd: Decimal
    clamp: Clamp | None = None


@dataclass(frozen=True)
class Considered:
    """One way to train as it answered: work, quote and room, or the error that it refused with."""

    offer: Offer
    work: TrainingWork | None = None
    admitted: Admitted | None = None
    error: ThriftlineError | None = None


@dataclass(frozen=True)
class Taken:
    """The way that is taken, with all that a plan needs of it."""

    offer: Offer
    work: TrainingWork
    quote: Quote
    admitted: Admitted
    routing: Routing


def consider(
    quoter: Quoter,
    *,
    work_for: Callable[[Quoter], TrainingWork],
    admit: Callable[[Quote], Admitted],
    predictions: int,
) -> Considered:
    """Returns what one way to train says to the work, whether it takes it or not.

    Raises:
        UnknownInstanceTypeError: a name in run.yaml does not exist. That is a mistake in the file,
            which must not send the run another way.
    """
    name, can = quoter.name, quoter.abilities
    work = quote = month = None
    try:
        work = work_for(quoter)
        quote = quoter.quote(work)
        month = quoter.month(work, predictions)
        admitted = admit(quote)
    except UnknownInstanceTypeError:
        raise
    except ThriftlineError as error:
        refusal = str(error).removesuffix(_NOTHING_SPENT)
        return Considered(Offer(name, can, quote, month, refusal), work, error=error)
    return Considered(Offer(name, can, quote, month), work, admitted)


def needs_of(spec: RunSpec) -> Needs:
    """Returns what a run spec wants of whatever trains it."""
    needs = spec.needs
    return Needs(
        predictions_per_month=needs.predictions_per_month,
        scores=needs.scores,
        weights=needs.weights,
        latency_ms=needs.latency_ms,
        multi_label=spec.multi_label,
        search=spec.search is not None,
    )


def routing_of(run: Run, volume: DatasetVolume, considered: Sequence[Considered]) -> Routing:
    """Returns the choice among the ways that were considered."""
    return route(
        [one.offer for one in considered],
        needs_of(run.spec),
        DataFacts(volume.splits.get("train", 0), len(volume.labels) or None),
        named=None if run.spec.trainer == AUTO else run.spec.trainer,
    )


def taken(routing: Routing, considered: Sequence[Considered], named: str | None) -> Taken:
    """Returns the way that the routing chose.

    Raises:
        ThriftlineError: none can be taken; the error is that of the named or the first one, unless
            another may answer a later call.
    """
    for one in considered:
        offer = one.offer
        if offer.trainer == routing.chosen and offer.quote and one.work and one.admitted:
            return Taken(offer, one.work, offer.quote, one.admitted, routing)
    raise _refusal(routing, [one for one in considered if named in (None, one.offer.trainer)])


def _refusal(routing: Routing, wanted: Sequence[Considered]) -> ThriftlineError:
    errors = [one.error for one in wanted if one.error]
    if errors and len({str(error) for error in errors}) == 1 and len(errors) == len(wanted):
        return errors[0]
    for one in wanted:
        if one.error and one.error.retry is Retry.BACKOFF:
            return one.error
    first = next((one.error for one in wanted), None)
    told = [_told(routing, one.offer.trainer) for one in wanted]
    message = " ".join(("No way to train can be taken.", *told)) if len(told) > 1 else "".join(told)
    kind = type(first) if first else InvalidRunSpecError
    return kind(message + _NOTHING_SPENT)


def _told(routing: Routing, trainer: str) -> str:
    row = routing.row(trainer)
    return f"{trainer}: {' '.join(row.reasons) if row else 'It was not asked.'}"
