"""Starts one attempt at the training, once."""

from datetime import datetime

from thriftline.core.aws.buckets import Bucket
from thriftline.runs.aws.runs_table import RunsTable
from thriftline.runs.domain.attempts import left_of, rung_of, waited_on_rung
from thriftline.runs.domain.layout import job_name_of
from thriftline.runs.domain.work import AttemptOrder
from thriftline.runs.schemas.plan import Plan
from thriftline.runs.schemas.steps import StartTrainingResponse
from thriftline.runs.steps.attempt_facts import attempt_facts
from thriftline.runs.steps.run_attempts import attempts_made
from thriftline.runs.steps.run_documents import read_plan, read_run
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
    now: datetime,
) -> StartTrainingResponse:
    """Asks the plan's trainer for the attempt; a second call finds the same attempt again.

    Raises:
        QuotaExceededError: the account has none of what the attempt needs to spare.
        AllowanceSpentError: the earlier attempts have used up what the run may cost.
    """
    plan = read_plan(artifacts, run_id)
    trainer = trainers.named(plan.trainer)
    name, rung = job_name_of(run_id, attempt), rung_of(attempt, plan.ladder)
    state = trainer.look(name, run_id, rung)
    if state is None:
        state = trainer.start(_order(attempt, plan, trainer, artifacts, now))
    runs.record_attempt(run_id, attempt, attempt_facts(state))
    return StartTrainingResponse(job_name=state.name, attempt=attempt)


def _order(
    attempt: int, plan: Plan, trainer: Trainer, artifacts: Bucket, now: datetime
) -> AttemptOrder:
    run = read_run(artifacts, plan.run_id)
    ladder = plan.ladder
    earlier = attempts_made(trainer, plan.run_id, ladder, most=attempt - 1)
    return AttemptOrder(
        name=job_name_of(plan.run_id, attempt),
        work=planned_work(run, plan),
        rung=rung_of(attempt, ladder),
        left_usd=left_of(plan.allowance_usd, earlier),
        waited_seconds=waited_on_rung(attempt, earlier, len(ladder), now),
    )
