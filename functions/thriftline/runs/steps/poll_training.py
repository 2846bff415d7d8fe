"""Looks at one attempt at the training once."""

from datetime import datetime

from thriftline.core.aws.buckets import Bucket
from thriftline.core.errors import ServiceUnavailableError
from thriftline.runs.aws.runs_table import RunsTable
from thriftline.runs.domain.attempts import rung_of
from thriftline.runs.domain.endings import error_of
from thriftline.runs.domain.wait_policy import next_wait_seconds
from thriftline.runs.schemas.steps import PollTrainingResponse
from thriftline.runs.steps.attempt_facts import attempt_facts
from thriftline.runs.steps.run_documents import read_plan
from thriftline.runs.trainers.registry import Trainers


def poll_training(
    run_id: str,
    job_name: str,
    attempt: int,
    *,
    artifacts: Bucket,
    trainers: Trainers,
    runs: RunsTable,
    now: datetime,
) -> PollTrainingResponse:
    """Keeps what the trainer reports in the runs table; says whether to look again, and when.

    Raises:
        CapacityError, TrainingInternalError: another attempt may go on where this one ended.
        TrainingFailedError, TrainingStoppedError, OutOfWaitTimeError, OutOfRunTimeError,
        QuotaExceededError: the attempt has ended, and not well.
        ServiceUnavailableError: the trainer does not show the attempt.
    """
    plan = read_plan(artifacts, run_id)
    state = trainers.named(plan.trainer).look(job_name, run_id, rung_of(attempt, plan.ladder))
    if state is None:
        raise ServiceUnavailableError(f"The trainer {plan.trainer} shows no job {job_name}.")
    runs.record_attempt(run_id, attempt, attempt_facts(state))
    if state.ending and (error := error_of(state.ending, f"{state.reason} {state.summary}")):
        raise error
    return PollTrainingResponse(
        done=not state.is_active,
        wait_seconds=next_wait_seconds(state, now) if state.is_active else 0,
        status=state.status,
        phase=state.phase,
    )
