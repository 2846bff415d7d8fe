"""A rule on instances that a job left waiting for the next one, which does not come."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

from thriftline.audit.domain.facts import ResourceKind
from thriftline.audit.domain.findings import (
    ActionKind,
    ApiCall,
    Change,
    Confidence,
    Effort,
    Severity,
    Signal,
)
from thriftline.audit.domain.resources.jobs import TrainingJob
from thriftline.audit.domain.rules.rule import Observation, Rule, Subject, dollars, pool

_UNDO = "None: the next job starts instances of its own, which takes minutes."


def release_call(job: str) -> ApiCall:
    """Returns the call that ends a warm pool: the job is over, only its instances still wait."""
    return ApiCall(
        "sagemaker",
        "UpdateTrainingJob",
        {"TrainingJobName": job, "ResourceConfig": {"KeepAlivePeriodInSeconds": 0}},
    )


def _waiting(subject: Subject) -> Iterator[Observation]:
    now = subject.inventory.now
    gap = timedelta(minutes=subject.parameters.warm_pool_gap_minutes)
    for job in subject.inventory.training_jobs:
        if job.warm_pool is None or job.warm_pool.status != "Available" or job.ended is None:
            continue
        end = job.ended + timedelta(seconds=job.keep_alive_seconds or 0)
        if now - job.ended > gap and now < end:
            yield _observation(job, (end - now).total_seconds(), subject)


def _observation(job: TrainingJob, seconds: float, subject: Subject) -> Observation:
    rate = subject.prices.training_rate(job.instance_type or "", subject.inventory.region)
    hours = Decimal(round(seconds)) / 3600
    left = None if rate is None else rate.usd * job.instance_count * hours
    return Observation(
        resource=job.name,
        summary=f"Its {job.instance_count} {job.instance_type} have waited for another job since "
        f"{job.ended:%Y-%m-%d %H:%M} UTC and would wait {hours:.1f} h more: {dollars(left)}.",
        used=(
            Signal("WarmPoolStatus", "Available"),
            Signal("KeepAlivePeriodInSeconds", str(job.keep_alive_seconds)),
            Signal("Ended", f"{job.ended:%Y-%m-%d %H:%M} UTC"),
        ),
        missing=("Whether the next job is about to be started.",),
        confidence=Confidence.MEDIUM,
        # The rest of one wait is not a saving of every month.
        monthly_usd=None,
        change=Change("Release the instances.", (release_call(job.name),), _UNDO),
        pools=frozenset({pool(ResourceKind.TRAINING_JOB, f"{job.name}/warm-pool")}),
    )


RULES = (
    Rule(
        id="ml.sagemaker.training.warm-pool-waiting",
        title="Warm pool that waits for nothing",
        resource_type=ResourceKind.TRAINING_JOB,
        severity=Severity.MEDIUM,
        effort=Effort.CALL,
        rationale="Instances that a job keeps for the next one are billed while they wait.",
        how="A job has ended, its warm pool is Available, no job has taken it over for "
        "`warm_pool_gap_minutes`, and it would wait longer. The dollars are those of the rest of "
        "the wait; they are in no sum, because they are spent once.",
        evidence="DescribeTrainingJob: WarmPoolStatus, KeepAlivePeriodInSeconds, end.",
        change="UpdateTrainingJob with KeepAlivePeriodInSeconds 0.",
        undo=_UNDO,
        thresholds=("warm_pool_gap_minutes",),
        needs=frozenset({ResourceKind.TRAINING_JOB}),
        look=_waiting,
        action=ActionKind.RELEASE_WARM_POOL,
    ),
)
