"""Looks at the attempt's training job once."""

from datetime import datetime

from thriftline.core.aws.buckets import Bucket
from thriftline.core.errors import ServiceUnavailableError
from thriftline.runs.aws.runs_table import RunsTable
from thriftline.runs.domain.layout import checkpoint_prefix
from thriftline.runs.domain.wait_policy import next_wait_seconds
from thriftline.runs.schemas.steps import PollTrainingResponse
from thriftline.runs.steps.attempt_facts import attempt_facts
from thriftline.runs.trainers.job import is_checkpoint
from thriftline.runs.trainers.sagemaker.endings import outcome_of
from thriftline.runs.trainers.sagemaker.training_jobs import TrainingJobs


def poll_training(
    run_id: str,
    job_name: str,
    attempt: int,
    *,
    artifacts: Bucket,
    jobs: TrainingJobs,
    runs: RunsTable,
    now: datetime,
) -> PollTrainingResponse:
    """Keeps what SageMaker reports in the runs table; says whether to look again, and when.

    Raises:
        CapacityError, TrainingInternalError: another attempt may go on from the checkpoint.
        TrainingFailedError, TrainingStoppedError, OutOfWaitTimeError, OutOfRunTimeError,
        QuotaExceededError: the job has ended, and not well.
        ServiceUnavailableError: SageMaker does not show the job.
    """
    job = jobs.describe(job_name)
    if job is None:
        raise ServiceUnavailableError(f"SageMaker shows no training job {job_name}.")
    outcome = None
    if not job.is_active:
        kept = artifacts.list(checkpoint_prefix(run_id))
        has_checkpoint = any(is_checkpoint(found.key) for found in kept)
        outcome = outcome_of(job, has_checkpoint=has_checkpoint)
    runs.record_attempt(run_id, attempt, attempt_facts(job, outcome))
    if outcome and (error := outcome.error(job)):
        raise error
    return PollTrainingResponse(
        done=outcome is not None,
        wait_seconds=0 if outcome else next_wait_seconds(job, now),
        status=job.status,
        secondary_status=job.secondary_status,
    )
