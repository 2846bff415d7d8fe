"""Leaves nothing behind: no running job, no scratch, no checkpoints."""

from datetime import datetime

from thriftline.aws.buckets import Bucket
from thriftline.aws.runs_table import RunsTable
from thriftline.aws.training_jobs import TrainingJobs
from thriftline.domain.layout import checkpoint_prefix, scratch_prefix
from thriftline.schemas.steps import CleanUpRequest, CleanUpResponse
from thriftline.steps.own_run import own_run_id


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
    """
    run_id = own_run_id(request.run_id, request.upload, request.execution_arn, runs=runs, now=now)
    if run_id is None:
        return CleanUpResponse(stopped_jobs=(), deleted_objects=0)
    stopped = tuple(jobs.stop_active(run_id))
    deleted = artifacts.delete_prefix(scratch_prefix(run_id))
    deleted += artifacts.delete_prefix(checkpoint_prefix(run_id))
    return CleanUpResponse(stopped_jobs=stopped, deleted_objects=deleted)
