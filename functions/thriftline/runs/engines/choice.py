"""``prepare.engine: auto``: the engine that does the work for the fewest dollars.

An hour that a person waits counts too, for little: without it a single machine, which is a few
cents cheaper than a quick service, would win whenever the run spec gives it a day.
"""

from collections.abc import Mapping, Sequence
from dataclasses import field
from decimal import Decimal

from thriftline.core.dataclass import dataclass
from thriftline.runs.domain.preparation import PreparationQuote, PreparationWork
from thriftline.runs.domain.quotes import round_up
from thriftline.runs.engines.sizing import (
    ONE_MACHINE_BYTES,
    duration_of,
    minutes_on,
    size_of,
)
from thriftline.runs.engines.validation_cost import validation_minutes, validation_usd

HOUR_OF_WAITING_USD = Decimal("0.50")
_LAPTOP_VCPUS = 4
_LAPTOP_START_MINUTES = 1


@dataclass(frozen=True)
class Choice:
    """The engine and why; None where none can do the work, and ``reason`` says why of each.

    ``left_out`` says of every other engine why it was not taken, ``advice`` what a person may want
    to do instead, empty for nothing.
    """

    engine: str | None
    quote: PreparationQuote | None
    reason: str
    left_out: Mapping[str, str] = field(default_factory=dict)
    advice: str = ""


def choose(
    work: PreparationWork, quotes: Sequence[PreparationQuote], most_usd: Decimal | None
) -> Choice:
    """Chooses between quotes for the same work, none of which may cost more than ``most_usd``."""
    refused = {one.engine: why for one in quotes if (why := _why_not(one, most_usd))}
    able = [one for one in quotes if one.engine not in refused]
    advice = _advice(work)
    if not able:
        whys = " ".join(f"{engine}: {_ended(why)}" for engine, why in refused.items())
        reason = f"No engine can prepare {size_of(work.unpacked_bytes)} here. {whys}"
        return Choice(None, None, reason.rstrip(), refused, advice)
    cheapest = min(able, key=_by_dollars)
    taken = min(able, key=_by_dollars_and_time)
    beaten = {one.engine: _beaten(one, taken) for one in able if one is not taken}
    left_out = {one.engine: (refused | beaten)[one.engine] for one in quotes if one is not taken}
    return Choice(taken.engine, taken, _reason(work, taken, cheapest), left_out, advice)


def _why_not(quote: PreparationQuote, most_usd: Decimal | None) -> str | None:
    if quote.cannot is not None:
        return quote.cannot
    if quote.worst_usd is None:
        return "What it costs at the worst is not known."
    if most_usd is not None and quote.worst_usd > most_usd:
        return (
            f"Its worst case of {_usd(quote.worst_usd)} passes the {most_usd:.4f} USD that it may "
            "cost; lower prepare.max_minutes or prepare.max_vcpus, or allow more."
        )
    return None


def _dollars(quote: PreparationQuote) -> Decimal:
    """What is likely, or where that is not known what it is at the worst."""
    return quote.likely_usd if quote.likely_usd is not None else quote.worst_usd or Decimal(0)


def _by_dollars(quote: PreparationQuote) -> tuple[Decimal, str]:
    return _dollars(quote), quote.engine


def _by_dollars_and_time(quote: PreparationQuote) -> tuple[Decimal, str]:
    waiting = HOUR_OF_WAITING_USD * (quote.likely_minutes or 0) / 60
    return _dollars(quote) + waiting, quote.engine


def _reason(work: PreparationWork, taken: PreparationQuote, cheapest: PreparationQuote) -> str:
    said = (
        f"{taken.engine} prepares {size_of(work.unpacked_bytes)} for about "
        f"{_usd(_dollars(taken))}{_minutes(taken)}, {_usd(taken.worst_usd)} at the worst"
    )
    if taken is cheapest:
        return f"{said}: no other engine of this stack is cheaper. {taken.reason}".rstrip()
    return (
        f"{said}. {cheapest.engine} costs {_usd(_dollars(cheapest))}{_minutes(cheapest)}, but so "
        f"much later that it saves less than waiting costs ({_usd(HOUR_OF_WAITING_USD)} an hour). "
        f"{taken.reason}".rstrip()
    )


def _beaten(quote: PreparationQuote, taken: PreparationQuote) -> str:
    about = f"About {_usd(_dollars(quote))}{_minutes(quote)}"
    if _dollars(quote) > _dollars(taken):
        return f"{about}: more expensive than {taken.engine}."
    return f"{about}: it saves less than waiting costs, compared with {taken.engine}."


def _advice(work: PreparationWork) -> str:
    if work.unpacked_bytes >= ONE_MACHINE_BYTES:
        return (
            "Spark does what one pass over the rows cannot, such as near-duplicates. The "
            "validation that follows stays on Lambdas: about "
            f"{_usd(validation_usd(work.unpacked_bytes))} and "
            f"{duration_of(validation_minutes(work.unpacked_bytes))}."
        )
    minutes = minutes_on(work.unpacked_bytes, _LAPTOP_VCPUS, _LAPTOP_START_MINUTES)
    return (
        f"One machine does {size_of(work.unpacked_bytes)}: `thriftline prepare` on your own "
        f"(prepare.engine: local) takes about {duration_of(minutes)} on {_LAPTOP_VCPUS} cores and "
        "costs nothing."
    )


def _minutes(quote: PreparationQuote) -> str:
    minutes = quote.likely_minutes
    return "" if minutes is None else f" in {duration_of(minutes)}"


def _usd(amount: Decimal | None) -> str:
    """Returns dollars to the cent, upwards: a cap that is passed is never shown as met."""
    if amount is None:
        return "an unknown number of USD"
    return f"{round_up(amount)} USD"


def _ended(text: str) -> str:
    return f"{text.rstrip('.')}."
