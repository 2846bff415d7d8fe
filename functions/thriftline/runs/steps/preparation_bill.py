"""What a run's preparation was billed, as its engine says now."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from thriftline.core.aws.buckets import Bucket
from thriftline.core.dataclass import dataclass
from thriftline.runs.domain.preparation import PreparationState
from thriftline.runs.engines.registry import Engines
from thriftline.runs.steps.preparation_attempts import PreparationAttempts, attempts_on_record

NOT_STARTED = Decimal(0)


@dataclass(frozen=True)
class PreparationBill:
    """The dollars of all attempts; None is unknown, and ``reason`` says why.

    ``active`` are the attempts that still run, by their numbers, and ``charged_usd`` is what all of
    them cost at the most. ``may_run`` is whether one has not ended, or is on record and hidden.
    """

    usd: Decimal | None
    reason: str
    charged_usd: Decimal = Decimal(0)
    active: tuple[int, ...] = ()
    may_run: bool = False
    attempts: PreparationAttempts | None = None


NOTHING_PREPARED = PreparationBill(Decimal(0), "The run prepares nothing.")


def preparation_bill(
    run_id: str, item: Mapping[str, Any], *, artifacts: Bucket, engines: Engines
) -> PreparationBill:
    """Asks the engine for every attempt that was noted; each was, before it was asked for."""
    attempts = attempts_on_record(run_id, item, artifacts)
    if attempts is None or not attempts.numbers:
        return NOTHING_PREPARED
    seen = {number: attempts.look(number, engines) for number in attempts.numbers}
    active = tuple(number for number, state in seen.items() if state and state.is_active)
    hidden = [number for number, state in seen.items() if _is_hidden(attempts, number, state)]
    dollars = {number: _dollars(attempts, number, state) for number, state in seen.items()}
    worst = attempts.plan.worst_usd
    charged = sum((worst if one is None else one for one in dollars.values()), Decimal(0))
    reason = _reason(attempts, active, hidden, dollars)
    return PreparationBill(
        usd=None if reason else charged,
        reason=reason or "Every attempt at the preparation says what it was billed.",
        charged_usd=charged,
        active=active,
        may_run=bool(active or hidden),
        attempts=attempts,
    )


def stop_preparation(bill: PreparationBill, engines: Engines) -> tuple[str, ...]:
    """Asks the attempts that still run to stop; returns their names."""
    if bill.attempts is None:
        return ()
    orders = [bill.attempts.order(number) for number in bill.active]
    for order in orders:
        engines.named(bill.attempts.plan.engine).stop(order)
    return tuple(order.name for order in orders)


def _is_hidden(attempts: PreparationAttempts, number: int, state: PreparationState | None) -> bool:
    return state is None and attempts.noted[number].get("started_id") is not None


def _dollars(
    attempts: PreparationAttempts, number: int, state: PreparationState | None
) -> Decimal | None:
    """Returns what an attempt was billed; None while that is unknown."""
    noted = attempts.noted[number].get("billed_usd")
    if noted is not None:
        return Decimal(str(noted))
    if state is None:
        return None if _is_hidden(attempts, number, state) else NOT_STARTED
    return None if state.is_active else state.billed_usd


def _reason(
    attempts: PreparationAttempts,
    active: tuple[int, ...],
    hidden: list[int],
    dollars: Mapping[int, Decimal | None],
) -> str:
    """Says why the bill is not known; empty where it is."""
    unknown = [number for number, usd in dollars.items() if usd is None]
    for numbers, what in (
        (active, "has not ended"),
        ([one for one in hidden if one in unknown], "is on record and its engine does not show it"),
        (unknown, "has ended and does not say what it was billed"),
    ):
        if numbers:
            return f"The preparation {attempts.order(numbers[0]).name} {what}."
    return ""
