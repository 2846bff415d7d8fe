"""Looks at one attempt at the training once."""

from dataclasses import replace
from datetime import datetime, timedelta

from thriftline.core.aws.buckets import Bucket
from thriftline.core.errors import ServiceUnavailableError
from thriftline.runs.aws.runs_table import RunsTable
from thriftline.runs.domain.attempts import AttemptState
from thriftline.runs.domain.endings import error_of
from thriftline.runs.domain.ladder import give_up
from thriftline.runs.domain.quotes import Rung
from thriftline.runs.domain.wait_policy import next_wait_seconds
from thriftline.runs.schemas.steps.training import PollTrainingResponse
from thriftline.runs.steps.attempt_facts import attempt_facts
from thriftline.runs.steps.run_documents import read_plan
from thriftline.runs.steps.run_ladder import RunLadder, given_up_note
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

    An attempt that has waited for longer than its rung waits, or was interrupted too often, is
    stopped for the next rung.

    Raises:
        CapacityError, TrainingInternalError, OutOfWaitTimeError, QuotaExceededError: another
            attempt may go on where this one ended.
        TrainingFailedError, TrainingStoppedError, OutOfRunTimeError: the attempt has ended, and
            not well.
        ServiceUnavailableError: the trainer does not show the attempt.
    """
    plan = read_plan(artifacts, run_id)
    trainer = trainers.named(plan.trainer)
    ladder = RunLadder.of(run_id, plan.ladder, runs.get(run_id))
    rung = ladder.rung_of(attempt)
    state = ladder.advance(trainer, attempt, job_name)
    if state is None:
        raise ServiceUnavailableError(f"The trainer {plan.trainer} shows no job {job_name}.")
    given_up = ladder.given_up.get(attempt)
    if given_up is None:
        given_up = give_up(state, rung, now, has_further=ladder.has_further(attempt))
        if given_up is not None:
            runs.update(run_id, **given_up_note(attempt, given_up))
    if given_up is not None and state.is_active:
        trainer.stop(state.name)
    facts = attempt_facts(state, ladder.number_of(attempt), rung, now)
    workflow = "Poll training" if state.is_active else "Evaluate"
    runs.record_attempt(run_id, attempt, facts, state=workflow)
    if state.ending and (error := error_of(state.ending, f"{state.reason} {state.summary}")):
        raise error
    return PollTrainingResponse(
        done=not state.is_active,
        wait_seconds=next_wait_seconds(_limited(state, rung), now) if state.is_active else 0,
        status=state.status,
        phase=state.phase,
    )


def _limited(state: AttemptState, rung: Rung) -> AttemptState:
    """Returns the attempt with the end of its rung's wait as one of its limits."""
    if rung.wait_seconds is None or state.started_at is not None:
        return state
    end = state.created_at + timedelta(seconds=rung.wait_seconds)
    return replace(state, limits=(*state.limits, end))
