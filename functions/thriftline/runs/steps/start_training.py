"""Starts one attempt at the training, once, on the rung whose turn it is."""

from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from thriftline.core.aws.buckets import Bucket
from thriftline.core.dataclass import dataclass
from thriftline.core.errors import AllowanceSpentError, LadderExhaustedError, NoQuotaError
from thriftline.core.wording import counted
from thriftline.runs.aws.runs_table import RunsTable
from thriftline.runs.aws.training_queue import TrainingQueue
from thriftline.runs.domain.attempts import AttemptState, left_of
from thriftline.runs.domain.ladder import (
    Tried,
    account_of,
    next_rung,
    paid_of,
    waited_on_rung,
)
from thriftline.runs.domain.layout import job_name_of
from thriftline.runs.domain.work import AttemptOrder
from thriftline.runs.schemas.plan import Plan
from thriftline.runs.schemas.steps.training import StartTrainingResponse
from thriftline.runs.steps.attempt_facts import attempt_facts
from thriftline.runs.steps.listed_facts import rung_facts
from thriftline.runs.steps.run_documents import read_plan, read_run
from thriftline.runs.steps.run_ladder import RunLadder, passed_note, rung_note
from thriftline.runs.steps.stack_ceilings import require_trainer
from thriftline.runs.steps.training_turns import TrainingTurns, Waiting
from thriftline.runs.steps.training_work import planned_work
from thriftline.runs.trainers.port import Trainer
from thriftline.runs.trainers.registry import Trainers


def start_training(
    run_id: str,
    attempt: int,
    *,
    artifacts: Bucket,
    trainers: Trainers,
    runs: RunsTable,
    queue: TrainingQueue,
    now: datetime,
    allowed: tuple[str, ...],
) -> StartTrainingResponse:
    """Asks the plan's trainer for the attempt; a second call finds the same attempt again.

    It is made on the next rung of the ladder for which money is left and the account has a quota.
    Where all of that quota is in use, the response says how long to wait for the run's turn.

    Raises:
        InvalidRunSpecError: the stack no longer allows the trainer.
        LadderExhaustedError: no rung is left; with what was tried, waited and paid.
        AllowanceSpentError: the earlier attempts have used up what the run may cost.
    """
    plan = read_plan(artifacts, run_id)
    trainer = trainers.named(plan.trainer)
    ladder = RunLadder.of(run_id, plan.ladder, runs.get(run_id))
    found: AttemptState | Waiting | None = ladder.look(trainer, attempt)
    if found is None:
        require_trainer(plan.trainer, allowed)
        climb = _Climb(plan, trainer, attempt, artifacts, runs, TrainingTurns(queue, now))
        ladder, found = climb.start(ladder)
    if isinstance(found, Waiting):
        return StartTrainingResponse(
            job_name=None,
            attempt=attempt,
            wait_seconds=found.wait_seconds,
            reason=found.reason,
        )
    number = ladder.number_of(attempt)
    rung = ladder.rung_of(attempt)
    facts = attempt_facts(found, number, rung, now)
    runs.record_attempt(run_id, attempt, facts, **rung_facts(rung))
    return StartTrainingResponse(job_name=found.name, attempt=attempt)


@dataclass(frozen=True)
class _Climb:
    """One attempt that looks for its rung."""

    plan: Plan
    trainer: Trainer
    attempt: int
    artifacts: Bucket
    runs: RunsTable
    turns: TrainingTurns

    def start(self, ladder: RunLadder) -> tuple[RunLadder, AttemptState | Waiting]:
        """Starts the attempt on the first rung that takes it."""
        plan, attempt = self.plan, self.attempt
        tried = ladder.tried(self.trainer, most=attempt - 1)
        try:
            left_usd = left_of(plan.allowance_usd, [one.state for one in tried])
        except AllowanceSpentError as spent:
            raise self._exhausted(ladder, tried, too_expensive=True) from spent
        too_expensive = False
        while True:
            number = self._chosen(ladder, tried)
            if number is None:
                raise self._exhausted(ladder, tried, too_expensive=too_expensive)
            self.runs.update(plan.run_id, **rung_note(attempt, number))
            ladder = replace(ladder, chosen={**ladder.chosen, attempt: number})
            order = self._order(ladder, tried, left_usd)
            try:
                return ladder, self.turns.take(order, self.trainer)
            except (AllowanceSpentError, NoQuotaError) as error:
                too_expensive = isinstance(error, AllowanceSpentError)
                self.runs.update(plan.run_id, **passed_note(number, str(error)))
                ladder = replace(ladder, passed={**ladder.passed, number: str(error)})

    def _chosen(self, ladder: RunLadder, tried: list[Tried]) -> int | None:
        """Returns the rung that the attempt has, or the one that it takes next."""
        noted = ladder.chosen.get(self.attempt)
        if noted is not None and noted not in ladder.passed:
            return noted
        return next_rung(len(ladder.rungs), self.plan.max_attempts, tried, ladder.passed)

    def _order(self, ladder: RunLadder, tried: list[Tried], left_usd: Decimal) -> AttemptOrder:
        plan, number = self.plan, ladder.number_of(self.attempt)
        return AttemptOrder(
            name=job_name_of(plan.run_id, self.attempt),
            work=planned_work(read_run(self.artifacts, plan.run_id), plan),
            rung=ladder.rung_of(self.attempt),
            left_usd=left_usd,
            waited_seconds=waited_on_rung(number, tried, self.turns.now),
        )

    def _exhausted(
        self, ladder: RunLadder, tried: list[Tried], *, too_expensive: bool
    ) -> LadderExhaustedError | AllowanceSpentError:
        paid = paid_of(tried)
        cost = "what they cost is not known" if paid is None else f"they cost {paid:.4f} USD"
        account = account_of(ladder.rungs, tried, ladder.passed, self.turns.now)
        what = (
            "Too little is left of the dollars that the run may cost"
            if too_expensive
            else "No rung of the ladder is left"
        )
        made = f"{counted(len(tried), 'attempt')} of at most {self.plan.max_attempts}"
        message = f"{what} after {made}; {cost}.\n{account}"
        return AllowanceSpentError(message) if too_expensive else LadderExhaustedError(message)
