"""Leaves nothing behind: no running job, no scratch, no checkpoints."""

from thriftline.aws.buckets import Bucket
from thriftline.aws.training_jobs import TrainingJobs
from thriftline.domain.layout import checkpoint_prefix, scratch_prefix
from thriftline.schemas.steps import CleanUpResponse


def clean_up(run_id: str, *, artifacts: Bucket, jobs: TrainingJobs) -> CleanUpResponse:
    """Stops the run's jobs that still run and deletes what only the run itself needed.

    Safe to repeat: what is gone already is not an error.
    """
    stopped = tuple(jobs.stop_active(run_id))
    deleted = artifacts.delete_prefix(scratch_prefix(run_id))
    deleted += artifacts.delete_prefix(checkpoint_prefix(run_id))
    return CleanUpResponse(stopped_jobs=stopped, deleted_objects=deleted)
