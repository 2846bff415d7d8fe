"""Compares what the ledger holds with what still exists, and settles what nobody settled."""

from collections.abc import Callable, Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any

from thriftline.core.aws.buckets import Bucket
from thriftline.core.aws.executions import Executions
from thriftline.core.aws.topic import Topic
from thriftline.core.dataclass import dataclass
from thriftline.core.errors import AwsRequestError, ThriftlineError
from thriftline.core.message import Message
from thriftline.money.ledger import Ledger
from thriftline.money.month import Hold
from thriftline.money.sweeping import Life, Seen, Verdict, recent_months, verdict
from thriftline.runs.aws.runs_table import RunsTable
from thriftline.runs.engines.registry import Engines
from thriftline.runs.schemas.plan import Plan
from thriftline.runs.schemas.steps.sweeps import SweepLedgerResponse, SweptHold
from thriftline.runs.steps.preparation_bill import stop_preparation
from thriftline.runs.steps.run_bill import Bill, bill_of
from thriftline.runs.steps.run_documents import problem_of
from thriftline.runs.steps.settle_budget import settle_run
from thriftline.runs.trainers.registry import Trainers

_ENDED = {"SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"}
_MOST_NAMED = 100


@dataclass(frozen=True)
class Sweeper:
    """What the sweep looks at."""

    ledger: Ledger
    runs: RunsTable
    artifacts: Bucket
    trainers: Trainers
    engines: Engines
    executions: Executions
    alerts: Topic

    def holds(self, now: datetime) -> Iterator[tuple[str, Hold]]:
        """Yields every hold of the months that may still have some, the oldest first."""
        for key in recent_months(now):
            holds = self.ledger.month(key).holds.values()
            yield from ((key, hold) for hold in sorted(holds, key=lambda one: one.held_at))

    def look(self, hold: Hold, item: dict[str, Any]) -> Seen:
        """Looks at a held run; what cannot be seen is unknown."""
        life, ended_at = self._life(item)
        if life in {Life.RUNNING, Life.UNKNOWN}:
            return Seen(hold, life, ended_at, True, None, hold.usd)
        if unreadable := problem_of(self.artifacts, hold.run_id, "plan.json", Plan):
            return Seen(hold, life, ended_at, True, None, hold.usd, unreadable)
        bill = bill_of(
            hold.run_id,
            item,
            artifacts=self.artifacts,
            trainers=self.trainers,
            engines=self.engines,
        )
        # Of an execution that was stopped no Clean up has ended the preparation.
        stop_preparation(bill.preparation, self.engines)
        return Seen(hold, life, ended_at, bill.may_run, bill.usd, _most(bill))

    def _life(self, item: dict[str, Any]) -> tuple[Life, datetime | None]:
        arn = item.get("execution_arn")
        found = self.executions.look(str(arn)) if arn else None
        if found is None:
            return Life.MISSING, None
        if found.status in _ENDED and found.ended_at is not None:
            return Life.ENDED, found.ended_at
        return (Life.RUNNING if found.status == "RUNNING" else Life.UNKNOWN), None


def sweep_ledger(
    sweeper: Sweeper, *, now: datetime, report: Callable[[str, Exception], None]
) -> SweepLedgerResponse:
    """Settles the holds of runs of which nothing runs any more; safe to repeat.

    A hold that cannot be judged stays, is reported with its error, and does not keep the sweep
    from the others.
    """
    kept, unknown = 0, 0
    swept: list[SweptHold] = []
    for key, hold in sweeper.holds(now):
        try:
            judged = _sweep(sweeper, key, hold, now)
        except ThriftlineError as error:
            report(hold.run_id, error)
            unknown += 1
            continue
        if judged.settle_usd is None:
            kept += 1
        else:
            swept.append(
                SweptHold(
                    run_id=hold.run_id,
                    held_usd=hold.usd,
                    settled_usd=judged.settle_usd,
                    reason=judged.reason,
                )
            )
    return SweepLedgerResponse(
        kept=kept, unknown=unknown, settled=len(swept), first_settled=tuple(swept[:_MOST_NAMED])
    )


def _sweep(sweeper: Sweeper, key: str, hold: Hold, now: datetime) -> Verdict:
    item = sweeper.runs.get(hold.run_id) or {}
    seen = sweeper.look(hold, item)
    judged = verdict(seen, now)
    if seen.unreadable and judged.settle_usd is None:
        raise AwsRequestError(judged.reason)
    if judged.alerts:
        # First: rather twice than never, where the sweep dies in between.
        sweeper.alerts.send(_told(hold, judged, key))
    if judged.settle_usd is not None:
        settle_run(
            key,
            hold.run_id,
            hold.project,
            judged.settle_usd,
            runs=sweeper.runs,
            ledger=sweeper.ledger,
            now=now,
        )
    return judged


def _told(hold: Hold, judged: Verdict, key: str) -> Message:
    look = (
        "Look at the run's training jobs and its execution yourself; nothing of the run can start "
        "any more."
    )
    return Message(
        kind="budget",
        tone="problem",
        thread=hold.run_id,
        title=f"Thriftline: what run {hold.run_id} was billed cannot be found out",
        sentence=judged.reason,
        dollars=f"They count in {key}.",
        next_steps=(look,),
        text=f"{judged.reason}\n\nThey count in {key}. {look}\n",
    )


def _most(bill: Bill) -> Decimal:
    trained = sum((attempt.charged_usd for attempt in bill.attempts), Decimal(0))
    return trained + bill.preparation.charged_usd
