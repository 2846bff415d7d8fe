"""Starts the training job of one attempt, once."""

from collections.abc import Mapping
from datetime import datetime

from thriftline.core.aws.buckets import Bucket
from thriftline.runs.aws.runs_table import RunsTable
from thriftline.runs.domain.layout import job_name_of
from thriftline.runs.domain.plan import seconds_left, wait_left
from thriftline.runs.schemas.plan import PlannedTraining
from thriftline.runs.schemas.run import SPLITS
from thriftline.runs.schemas.run_spec import RunSpec
from thriftline.runs.schemas.steps import StartTrainingResponse
from thriftline.runs.steps.attempt_facts import attempt_facts
from thriftline.runs.steps.run_documents import read_plan, read_run
from thriftline.runs.trainers.sagemaker.training_jobs import TrainingJobs
from thriftline.runs.trainers.sagemaker.training_request import TrainingOrder, training_request


def start_training(
    run_id: str,
    attempt: int,
    *,
    artifacts: Bucket,
    jobs: TrainingJobs,
    runs: RunsTable,
    role_arn: str,
    image_uri: str,
    kms_key_id: str | None,
    cost_tags: Mapping[str, str],
    now: datetime,
) -> StartTrainingResponse:
    """Asks SageMaker for the attempt's job; a second call finds the same job again.

    Raises:
        QuotaExceededError: the account has no instance of the type to spare.
        OutOfRunTimeError: the earlier attempts have used up what the run may take.
    """
    name = job_name_of(run_id, attempt)
    job = jobs.describe(name)
    if job is None or job.run_id != run_id:
        run = read_run(artifacts, run_id)
        plan = read_plan(artifacts, run_id)
        earlier = jobs.of_run(run_id, attempts=attempt - 1)
        runtime = seconds_left(plan.max_runtime_seconds, earlier)
        waited = (now - earlier[0].created_at).total_seconds() if earlier else 0.0
        order = TrainingOrder(
            job_name=name,
            run_id=run_id,
            project=run.project,
            role_arn=role_arn,
            image_uri=image_uri,
            artifacts_bucket=artifacts.name,
            hyperparameters=hyperparameters_of(run.spec, plan.training),
            splits=SPLITS,
            instance_type=plan.instance_type,
            instance_count=plan.instance_count,
            volume_gib=plan.volume_gib,
            max_runtime_seconds=runtime,
            max_wait_seconds=wait_left(plan.max_wait_seconds, runtime, waited),
            base_model_uri=plan.base_model_uri,
            champion_uri=plan.champion.model_data_url if plan.champion else None,
            kms_key_id=kms_key_id,
            usd_per_hour=plan.rate.usd,
            cost_tags=cost_tags,
        )
        job = jobs.start(training_request(order))
    runs.record_attempt(run_id, attempt, attempt_facts(job))
    return StartTrainingResponse(job_name=job.name, attempt=attempt)


def hyperparameters_of(spec: RunSpec, planned: PlannedTraining) -> dict[str, object]:
    """Returns what the training program is told, by the names that it knows."""
    chosen = planned.model_dump(exclude={"steps"})
    return {
        "base_model": spec.base_model,
        **spec.hyperparameters.model_dump(),
        **chosen,
        "batch_rows": "none" if planned.batch_rows is None else planned.batch_rows,
        "seed": spec.seed,
        "text_pair": spec.columns.text_pair is not None,
        "multi_label": spec.multi_label,
    }
