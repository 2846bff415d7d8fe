"""Rules on how jobs are set up: Spot, checkpoints, limits, warm pools."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from itertools import pairwise

from thriftline.audit.domain.costs import training_cost
from thriftline.audit.domain.facts import ResourceKind
from thriftline.audit.domain.findings import ApiCall, Change, Confidence, Effort, Severity, Signal
from thriftline.audit.domain.resources.jobs import TrainingJob
from thriftline.audit.domain.rules.rule import Observation, Rule, Subject, dollars
from thriftline.audit.domain.rules.training import NEEDS, a_month, job_pools, jobs_within
from thriftline.core.wording import counted


def _next_job(members: dict[str, object]) -> tuple[ApiCall, ...]:
    return (ApiCall("sagemaker", "CreateTrainingJob", members, is_partial=True),)


def _measured_spot_saving(subject: Subject) -> Decimal | None:
    """Returns the share that Spot jobs of this account saved, None when it has had none."""
    done = [
        job
        for job in subject.inventory.training_jobs
        if job.managed_spot and job.training_seconds and job.billable_seconds is not None
    ]
    trained = sum((job.training_seconds or 0) * job.instance_count for job in done)
    billed = sum((job.billable_seconds or 0) * job.instance_count for job in done)
    return 1 - Decimal(billed) / trained if trained else None


def _no_spot(subject: Subject) -> Iterator[Observation]:
    saving = _measured_spot_saving(subject)
    jobs = [
        job
        for job in jobs_within(subject)
        if job.checkpoint_s3_uri
        and not job.managed_spot
        and job.instance_type
        and (job.training_seconds or 0) >= subject.parameters.spot_min_seconds
    ]
    for job in jobs:
        cost = training_cost(job, subject.inventory.region, subject.prices)
        limit = job.max_runtime_seconds or subject.parameters.default_max_runtime_seconds
        saved = None if cost is None or saving is None else cost * saving
        yield Observation(
            resource=job.name,
            summary=f"It writes checkpoints and paid on-demand: {dollars(cost)}.",
            used=(
                Signal("CheckpointConfig", job.checkpoint_s3_uri or ""),
                Signal("EnableManagedSpotTraining", "false"),
                *(
                    (Signal("What Spot saved here so far", f"{saving:.0%}"),)
                    if saving is not None
                    else ()
                ),
            ),
            missing=()
            if saving is not None
            else ("What Spot saves here: this account has had no Spot job yet.",),
            confidence=Confidence.MEDIUM,
            monthly_usd=a_month(saved, subject),
            change=Change(
                "Ask for Spot, with as long again to wait for capacity.",
                _next_job(
                    {
                        "EnableManagedSpotTraining": True,
                        "StoppingCondition": {
                            "MaxRuntimeInSeconds": limit,
                            "MaxWaitTimeInSeconds": 2 * limit,
                        },
                    }
                ),
                "Leave EnableManagedSpotTraining and MaxWaitTimeInSeconds out.",
            ),
            pools=job_pools([job]),
        )


def _spot_without_checkpoint(subject: Subject) -> Iterator[Observation]:
    for job in subject.inventory.training_jobs:
        recent = job.ended is None or job.ended >= subject.inventory.window.start
        if job.managed_spot and not job.checkpoint_s3_uri and recent:
            yield Observation(
                resource=job.name,
                summary="An interruption of this Spot job starts it from nothing.",
                used=(
                    Signal("EnableManagedSpotTraining", "true"),
                    Signal("CheckpointConfig", "none"),
                    Signal("Secondary status", job.secondary_status),
                ),
                missing=("Whether the training code writes to /opt/ml/checkpoints.",),
                confidence=Confidence.HIGH,
                monthly_usd=None,
                change=Change(
                    "Give it a checkpoint prefix, and let the code save there and resume.",
                    _next_job(
                        {
                            "CheckpointConfig": {
                                "S3Uri": f"{(job.output_s3_uri or 's3://bucket').rstrip('/')}"
                                "/checkpoints/",
                                "LocalPath": "/opt/ml/checkpoints",
                            }
                        }
                    ),
                    "Leave CheckpointConfig out.",
                ),
            )


def _far_limit(subject: Subject) -> Iterator[Observation]:
    parameters = subject.parameters
    jobs = [job for job in jobs_within(subject) if job.status == "Completed"]
    far = [
        job
        for job in jobs
        if job.training_seconds
        and (job.max_runtime_seconds or 0) >= parameters.default_max_runtime_seconds
        and job.training_seconds < parameters.run_time_limit_share * (job.max_runtime_seconds or 0)
    ]
    for job in far:
        needed = 3 * (job.training_seconds or 0)
        rate = subject.prices.training_rate(job.instance_type or "", subject.inventory.region)
        hours = Decimal((job.max_runtime_seconds or 0) - needed) / 3600
        risk = None if rate is None else rate.usd * job.instance_count * hours
        yield Observation(
            resource=job.name,
            summary=f"It took {job.training_seconds} s of {job.max_runtime_seconds} s allowed: if "
            f"it ever hangs, {dollars(risk)} more are gone before SageMaker stops it.",
            used=(
                Signal("TrainingTimeInSeconds", str(job.training_seconds)),
                Signal("MaxRuntimeInSeconds", str(job.max_runtime_seconds)),
            ),
            confidence=Confidence.HIGH,
            # A risk that did not happen is not a saving.
            monthly_usd=None,
            change=Change(
                "Set the limit to three times what it takes.",
                _next_job({"StoppingCondition": {"MaxRuntimeInSeconds": max(needed, 600)}}),
                f"Set {job.max_runtime_seconds} again.",
            ),
            pools=job_pools([job]),
        )


def _warm_pools(subject: Subject) -> Iterator[Observation]:
    parameters = subject.parameters
    groups: dict[tuple[str, int], list[TrainingJob]] = defaultdict(list)
    for job in jobs_within(subject):
        if (
            job.instance_type
            and job.started
            and not job.managed_spot
            and not job.keep_alive_seconds
        ):
            groups[(job.instance_type, job.instance_count)].append(job)
    gap = timedelta(minutes=parameters.warm_pool_gap_minutes)
    for (name, count), jobs in sorted(groups.items()):
        jobs.sort(key=lambda job: job.created)
        near = [
            later
            for job, later in pairwise(jobs)
            if job.ended and timedelta(0) <= later.created - job.ended <= gap
        ]
        if len(near) + 1 >= parameters.warm_pool_min_jobs:
            yield _warm_pool(name, count, near, subject)


def _warm_pool(name: str, count: int, near: list[TrainingJob], subject: Subject) -> Observation:
    starts = [(job.started - job.created).total_seconds() for job in near if job.started]
    waited = sum(starts)
    return Observation(
        resource=f"training-jobs/{name} x {count}",
        summary=f"{counted(len(near), 'job')} began within "
        f"{counted(subject.parameters.warm_pool_gap_minutes, 'minute')} of the one before and "
        f"waited {counted(waited / 60, 'minute')} for instances.",
        used=(
            Signal("Jobs", ", ".join(job.name for job in near[:10])),
            Signal("Seconds from creation to start", f"{waited:.0f} together"),
        ),
        missing=("What the kept instances cost between jobs: they are billed while they wait.",),
        confidence=Confidence.LOW,
        # A warm pool saves people's time, and costs money.
        monthly_usd=None,
        change=Change(
            "Keep the instances for the next job; it needs a quota, and goes without Spot.",
            _next_job(
                {
                    "ResourceConfig": {
                        "InstanceType": name,
                        "InstanceCount": count,
                        "VolumeSizeInGB": max((job.volume_gib for job in near), default=30),
                        "KeepAlivePeriodInSeconds": 600,
                    }
                }
            ),
            "Leave KeepAlivePeriodInSeconds out.",
        ),
        pools=job_pools(near),
    )


RULES = (
    Rule(
        id="ml.sagemaker.training.no-spot",
        title="Job without Spot though it checkpoints",
        resource_type=ResourceKind.TRAINING_JOB,
        severity=Severity.MEDIUM,
        effort=Effort.DEPLOYMENT,
        rationale="Who can resume can be interrupted, and Spot is the cheapest capacity there is.",
        how="An on-demand job of `spot_min_seconds` or more with a checkpoint prefix. Saved: its "
        "cost x what Spot jobs of this account really saved (1 - billable / training seconds); "
        "without such a job the saving is unknown, not 90 %.",
        evidence="DescribeTrainingJob: Spot, CheckpointConfig, training and billable seconds.",
        change="EnableManagedSpotTraining with a MaxWaitTimeInSeconds above the run time.",
        undo="Leave both out.",
        thresholds=("spot_min_seconds",),
        needs=NEEDS,
        look=_no_spot,
    ),
    Rule(
        id="ml.sagemaker.training.spot-without-checkpoint",
        title="Spot without checkpoint",
        resource_type=ResourceKind.TRAINING_JOB,
        severity=Severity.MEDIUM,
        effort=Effort.PROJECT,
        rationale="Without a checkpoint an interrupted Spot job pays for the same steps twice.",
        how="A managed Spot job without CheckpointConfig that runs, or ended in the window.",
        evidence="DescribeTrainingJob: Spot, CheckpointConfig.",
        change="CheckpointConfig, and code that saves and resumes.",
        undo="Leave CheckpointConfig out.",
        thresholds=(),
        needs=NEEDS,
        look=_spot_without_checkpoint,
    ),
    Rule(
        id="ml.sagemaker.training.run-time-limit",
        title="Run time limit far from use",
        resource_type=ResourceKind.TRAINING_JOB,
        severity=Severity.LOW,
        effort=Effort.CALL,
        rationale="MaxRuntimeInSeconds is the one hard cap on what a hanging job costs.",
        how="A completed job that used less than `run_time_limit_share` of a limit of "
        "`default_max_runtime_seconds` (SageMaker's default) or more. No dollars are claimed: the "
        "loss is a risk.",
        evidence="DescribeTrainingJob: training seconds and limit.",
        change="Set the limit to three times the time taken.",
        undo="Set the old limit.",
        thresholds=("run_time_limit_share", "default_max_runtime_seconds"),
        needs=NEEDS,
        look=_far_limit,
    ),
    Rule(
        id="ml.sagemaker.training.warm-pool",
        title="Warm pool candidates",
        resource_type=ResourceKind.TRAINING_JOB,
        severity=Severity.INFO,
        effort=Effort.DEPLOYMENT,
        rationale="Jobs in a row on the same type start in seconds on instances that were kept.",
        how="`warm_pool_min_jobs` or more on-demand jobs of one type and count, each created "
        "within `warm_pool_gap_minutes` of the end of the one before. No dollars: a warm pool "
        "saves waiting, and is billed while it waits.",
        evidence="DescribeTrainingJob: creation, start and end times.",
        change="KeepAlivePeriodInSeconds in the next job's ResourceConfig.",
        undo="Leave it out.",
        thresholds=("warm_pool_gap_minutes", "warm_pool_min_jobs"),
        needs=NEEDS,
        look=_warm_pools,
    ),
)
