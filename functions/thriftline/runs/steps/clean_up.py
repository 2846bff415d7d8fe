"""Leaves nothing behind: no running job, no scratch, nothing that only the attempts needed."""

from collections.abc import Sequence
from datetime import datetime

from thriftline.core.aws.buckets import Bucket
from thriftline.runs.aws.runs_table import RunsTable
from thriftline.runs.domain.attempts import AttemptState
from thriftline.runs.domain.layout import progress_prefix, scratch_prefix
from thriftline.runs.schemas.plan import Plan
from thriftline.runs.schemas.steps import CleanUpRequest, CleanUpResponse
from thriftline.runs.steps.attempt_facts import attempt_facts
from thriftline.runs.steps.own_run import own_run_id
from thriftline.runs.steps.run_attempts import attempts_made
from thriftline.runs.steps.run_documents import document_if_made
from thriftline.runs.trainers.port import Trainer
from thriftline.runs.trainers.registry import Trainers


def clean_up(
    request: CleanUpRequest,
    *,
    runs: RunsTable,
    artifacts: Bucket,
    trainers: Trainers,
    now: datetime,
) -> CleanUpResponse:
    """Stops the run's jobs that still run and deletes what only the run itself needed.

    Safe to repeat: what is gone already is not an error. Another execution's run is left alone.
    While a job is still stopping its name is returned and nothing is deleted: call again.
    """
    run_id = own_run_id(request.run_id, request.upload, request.execution_arn, runs=runs, now=now)
    if run_id is None:
        return CleanUpResponse(stopped_jobs=(), deleted_objects=0)
    plan = document_if_made(artifacts, run_id, "plan.json", Plan)
    # No attempt is made without a plan.
    if plan is not None:
        trainer = trainers.named(plan.trainer)
        made = attempts_made(trainer, run_id, plan.ladder)
        stopping = _stop(trainer, made)
        if stopping:
            # Until it has ended, a job may write, and what it costs is not known.
            return CleanUpResponse(stopped_jobs=stopping, deleted_objects=0)
        _record_endings(run_id, made, runs)
    deleted = artifacts.delete_prefix(scratch_prefix(run_id))
    deleted += artifacts.delete_prefix(progress_prefix(run_id))
    return CleanUpResponse(stopped_jobs=(), deleted_objects=deleted)


def _stop(trainer: Trainer, made: Sequence[AttemptState]) -> tuple[str, ...]:
    active = tuple(attempt.name for attempt in made if attempt.is_active)
    for name in active:
        trainer.stop(name)
    return active


def _record_endings(run_id: str, made: Sequence[AttemptState], runs: RunsTable) -> None:
    """Keeps how an attempt ended that nobody polled to its end, and what it cost."""
    item = runs.get(run_id) or {}
    for number, attempt in enumerate(made, start=1):
        known = item.get(f"attempt_{number:02d}") or {}
        # The former version kept no dollars of an attempt.
        if known.get("ending") is None or "billed_usd" not in known:
            runs.record_attempt(run_id, number, attempt_facts(attempt))
