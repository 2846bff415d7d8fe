"""Rules on how training goes: failures by reason, jobs that hang, jobs too small for their type."""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal

from thriftline.audit.domain.costs import HOURS_A_MONTH, training_cost
from thriftline.audit.domain.facts import ResourceKind
from thriftline.audit.domain.findings import ApiCall, Change, Confidence, Effort, Severity, Signal
from thriftline.audit.domain.resources.jobs import TrainingJob
from thriftline.audit.domain.rules.rule import (
    Observation,
    Rule,
    Subject,
    dollars,
    pool,
)
from thriftline.core.wording import counted
from thriftline.money.instances import gpus_of
from thriftline.money.sums import sum_of

NEEDS = frozenset({ResourceKind.TRAINING_JOB})
# What differs between two failures of the same kind: numbers, ids, paths, addresses.
_PARTICULARS = re.compile(r"s3://\S+|0x[0-9a-f]+|[0-9a-f]{8}-[0-9a-f-]{27}|\d+")
_LONGEST = 160


def failure_group(reason: str | None) -> str:
    """Returns what failures for the same reason have in common, "" without a reason."""
    first = (reason or "").strip().splitlines()[:1]
    return _PARTICULARS.sub("…", first[0])[:_LONGEST] if first else ""


def jobs_within(subject: Subject) -> list[TrainingJob]:
    """Returns the jobs that ended in the window."""
    window = subject.inventory.window
    return [
        job
        for job in subject.inventory.training_jobs
        if job.ended is not None and window.start <= job.ended < window.end
    ]


def a_month(usd: Decimal | None, subject: Subject) -> Decimal | None:
    """Returns what comes to a month, of what the window cost."""
    if usd is None:
        return None
    return usd * HOURS_A_MONTH / Decimal(str(subject.inventory.window.hours))


def job_pools(jobs: Sequence[TrainingJob]) -> frozenset[str]:
    """Returns the money of several jobs."""
    return frozenset(pool(ResourceKind.TRAINING_JOB, job.name) for job in jobs)


def _failures(subject: Subject) -> Iterator[Observation]:
    jobs = [job for job in jobs_within(subject) if job.status in ("Completed", "Failed")]
    failed = [job for job in jobs if job.status == "Failed"]
    parameters = subject.parameters
    if len(jobs) < parameters.failure_min_jobs:
        return
    if len(failed) <= parameters.failure_rate * len(jobs):
        return
    groups: dict[str, list[TrainingJob]] = defaultdict(list)
    for job in failed:
        groups[failure_group(job.failure_reason)].append(job)
    wasted = sum_of([_cost(job, subject) for job in failed])
    ordered = sorted(groups.items(), key=lambda group: (-len(group[1]), group[0]))
    yield Observation(
        resource="training-jobs",
        summary=f"{len(failed)} of {counted(len(jobs), 'job')} failed and wasted "
        f"{dollars(wasted)}: "
        + "; ".join(f"{len(some)} x {why or 'no reason given'}" for why, some in ordered),
        used=tuple(
            Signal(
                why or "no reason given",
                f"{counted(len(some), 'job')}, "
                f"{dollars(sum_of([_cost(job, subject) for job in some]))}: "
                f"{', '.join(job.name for job in some[:5])}",
            )
            for why, some in ordered
        ),
        confidence=Confidence.HIGH,
        monthly_usd=a_month(wasted, subject),
        severity=Severity.HIGH if len(failed) * 2 > len(jobs) else Severity.MEDIUM,
        change=Change(
            "Take the largest group first: reproduce it on a small instance, fix it, and only "
            "then train again.",
            (_describe(ordered[0][1][0]),),
            "Nothing was changed.",
        ),
        pools=job_pools(failed),
    )


def _cost(job: TrainingJob, subject: Subject) -> Decimal | None:
    return training_cost(job, subject.inventory.region, subject.prices)


def _describe(job: TrainingJob) -> ApiCall:
    return ApiCall("sagemaker", "DescribeTrainingJob", {"TrainingJobName": job.name})


def _short_jobs(subject: Subject) -> Iterator[Observation]:
    parameters = subject.parameters
    by_type: dict[str, list[TrainingJob]] = defaultdict(list)
    for job in jobs_within(subject):
        gpu = gpus_of(job.instance_type) if job.instance_type else None
        short = 0 < (job.training_seconds or 0) < parameters.short_job_seconds
        if gpu and job.instance_type and short and gpu[1] >= parameters.large_instance_gpus:
            by_type[job.instance_type].append(job)
    for name, jobs in sorted(by_type.items()):
        yield _short(name, jobs, subject)


def _short(name: str, jobs: list[TrainingJob], subject: Subject) -> Observation:
    spent = sum_of([_cost(job, subject) for job in jobs])
    single = single_gpu_of(name, subject)
    seconds = [job.training_seconds or 0 for job in jobs]
    return Observation(
        resource=f"training-jobs/{name}",
        summary=f"{counted(len(jobs), 'job')} ran less than "
        f"{counted(subject.parameters.short_job_seconds // 60, 'minute')} on {name}: "
        f"{dollars(spent)}. "
        + (f"{single} has one of the same GPUs." if single else "Try it on one GPU."),
        used=(
            Signal("Jobs", ", ".join(job.name for job in jobs[:10])),
            Signal("Seconds of training", f"{min(seconds)} to {max(seconds)}"),
        ),
        missing=("How the time scales with fewer GPUs: start-up outweighs it in short jobs.",),
        confidence=Confidence.LOW,
        monthly_usd=a_month(_short_saving(name, single, jobs, subject), subject),
        change=Change(
            "Give short and trial runs one GPU.",
            (
                ApiCall(
                    "sagemaker",
                    "CreateTrainingJob",
                    {
                        "ResourceConfig": {
                            "InstanceType": single or "ml.g5.xlarge",
                            "InstanceCount": 1,
                            "VolumeSizeInGB": max(job.volume_gib for job in jobs),
                        }
                    },
                    is_partial=True,
                ),
            ),
            f"Set {name} again.",
        ),
        pools=job_pools(jobs),
    )


def single_gpu_of(name: str, subject: Subject) -> str | None:
    """Returns the cheapest priced type with one GPU of the same kind, None when there is none."""
    region = subject.inventory.region
    mine = gpus_of(name)
    others = [
        (price.usd, other)
        for other in subject.prices.priced_types(region)
        if (gpu := gpus_of(other)) and mine and gpu[1] == 1 and gpu[0] == mine[0]
        if (price := subject.prices.training_rate(other, region))
    ]
    return min(others)[1] if others else None


def _short_saving(
    name: str, single: str | None, jobs: list[TrainingJob], subject: Subject
) -> Decimal | None:
    """Returns what is saved if one GPU takes as long: true where start-up is most of the time."""
    region = subject.inventory.region
    large = subject.prices.training_rate(name, region)
    small = subject.prices.training_rate(single, region) if single else None
    if large is None or small is None:
        return None
    hours = sum(job.instance_count * (job.billable_seconds or 0) for job in jobs)
    return (large.usd - small.usd) * hours / 3600


def _stuck(subject: Subject) -> Iterator[Observation]:
    for job in subject.inventory.training_jobs:
        if job.status != "InProgress":
            continue
        said = _overdue(job, subject.inventory.now, subject)
        if said is None:
            continue
        reason, severity = said
        rate = subject.prices.training_rate(job.instance_type or "", subject.inventory.region)
        hourly = None if rate is None else rate.usd * job.instance_count
        yield Observation(
            resource=job.name,
            summary=f"{reason} Every hour of it costs {dollars(hourly)}.",
            used=(
                Signal("Secondary status", job.secondary_status),
                Signal("Created", f"{job.created:%Y-%m-%d %H:%M} UTC"),
                Signal("Limit", f"{job.max_runtime_seconds} s"),
            ),
            missing=("Whether its loss still falls: its log says.",),
            confidence=Confidence.MEDIUM,
            monthly_usd=None,
            severity=severity,
            change=Change(
                "Read its log; if it does not advance, stop it. SageMaker gives it 120 s to save.",
                (ApiCall("sagemaker", "StopTrainingJob", {"TrainingJobName": job.name}),),
                "Start it again: it goes on from its checkpoint, if it writes one.",
            ),
        )


def _overdue(job: TrainingJob, now: datetime, subject: Subject) -> tuple[str, Severity] | None:
    parameters = subject.parameters
    if job.started is None:
        hours = (now - job.created).total_seconds() / 3600
        patience = parameters.stuck_hours
        if job.managed_spot and job.max_wait_seconds and job.max_runtime_seconds:
            patience = max(patience, (job.max_wait_seconds - job.max_runtime_seconds) // 3600)
        if hours > patience:
            return f"It has been {job.secondary_status} for {hours:.1f} h.", Severity.MEDIUM
        return None
    hours = (now - job.started).total_seconds() / 3600
    limit = (job.max_wait_seconds if job.managed_spot else job.max_runtime_seconds) or 0
    if limit and hours * 3600 > limit:
        return f"It runs for {hours:.1f} h, longer than its own limit.", Severity.HIGH
    if hours > parameters.long_job_hours:
        grave = hours > 3 * parameters.long_job_hours
        return f"It runs for {hours:.1f} h.", Severity.HIGH if grave else Severity.MEDIUM
    return None


RULES = (
    Rule(
        id="ml.sagemaker.training.failure-rate",
        title="Training jobs that fail",
        resource_type=ResourceKind.TRAINING_JOB,
        severity=Severity.MEDIUM,
        effort=Effort.PROJECT,
        rationale="A failed job is billed like a good one; the same failure comes back until "
        "somebody groups the reasons.",
        how="Of the jobs that completed or failed in the window, `failure_min_jobs` or more, a "
        "share above `failure_rate` failed. Reasons are grouped by their first line without "
        "numbers, ids and paths. Wasted: billed seconds x instances x rate, brought to a month.",
        evidence="DescribeTrainingJob of every job: status, FailureReason, BillableTimeInSeconds.",
        change="Fix the largest group first.",
        undo="Nothing is changed by the call.",
        thresholds=("failure_rate", "failure_min_jobs"),
        needs=NEEDS,
        look=_failures,
    ),
    Rule(
        id="ml.sagemaker.training.short-job-large-instance",
        title="Short jobs on large instances",
        resource_type=ResourceKind.TRAINING_JOB,
        severity=Severity.LOW,
        effort=Effort.DEPLOYMENT,
        rationale="In a job of minutes most of the time is download and start-up, which four GPUs "
        "do no faster than one.",
        how="Jobs that trained for less than `short_job_seconds` on a type with "
        "`large_instance_gpus` GPUs or more. Saved: the difference to one GPU of the same kind "
        "for the same seconds.",
        evidence="DescribeTrainingJob: instance type, training and billable seconds.",
        change="Set one GPU in the next job's ResourceConfig.",
        undo="Set the old type.",
        thresholds=("short_job_seconds", "large_instance_gpus"),
        needs=NEEDS,
        look=_short_jobs,
    ),
    Rule(
        id="ml.sagemaker.training.stuck",
        title="Job that runs too long or does not start",
        resource_type=ResourceKind.TRAINING_JOB,
        severity=Severity.MEDIUM,
        effort=Effort.CALL,
        rationale="A hung job is billed until its limit, and the default limit is a day.",
        how="In progress for more than `long_job_hours` (grave at three times that, or beyond its "
        "own limit), or not started after `stuck_hours`; a Spot job may wait as long as it asked.",
        evidence="DescribeTrainingJob: secondary status, start time, limits.",
        change="StopTrainingJob, if its log does not advance.",
        undo="Start it again from its checkpoint.",
        thresholds=("long_job_hours", "stuck_hours"),
        needs=NEEDS,
        look=_stuck,
    ),
)
