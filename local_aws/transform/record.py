"""A transform job as SageMaker describes it, from its request to its end."""

import threading
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

IN_PROGRESS, STOPPING = "InProgress", "Stopping"
COMPLETED, FAILED, STOPPED = "Completed", "Failed", "Stopped"
RUNNING = frozenset({IN_PROGRESS, STOPPING})
_SUMMARY = ("TransformJobName", "TransformJobArn", "CreationTime", "TransformJobStatus")
_ECHOED = (
    *("TransformJobName", "ModelName", "MaxConcurrentTransforms", "ModelClientConfig"),
    *("MaxPayloadInMB", "BatchStrategy", "Environment", "TransformInput", "TransformOutput"),
    *("DataCaptureConfig", "TransformResources", "DataProcessing", "ExperimentConfig"),
)


class TransformJob:
    """What is known of one job; safe for threads.

    Args:
        request: as CreateTransformJob got it.
        arn: of the job.
        model: what the job transforms with, as DescribeModel says it.
        now: when it was created.
    """

    def __init__(
        self, request: Mapping[str, Any], arn: str, model: Mapping[str, Any], now: datetime
    ) -> None:
        self.name: str = request["TransformJobName"]
        self.arn = arn
        self.request = dict(request)
        self.model = dict(model)
        self.tags = {tag["Key"]: tag["Value"] for tag in request.get("Tags") or ()}
        self.created_at = self.modified_at = now
        self.status = IN_PROGRESS
        self.failure = ""
        self.started: datetime | None = None
        self.ended: datetime | None = None
        self.billed_from: datetime | None = None
        self.billed_seconds = 0.0
        """Of one instance, by the service time; set when the job has ended."""
        self.stop_requested = threading.Event()
        self._lock = threading.Lock()

    @property
    def instances(self) -> tuple[str, int]:
        """Type and number."""
        resources = self.request["TransformResources"]
        return resources["InstanceType"], resources["InstanceCount"]

    def begin(self, now: datetime, service_now: datetime) -> None:
        """The container answers: the job is billed from here on."""
        with self._lock:
            self.started, self.billed_from = now, service_now

    def stop(self, now: datetime) -> bool:
        """Ask the job to stop; returns False where it has ended."""
        with self._lock:
            if self.status not in RUNNING:
                return False
            self.status, self.modified_at = STOPPING, now
            self.stop_requested.set()
            return True

    def end(self, status: str, now: datetime, service_now: datetime, failure: str = "") -> None:
        """Say how it ended; one that was asked to stop has stopped, whatever came first."""
        with self._lock:
            self.status = STOPPED if self.stop_requested.is_set() else status
            self.failure = failure if self.status == FAILED else ""
            self.ended = self.modified_at = now
            if self.billed_from is not None:
                self.billed_seconds = (service_now - self.billed_from) / timedelta(seconds=1)

    def describe(self) -> dict[str, Any]:
        """Return the answer of DescribeTransformJob."""
        with self._lock:
            shown = {name: self.request[name] for name in _ECHOED if name in self.request}
            times = {"TransformStartTime": self.started, "TransformEndTime": self.ended}
            return {
                **shown,
                "TransformJobArn": self.arn,
                "TransformJobStatus": self.status,
                "CreationTime": self.created_at,
                **{name: moment for name, moment in times.items() if moment is not None},
                **({"FailureReason": self.failure} if self.failure else {}),
            }

    def summary(self) -> dict[str, Any]:
        """Return the job's line in the answer of ListTransformJobs."""
        described = self.describe()
        shown = (*_SUMMARY, "TransformEndTime", "FailureReason")
        line = {name: described[name] for name in shown if name in described}
        return {**line, "LastModifiedTime": self.modified_at}
