"""What SageMaker knows of a training job, and how its API says it."""

import math
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from local_aws.http.shape_constraints import output_members
from local_aws.training.metrics import MetricReader
from local_aws.training.warm_pool import WarmPool, keep_alive_seconds, leaves_a_pool

_NOT_REPEATED = frozenset({"Tags", "TrainingJobName"})
_FAILURE_REASON_LENGTH = 1024


@dataclass(frozen=True)
class Transition:
    """A stay in one secondary status."""

    status: str
    started_at: datetime
    message: str
    ended_at: datetime | None = None

    def describe(self) -> dict[str, Any]:
        """Return it in the API's form."""
        shown = {
            "Status": self.status,
            "StartTime": self.started_at,
            "StatusMessage": self.message,
        }
        return shown | ({"EndTime": self.ended_at} if self.ended_at else {})


@dataclass(frozen=True)
class Ending:
    """How a job ends."""

    status: str
    secondary_status: str
    message: str
    failure_reason: str | None = None


class TrainingRecord:
    """One training job; every method is safe for threads.

    `on_warm_instances` is whether it takes over those of another job.
    """

    def __init__(
        self,
        request: Mapping[str, Any],
        arn: str,
        clock: Callable[[], datetime],
        *,
        spot_billable_fraction: float,
        on_warm_instances: bool = False,
    ) -> None:
        now = clock()
        self._clock = clock
        self.on_warm_instances = on_warm_instances
        self._pool: WarmPool | None = None
        self._keep_alive_seconds = keep_alive_seconds(request)
        self.request = request
        self.name: str = request["TrainingJobName"]
        self.arn = arn
        # moto's AddTags, ListTags and DeleteTags work on this list.
        self.tags: list[dict[str, str]] = list(request.get("Tags") or [])
        self.created_at = now
        self.is_spot = bool(request.get("EnableManagedSpotTraining"))
        self.metrics = MetricReader(
            request["AlgorithmSpecification"].get("MetricDefinitions") or ()
        )
        self._billable_fraction = spot_billable_fraction if self.is_spot else 1.0
        self._lock = threading.Lock()
        self._status = "InProgress"
        self._modified_at = now
        self._started_at: datetime | None = None
        self._ended_at: datetime | None = None
        self._running_seconds: float | None = None
        self._failure_reason: str | None = None
        self._model_artifacts: str | None = None
        self._transitions = [Transition("Starting", now, "Starting the training job")]

    @property
    def status(self) -> str:
        """TrainingJobStatus."""
        with self._lock:
            return self._status

    @property
    def secondary_status(self) -> str:
        """SecondaryStatus."""
        with self._lock:
            return self._transitions[-1].status

    @property
    def last_modified_at(self) -> datetime:
        """When the record last changed."""
        with self._lock:
            return self._modified_at

    def enter(self, secondary_status: str, message: str, now: datetime) -> None:
        """Go on to a secondary status; a job that is being stopped only uploads."""
        with self._lock:
            if self._status == "Stopping" and secondary_status != "Uploading":
                return
            self._enter(Transition(secondary_status, now, message))

    def tell(self, message: str, now: datetime) -> None:
        """Change the message of the present secondary status."""
        with self._lock:
            self._transitions[-1] = replace(self._transitions[-1], message=message)
            self._modified_at = now

    def start_training(self, now: datetime) -> None:
        """Note when the first instance was there: billing starts."""
        with self._lock:
            self._started_at = self._started_at or now

    def ask_to_stop(self, now: datetime) -> bool:
        """Go on to Stopping; returns False where the job has ended already."""
        with self._lock:
            if self._status not in {"InProgress", "Stopping"}:
                return False
            if self._status == "InProgress":
                self._status = "Stopping"
                self._enter(Transition("Stopping", now, "Stopping the training job"))
            return True

    def end(
        self,
        ending: Ending,
        now: datetime,
        *,
        running_seconds: float,
        model_artifacts: str | None,
        has_pool_room: bool = True,
    ) -> None:
        """Note how the job ended; `running_seconds` is the time that it had instances.

        Those are kept where the job asks for it and the account `has_pool_room`.
        """
        with self._lock:
            self._status = ending.status
            if ending.failure_reason is not None:
                self._failure_reason = ending.failure_reason[:_FAILURE_REASON_LENGTH]
            self._enter(Transition(ending.secondary_status, now, ending.message, ended_at=now))
            self._ended_at = now
            if self._started_at is not None:
                self._running_seconds = running_seconds
            self._model_artifacts = model_artifacts
            if self._started_at is not None and self._is_pooled:
                is_kept = has_pool_room and leaves_a_pool(ending.status, ending.failure_reason)
                self._pool = WarmPool(self._clock, self._keep_alive_seconds if is_kept else 0)

    @property
    def keep_alive_seconds(self) -> int:
        """For how long its instances are to be kept after it."""
        return self._keep_alive_seconds

    @property
    def _is_pooled(self) -> bool:
        return self.on_warm_instances or self._keep_alive_seconds > 0

    @property
    def has_waiting_pool(self) -> bool:
        """Whether its instances wait for the next job."""
        with self._lock:
            return self._pool is not None and self._pool.status == "Available"

    def give_pool_to(self, job: str) -> None:
        """Let another job have the instances that wait."""
        with self._lock:
            assert self._pool is not None
            self._pool.take(job)
            self._modified_at = self._clock()

    def keep_pool_for(self, seconds: int) -> bool:
        """Change how long the instances are kept; return False where none wait."""
        with self._lock:
            if self._pool is None or not self._pool.keep_for(seconds):
                return False
            self._keep_alive_seconds = seconds
            self._modified_at = self._clock()
            return True

    def describe(self) -> dict[str, Any]:
        """Return the answer of DescribeTrainingJob."""
        with self._lock:
            known = output_members("sagemaker", "DescribeTrainingJob") - _NOT_REPEATED
            answer = {key: value for key, value in self.request.items() if key in known}
            answer |= {
                "EnableManagedSpotTraining": self.is_spot,
                "EnableNetworkIsolation": bool(self.request.get("EnableNetworkIsolation")),
                "EnableInterContainerTrafficEncryption": bool(
                    self.request.get("EnableInterContainerTrafficEncryption")
                ),
                "SecondaryStatusTransitions": [each.describe() for each in self._transitions],
                "FinalMetricDataList": self.metrics.final,
                "FailureReason": self._failure_reason,
                "TrainingStartTime": self._started_at,
                **self._summary(),
                **self._times(),
            }
            if self._keep_alive_seconds != keep_alive_seconds(self.request):
                kept = {"KeepAlivePeriodInSeconds": self._keep_alive_seconds}
                answer["ResourceConfig"] = {**self.request["ResourceConfig"], **kept}
            if self._model_artifacts:
                answer["ModelArtifacts"] = {"S3ModelArtifacts": self._model_artifacts}
            return {key: value for key, value in answer.items() if value not in (None, [])}

    def summary(self) -> dict[str, Any]:
        """Return the job's line in the answer of ListTrainingJobs."""
        with self._lock:
            return {key: value for key, value in self._summary().items() if value is not None}

    def _summary(self) -> dict[str, Any]:
        return {
            "TrainingJobName": self.name,
            "TrainingJobArn": self.arn,
            "CreationTime": self.created_at,
            "TrainingEndTime": self._ended_at if self._started_at else None,
            "LastModifiedTime": self._modified_at,
            "TrainingJobStatus": self._status,
            "SecondaryStatus": self._transitions[-1].status,
            "WarmPoolStatus": self._pool_status(),
            "TrainingPlanArn": self.request["ResourceConfig"].get("TrainingPlanArn"),
        }

    def _pool_status(self) -> dict[str, Any] | None:
        if self._pool is not None:
            return self._pool.describe()
        is_running = self._status in {"InProgress", "Stopping"}
        return {"Status": "InUse"} if self.on_warm_instances and is_running else None

    def _times(self) -> dict[str, Any]:
        if self._running_seconds is None:
            return {}
        return {
            "TrainingTimeInSeconds": max(1, math.ceil(self._running_seconds)),
            "BillableTimeInSeconds": max(
                1, math.ceil(self._running_seconds * self._billable_fraction)
            ),
        }

    def _enter(self, transition: Transition) -> None:
        last = self._transitions[-1]
        if last.ended_at is None:
            self._transitions[-1] = replace(last, ended_at=transition.started_at)
        self._transitions.append(transition)
        self._modified_at = transition.started_at
