"""A processing job: what was asked, its status, when it ran."""

import threading
from collections.abc import Mapping
from datetime import datetime
from typing import Any

RUNNING = frozenset({"InProgress", "Stopping"})
_CHARACTERS = 1024
_SHOWN = (
    "AppSpecification",
    "Environment",
    "ExperimentConfig",
    "NetworkConfig",
    "ProcessingInputs",
    "ProcessingJobName",
    "ProcessingOutputConfig",
    "RoleArn",
)
_DEFAULT_SECONDS = 86_400


class ProcessingJob:
    """One job; safe for threads. `tags` are those that it was made with."""

    def __init__(self, request: Mapping[str, Any], arn: str, now: datetime) -> None:
        self.request = request
        self.arn = arn
        self.name: str = request["ProcessingJobName"]
        self.tags = {each["Key"]: each["Value"] for each in request.get("Tags") or ()}
        self.status = "InProgress"
        self.created_at = self.modified_at = now
        self.started_at: datetime | None = None
        self.ended_at: datetime | None = None
        self.failure_reason = self.exit_message = ""
        self.stop_requested = threading.Event()
        self._lock = threading.Lock()
        self._instance_type: str | None = None

    @property
    def instances(self) -> tuple[str, int]:
        """The type and the number of its instances; the first preference until it has some."""
        cluster = self.request["ProcessingResources"]["ClusterConfig"]
        preferred = [each["InstanceType"] for each in cluster.get("InstancePreferences") or ()]
        kind = self._instance_type or cluster.get("InstanceType") or preferred[0]
        return str(kind), int(cluster["InstanceCount"])

    @property
    def preferences(self) -> list[str]:
        """The types of instances that it may have, the best first."""
        cluster = self.request["ProcessingResources"]["ClusterConfig"]
        given = [each["InstanceType"] for each in cluster.get("InstancePreferences") or ()]
        return given or [cluster["InstanceType"]]

    @property
    def most_seconds(self) -> int:
        """How long it may run."""
        condition = self.request.get("StoppingCondition") or {}
        return int(condition.get("MaxRuntimeInSeconds", _DEFAULT_SECONDS))

    def begin(self, instance_type: str, now: datetime) -> None:
        """Take down that its instances run."""
        with self._lock:
            self._instance_type = instance_type
            self.started_at = self.modified_at = now

    def stop(self, now: datetime) -> bool:
        """Ask it to stop; False where it has ended, or stops already."""
        with self._lock:
            if self.status != "InProgress":
                return False
            self.status, self.modified_at = "Stopping", now
        self.stop_requested.set()
        return True

    def end(self, status: str, now: datetime, reason: str = "", message: str = "") -> None:
        """End."""
        with self._lock:
            self.status, self.modified_at = status, now
            self.ended_at = now
            self.failure_reason, self.exit_message = reason[:_CHARACTERS], message[:_CHARACTERS]

    def describe(self) -> dict[str, Any]:
        """Return the answer of DescribeProcessingJob."""
        cluster = dict(self.request["ProcessingResources"]["ClusterConfig"])
        if cluster.get("InstancePreferences") and self._instance_type:
            cluster["SelectedInstanceType"] = self._instance_type
            cluster["SelectedInstanceCount"] = cluster["InstanceCount"]
        shown = {
            **{name: self.request.get(name) for name in _SHOWN},
            "ProcessingResources": {"ClusterConfig": cluster},
            "StoppingCondition": {"MaxRuntimeInSeconds": self.most_seconds},
            **self.summary(),
            "ProcessingStartTime": self.started_at,
        }
        return {name: value for name, value in shown.items() if value is not None}

    def summary(self) -> dict[str, Any]:
        """Return its line in the answer of ListProcessingJobs."""
        shown = {
            "ProcessingJobName": self.name,
            "ProcessingJobArn": self.arn,
            "ProcessingJobStatus": self.status,
            "CreationTime": self.created_at,
            "LastModifiedTime": self.modified_at,
            "ProcessingEndTime": self.ended_at,
            "FailureReason": self.failure_reason or None,
            "ExitMessage": self.exit_message or None,
        }
        return {name: value for name, value in shown.items() if value is not None}
