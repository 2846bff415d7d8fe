"""A job run of EMR Serverless: what was asked, its states, what it used."""

import threading
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from local_aws.preparation.bill import Usage, billed, used
from local_aws.preparation.spark_settings import Workers

ENDED = frozenset({"SUCCESS", "FAILED", "CANCELLED"})
_DETAILS_CHARACTERS = 256
_DEFAULT_MINUTES = 720

# Hears of a run whose state changed, and of the state before.
OnState = Callable[["JobRun", str], None]


class JobRun:
    """One run; safe for threads.

    `workers` are what it may have, `settings` Spark's; `grace_seconds` is how long its program has
    once somebody cancels it.
    """

    def __init__(
        self,
        request: Mapping[str, Any],
        identifier: str,
        arn: str,
        workers: Workers,
        settings: Mapping[str, str],
        now: datetime,
    ) -> None:
        self.request = request
        self.id = identifier
        self.arn = arn
        self.workers = workers
        self.settings = settings
        self.created_at = self.updated_at = self.attempt_created_at = now
        self.started_at: datetime | None = None
        self.ended_at: datetime | None = None
        self.queued_seconds = 0.0
        self.running_seconds = 0.0
        self.state = "SUBMITTED"
        self.details = "The job run was submitted."
        self.attempt = 1
        self.executors = 0
        self.used = Usage()
        self.billed = Usage()
        self.cancelled = threading.Event()
        self.grace_seconds = 0.0
        self._lock = threading.Lock()

    @property
    def name(self) -> str:
        """Its name; its id where it was given none."""
        return str(self.request.get("name") or self.id)

    @property
    def application_id(self) -> str:
        """Where it runs."""
        return str(self.request["applicationId"])

    @property
    def minutes(self) -> int:
        """How long it may run."""
        return int(self.request.get("executionTimeoutMinutes") or _DEFAULT_MINUTES)

    @property
    def attempts(self) -> int:
        """How often it is tried."""
        return int((self.request.get("retryPolicy") or {}).get("maxAttempts", 1))

    @property
    def is_active(self) -> bool:
        """Whether it has not ended."""
        return self.state not in ENDED

    def enter(self, state: str, details: str, now: datetime) -> str | None:
        """Pass into a state, and return the one before; None where it has ended, or is ending."""
        with self._lock:
            before = self.state
            is_ending = before == "CANCELLING" and state not in ENDED
            if before in ENDED or is_ending or before == state:
                return None
            self.state, self.updated_at = state, now
            self.details = " ".join(details.split())[:_DETAILS_CHARACTERS]
            if state == "RUNNING" and self.started_at is None:
                self.started_at = now
            if state in ENDED:
                self.ended_at = now
            return before

    def count(self, seconds: float) -> None:
        """Add what an attempt of so many seconds used: no worker lives longer than it may run."""
        lived = min(float(self.minutes * 60), seconds)
        self.running_seconds += lived
        self.used = self.used.plus(used(self.workers, self.executors, lived))
        self.billed = self.billed.plus(billed(self.workers, self.executors, lived))

    def describe(self, application: Mapping[str, Any], tags: Mapping[str, str]) -> dict[str, Any]:
        """Return the answer of GetJobRun; `application` is what its application was made with."""
        request = self.request
        shown: dict[str, Any] = {
            **self.summary(application),
            "jobRunId": self.id,
            "jobDriver": request["jobDriver"],
            "configurationOverrides": request.get("configurationOverrides"),
            "tags": dict(tags),
            "executionTimeoutMinutes": self.minutes,
            "retryPolicy": request.get("retryPolicy"),
            "networkConfiguration": application.get("networkConfiguration"),
            "imageConfiguration": application.get("imageConfiguration"),
            "startedAt": self.started_at,
            "endedAt": self.ended_at,
            "queuedDurationMilliseconds": int(self.queued_seconds * 1000),
        }
        if not self.is_active:
            shown |= {
                "totalExecutionDurationSeconds": int(self.running_seconds + 0.999),
                "totalResourceUtilization": self.used.shown(),
                "billedResourceUtilization": self.billed.shown(),
            }
        return {key: value for key, value in shown.items() if value is not None and key != "id"}

    def summary(self, application: Mapping[str, Any]) -> dict[str, Any]:
        """Return its line in the answer of ListJobRuns."""
        request = self.request
        shown = {
            "applicationId": self.application_id,
            "id": self.id,
            "name": request.get("name"),
            "mode": request.get("mode") or "BATCH",
            "arn": self.arn,
            "createdBy": request["createdBy"],
            "createdAt": self.created_at,
            "updatedAt": self.updated_at,
            "executionRole": request["executionRoleArn"],
            "state": self.state,
            "stateDetails": self.details,
            "releaseLabel": application["releaseLabel"],
            "type": application["type"],
            "attempt": self.attempt,
            "attemptCreatedAt": self.attempt_created_at,
            "attemptUpdatedAt": self.updated_at,
            "flexExecution": request.get("flexExecution"),
        }
        return {key: value for key, value in shown.items() if value is not None}
