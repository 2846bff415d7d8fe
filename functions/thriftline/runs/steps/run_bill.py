"""What a run was billed, as its trainer says now."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from thriftline.core.aws.buckets import Bucket
from thriftline.runs.domain.attempts import AttemptState
from thriftline.runs.schemas.plan import Plan
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


def bill_of(run_id: str, item: Mapping[str, Any], *, artifacts: Bucket, trainers: Trainers) -> Bill:
    """Asks the trainer for every attempt of a run; what still runs has no bill yet.

    The trainer is asked, not the table: a job may exist that nobody came to record.
    """
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
