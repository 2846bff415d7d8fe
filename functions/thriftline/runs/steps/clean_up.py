"""Leaves nothing behind: no running job, no scratch, no checkpoints."""

from datetime import datetime

from thriftline.core.aws.buckets import Bucket
from thriftline.runs.aws.runs_table import RunsTable
from thriftline.runs.domain.layout import checkpoint_prefix, scratch_prefix
from thriftline.runs.schemas.steps import CleanUpRequest, CleanUpResponse
from thriftline.runs.steps.attempt_facts import attempt_facts
from thriftline.runs.steps.own_run import own_run_id
from thriftline.runs.trainers.sagemaker.endings import outcome_of
from thriftline.runs.trainers.sagemaker.training_jobs import TrainingJobs


def clean_up(
    request: CleanUpRequest,
    *,
    runs: RunsTable,
    artifacts: Bucket,
    jobs: TrainingJobs,
    now: datetime,
) -> CleanUpResponse:
    """Stops the run's jobs that still run and deletes what only the run itself needed.

    Safe to repeat: what is gone already is not an error. Another execution's run is left alone.
    While a job is still stopping its name is returned and nothing is deleted: call again.
    """
    run_id = own_run_id(request.run_id, request.upload, request.execution_arn, runs=runs, now=now)
    if run_id is None:
        return CleanUpResponse(stopped_jobs=(), deleted_objects=0)
    stopping = tuple(jobs.stop_active(run_id))
    if stopping:
        # Until it has ended, a job writes checkpoints, and what it costs is not known.
        return CleanUpResponse(stopped_jobs=stopping, deleted_objects=0)
    _record_endings(run_id, jobs, runs)
    deleted = artifacts.delete_prefix(scratch_prefix(run_id))
    deleted += artifacts.delete_prefix(checkpoint_prefix(run_id))
    return CleanUpResponse(stopped_jobs=(), deleted_objects=deleted)


def _record_endings(run_id: str, jobs: TrainingJobs, runs: RunsTable) -> None:
    """Keeps how a job ended that nobody polled to its end."""
    item = runs.get(run_id) or {}
    for attempt, job in enumerate(jobs.of_run(run_id), start=1):
        known = item.get(f"attempt_{attempt:02d}") or {}
        if known.get("ending") is None:
            outcome = outcome_of(job, has_checkpoint=False)
            runs.record_attempt(run_id, attempt, attempt_facts(job, outcome))
