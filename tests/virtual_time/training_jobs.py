"""SageMaker's training jobs on the virtual clock: each lives its life by chance."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tests.virtual_time.refusals import refusal
from tests.virtual_time.timeline import Timeline

# SageMaker gives a job two minutes to stop, and bills to the end of its upload.
_MOST_STOP_SECONDS = 120
_MOST_UPLOAD_SECONDS = 300
_ENDINGS = {
    "completes": 60,
    "capacity": 8,
    "never starts": 5,
    "interrupted for good": 6,
    "hangs": 6,
    "algorithm error": 5,
    "internal error": 5,
    "stopped by somebody": 3,
    "unknown": 2,
}


@dataclass
class Job:
    """One job. ``trained`` counts the seconds that its instances trained until now."""

    request: dict[str, Any]
    created_at: datetime
    fate: str
    spot: bool
    status: str = "InProgress"
    secondary: str = "Starting"
    failure: str = ""
    transitions: list[str] = field(default_factory=lambda: ["Starting"])
    started_at: datetime | None = None
    ended_at: datetime | None = None
    trained: float = 0.0
    billable: int | None = None
    bill_known_at: float = 0.0
    resumed_at: float | None = None
    pool_until: float | None = None
    pool_from: float = 0.0

    @property
    def name(self) -> str:
        return str(self.request["TrainingJobName"])

    @property
    def is_active(self) -> bool:
        return self.status in {"InProgress", "Stopping"}

    @property
    def kind(self) -> tuple[str, bool]:
        return self.request["ResourceConfig"]["InstanceType"], self.spot


class MemoryTrainingJobs:
    """Create, describe, stop, and the pools; ``on_end`` hears of every job that ends."""

    def __init__(
        self,
        timeline: Timeline,
        chance: random.Random,
        quota: Callable[[str, bool], int],
        finish: Callable[[Job], None],
        checkpoint: Callable[[Job], None],
        on_end: Callable[[Job], None],
    ) -> None:
        self.jobs: dict[str, Job] = {}
        self._timeline, self._chance, self._quota = timeline, chance, quota
        self._finish, self._checkpoint, self._on_end = finish, checkpoint, on_end

    def create_training_job(self, **request: Any) -> dict[str, Any]:
        name = request["TrainingJobName"]
        if name in self.jobs:
            raise refusal("CreateTrainingJob", "ResourceInUse", "The name exists already.")
        spot = bool(request["EnableManagedSpotTraining"])
        kind = request["ResourceConfig"]["InstanceType"]
        count = request["ResourceConfig"]["InstanceCount"]
        limit = self._quota(kind, spot)
        used = sum(
            one.request["ResourceConfig"]["InstanceCount"]
            for one in self.jobs.values()
            if one.is_active and one.kind == (kind, spot)
        )
        if used + count > limit:
            label = f"{kind} for {'spot ' if spot else ''}training job usage"
            raise refusal(
                "CreateTrainingJob",
                "ResourceLimitExceeded",
                f"The account-level service limit '{label}' is {limit} Instances, with current "
                f"utilization of {used} Instances and a request delta of {count} Instances.",
            )
        fates = dict(_ENDINGS) if spot else {**_ENDINGS, "interrupted for good": 0}
        fate = self._chance.choices(list(fates), list(fates.values()))[0]
        job = Job(request, self._timeline.now, fate, spot)
        self.jobs[name] = job
        self._begin(job)
        return {"TrainingJobArn": f"arn:aws:sagemaker:us-east-1:123456789012:training-job/{name}"}

    def describe_training_job(self, *, TrainingJobName: str) -> dict[str, Any]:
        job = self._found("DescribeTrainingJob", TrainingJobName)
        found: dict[str, Any] = {
            **job.request,
            "TrainingJobStatus": job.status,
            "SecondaryStatus": job.secondary,
            "CreationTime": job.created_at,
            "SecondaryStatusTransitions": [{"Status": one} for one in job.transitions],
        }
        if job.failure:
            found["FailureReason"] = job.failure
        if job.started_at:
            found["TrainingStartTime"] = job.started_at
        if job.ended_at:
            found["TrainingEndTime"] = job.ended_at
        if not job.is_active and self._timeline.seconds >= job.bill_known_at and job.started_at:
            found["TrainingTimeInSeconds"] = round(job.trained)
            found["BillableTimeInSeconds"] = job.billable
        if job.pool_until is not None:
            found["WarmPoolStatus"] = self._pool(job)
        return found

    def stop_training_job(self, *, TrainingJobName: str) -> dict[str, Any]:
        job = self._found("StopTrainingJob", TrainingJobName)
        if job.status != "InProgress":
            raise refusal("StopTrainingJob", "ValidationException", f"It is {job.status}.")
        self._stop(job, "Stopped")
        return {}

    def update_training_job(self, *, TrainingJobName: str, ResourceConfig: Any) -> dict[str, Any]:
        job = self._found("UpdateTrainingJob", TrainingJobName)
        if job.pool_until is None or job.pool_until <= self._timeline.seconds:
            raise refusal("UpdateTrainingJob", "ValidationException", "It has no warm pool.")
        job.pool_until = self._timeline.seconds
        return {}

    def retained_seconds(self, job: Job) -> int:
        """What was billed for a job's warm pool."""
        if job.pool_until is None:
            return 0
        return round(min(self._timeline.seconds, job.pool_until) - job.pool_from)

    def _pool(self, job: Job) -> dict[str, Any]:
        assert job.pool_until is not None
        if self._timeline.seconds < job.pool_until:
            return {"Status": "Available"}
        seconds = self.retained_seconds(job)
        return {"Status": "Terminated", "ResourceRetainedBillableTimeInSeconds": seconds}

    def _found(self, operation: str, name: str) -> Job:
        if name not in self.jobs:
            raise refusal(operation, "ValidationException", "Requested resource not found.")
        return self.jobs[name]

    # ---- A job's life

    def _later(self, job: Job, seconds: float, act: Callable[[], None]) -> None:
        """Does something to a job that is still in progress by then."""
        self._timeline.after(seconds, lambda: act() if job.status == "InProgress" else None)

    def _move(self, job: Job, secondary: str) -> None:
        job.secondary = secondary
        job.transitions.append(secondary)

    def _begin(self, job: Job) -> None:
        limits = job.request["StoppingCondition"]
        if "MaxWaitTimeInSeconds" in limits:
            self._later(
                job, limits["MaxWaitTimeInSeconds"], lambda: self._stop(job, "MaxWaitTimeExceeded")
            )
        if job.fate == "capacity":
            why = "CapacityError: Unable to provision requested ML compute capacity."
            self._later(job, self._chance.uniform(60, 7200), lambda: self._fail(job, why))
        elif job.fate == "never starts":
            why = "CapacityError: Nothing came up in a day."
            self._later(job, 86400, lambda: self._fail(job, why))
        else:
            self._later(job, self._chance.uniform(40, 900), lambda: self._train(job))

    def _train(self, job: Job) -> None:
        now = self._timeline.seconds
        job.started_at = job.started_at or self._timeline.now
        job.resumed_at = now
        self._move(job, "Training")
        limit = job.request["StoppingCondition"]["MaxRuntimeInSeconds"]
        self._limit(job, limit - job.trained)
        ahead = self._chance.uniform(30, limit * 0.9)
        acts: dict[str, Callable[[], None]] = {
            "completes": lambda: self._complete(job),
            "interrupted for good": lambda: self._interrupt(job, for_good=True),
            "algorithm error": lambda: self._fail(job, "AlgorithmError: The loss is not a number."),
            "internal error": lambda: self._fail(job, "InternalServerError: Try again."),
            "stopped by somebody": lambda: self._stop(job, "Stopped"),
            "unknown": lambda: self._fail(job, "Something else"),
        }
        if job.spot and self._chance.random() < 0.3:
            self._during(job, ahead * 0.5, lambda: self._interrupt(job, for_good=False))
        if job.fate in acts:
            self._during(job, ahead, acts[job.fate])

    def _during(self, job: Job, seconds: float, act: Callable[[], None]) -> None:
        """Does something unless the job was interrupted meanwhile."""
        began = job.resumed_at
        self._later(job, seconds, lambda: act() if job.resumed_at == began else None)

    def _limit(self, job: Job, seconds: float) -> None:
        self._during(job, max(0.0, seconds), lambda: self._stop(job, "MaxRuntimeExceeded"))

    def _count(self, job: Job) -> None:
        if job.resumed_at is not None:
            if self._chance.random() < 0.7:
                self._checkpoint(job)
            job.trained += self._timeline.seconds - job.resumed_at
            job.resumed_at = None

    def _interrupt(self, job: Job, *, for_good: bool) -> None:
        self._count(job)
        self._move(job, "Interrupted")
        if for_good:
            self._end(job, "Stopped", "Interrupted")
        else:
            self._move(job, "Starting")
            self._later(job, self._chance.uniform(60, 3600), lambda: self._train(job))

    def _complete(self, job: Job) -> None:
        self._count(job)
        self._finish(job)
        self._end(job, "Completed", "Completed")

    def _fail(self, job: Job, why: str) -> None:
        self._count(job)
        job.failure = why
        self._end(job, "Failed", "Failed")

    def _stop(self, job: Job, secondary: str) -> None:
        """Stops a job, which takes a while that is billed."""
        job.status = job.secondary = "Stopping"
        slow = self._chance.random() < 0.1
        seconds = self._chance.uniform(1, _MOST_STOP_SECONDS)
        seconds += self._chance.uniform(0, _MOST_UPLOAD_SECONDS) if slow else 0.0

        def ended() -> None:
            self._count(job)
            # A program that was about to end may complete all the same.
            if secondary == "Stopped" and job.started_at and self._chance.random() < 0.05:
                self._finish(job)
                self._end(job, "Completed", "Completed")
            else:
                self._end(job, "Stopped", secondary)

        self._timeline.after(seconds, ended)

    def _end(self, job: Job, status: str, secondary: str) -> None:
        job.status, job.ended_at = status, self._timeline.now
        self._move(job, secondary)
        share = self._chance.uniform(0.2, 1.0) if job.spot else 1.0
        job.billable = int(job.trained * share)
        late = self._chance.random()
        job.bill_known_at = self._timeline.seconds + (
            0 if late < 0.9 else self._chance.uniform(600, 7200) if late < 0.98 else float("inf")
        )
        keep = job.request["ResourceConfig"].get("KeepAlivePeriodInSeconds", 0)
        if keep and job.started_at:
            job.pool_from = self._timeline.seconds
            job.pool_until = self._timeline.seconds + keep
        self._on_end(job)
