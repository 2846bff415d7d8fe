"""What a run was billed, as its trainer and the engine of its preparation say now."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from thriftline.core.aws.buckets import Bucket
from thriftline.core.dataclass import dataclass
from thriftline.runs.domain.attempts import AttemptState
from thriftline.runs.engines.registry import Engines
from thriftline.runs.schemas.plan import Plan
from thriftline.runs.steps.preparation_bill import (
    NOTHING_PREPARED,
    PreparationBill,
    preparation_bill,
)
from thriftline.runs.steps.run_costs import attempt_numbers
from thriftline.runs.steps.run_documents import document_if_made
from thriftline.runs.steps.run_ladder import RunLadder
from thriftline.runs.trainers.registry import Trainers


@dataclass(frozen=True)
class Bill:
    """The dollars of all attempts; None is unknown, and ``reason`` says why.

    ``may_run`` is whether an attempt has not ended, or is on record and cannot be seen.
    """

    usd: Decimal | None
    reason: str
    attempts: tuple[AttemptState, ...] = ()
    may_run: bool = False
    trainer: str | None = None
    preparation: PreparationBill = NOTHING_PREPARED


def bill_of(
    run_id: str,
    item: Mapping[str, Any],
    *,
    artifacts: Bucket,
    trainers: Trainers,
    engines: Engines,
) -> Bill:
    """Asks for every attempt of a run, and of its preparation; what still runs has no bill yet.

    Trainer and engine are asked, not the table: a job may exist that nobody came to record.
    """
    preparation = preparation_bill(run_id, item, artifacts=artifacts, engines=engines)
    bill = replace(_training_bill(run_id, item, artifacts, trainers), preparation=preparation)
    if bill.usd is None:
        return bill
    if preparation.usd is None:
        may_run = preparation.may_run
        return replace(bill, usd=None, reason=preparation.reason, may_run=may_run)
    return replace(bill, usd=bill.usd + preparation.usd)


def _training_bill(
    run_id: str, item: Mapping[str, Any], artifacts: Bucket, trainers: Trainers
) -> Bill:
    plan = document_if_made(artifacts, run_id, "plan.json", Plan)
    if plan is None:
        return Bill(Decimal(0), "The run was never planned, so it has no job.")
    ladder = RunLadder.of(run_id, plan.ladder, item)
    made = [one.state for one in ladder.tried(trainers.named(plan.trainer))]
    running = _what_may_run(made, attempt_numbers(item))
    if running:
        return Bill(None, running, tuple(made), may_run=True, trainer=plan.trainer)
    for attempt in made:
        if attempt.billed_usd is None:
            return Bill(None, f"What {attempt.name} was billed is not known.", tuple(made))
    usd = sum((attempt.billed_usd or Decimal(0) for attempt in made), Decimal(0))
    return Bill(usd, "Every attempt has ended and says what it was billed.", tuple(made))


def _what_may_run(made: Sequence[AttemptState], recorded: Sequence[int]) -> str | None:
    for attempt in made:
        if attempt.is_active:
            return f"{attempt.name} has not ended."
    hidden = [number for number in recorded if number > len(made)]
    return f"Attempt {hidden[0]} is on record and the trainer does not show it." if hidden else None
