"""A training job as the run sees it: an attempt with its price, its limits and its ending."""

from collections.abc import Callable
from datetime import datetime, timedelta
from math import ceil
from typing import Any

from thriftline.core.aws.buckets import Bucket
from thriftline.money.settlement import Charge, total_of
from thriftline.runs.domain.attempts import AttemptState
from thriftline.runs.domain.layout import job_name_of, progress_prefix
from thriftline.runs.domain.quotes import Rung
from thriftline.runs.trainers.sagemaker.documents import instances_of
from thriftline.runs.trainers.sagemaker.endings import facts_of, outcome_of
from thriftline.runs.trainers.sagemaker.job import TrainingJob, is_checkpoint
from thriftline.runs.trainers.sagemaker.layout import MODEL, job_output_prefix
from thriftline.runs.trainers.sagemaker.priced_instances import PricedInstances


def attempt_of(job: TrainingJob, rung: Rung, artifacts: Bucket) -> AttemptState:
    """Returns the attempt that a job is."""
    _, instances = instances_of(rung)
    outcome = outcome_of(job, has_checkpoint=_checkpoints_of(job.run_id, artifacts))
    billed, trained, kept = job.billed_seconds, job.trained_seconds, job.retained_seconds
    fees = _express_charges(job, instances)
    charges = () if billed is None or kept is None else (*instances.charges(billed, kept), *fees)
    return AttemptState(
        name=job.name,
        run_id=job.run_id,
        status=job.status,
        phase=job.secondary_status,
        created_at=job.created_at,
        started_at=job.started_at,
        ended_at=job.ended_at,
        limits=_limits(job),
        charged_usd=instances.most_usd(job.charged_seconds)
        + instances.most_kept_usd(job.charged_kept_seconds)
        + (instances.most_express_usd if job.is_active else total_of(fees)),
        billed_usd=total_of(charges) if charges else None,
        undiscounted_usd=None
        if trained is None or kept is None
        else total_of((*instances.charges(trained, kept), *fees)),
        charges=charges,
        ending=outcome.ending if outcome else None,
        reason=outcome.reason if outcome else "",
        summary=facts_of(job),
        model_uri=artifacts.uri(f"{job_output_prefix(job.run_id, job.name)}{MODEL}")
        if job.status == "Completed"
        else None,
        interruptions=job.interruptions,
        facts={
            "image": job.image,
            "instance_type": job.instance_type,
            "instance_count": job.instance_count,
            "spot": job.spot,
            "max_runtime_seconds": job.max_runtime_seconds,
            "max_wait_seconds": job.max_wait_seconds,
            "failure_reason": job.failure_reason or None,
            "training_seconds": job.training_seconds,
            "billable_seconds": job.billable_seconds,
            "interruptions": job.interruptions,
            **_pool_facts(job),
        },
    )


def _express_charges(job: TrainingJob, instances: PricedInstances) -> tuple[Charge, ...]:
    """Returns what reading the data from a directory bucket costs so far, if they are."""
    if instances.express is None:
        return ()
    waited = ((job.ended_at or job.created_at) - job.created_at).total_seconds()
    return instances.express.charges(
        instances.instance_count,
        starts=0 if job.started_at is None else 1 + job.interruptions,
        seconds=max(0, ceil(waited)),
        is_first=job.name == job_name_of(job.run_id, 1),
    )


def _pool_facts(job: TrainingJob) -> dict[str, Any]:
    if not job.keep_alive_seconds:
        return {}
    return {"warm_pool": job.warm_pool, "warm_pool_seconds": job.retained_seconds}


def _checkpoints_of(run_id: str, artifacts: Bucket) -> Callable[[], bool]:
    def has_checkpoint() -> bool:
        kept = artifacts.list(progress_prefix(run_id))
        return any(is_checkpoint(found.key) for found in kept)

    return has_checkpoint


def _limits(job: TrainingJob) -> tuple[datetime, ...]:
    limits = []
    if job.started_at is not None:
        limits.append(job.started_at + timedelta(seconds=job.max_runtime_seconds))
    if job.max_wait_seconds is not None:
        limits.append(job.created_at + timedelta(seconds=job.max_wait_seconds))
    return tuple(limits)
