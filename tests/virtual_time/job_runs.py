"""EMR Serverless's job runs on the virtual clock: each lives its life by chance."""

import json
import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from tests.virtual_time.refusals import refusal
from tests.virtual_time.timeline import Timeline

ACTIVE = frozenset({"SUBMITTED", "PENDING", "SCHEDULED", "RUNNING", "CANCELLING"})
# A cancelled run lets its workers go within seconds.
_MOST_CANCEL_SECONDS = 30
_FREE_DISK_GB = 20
# The state and the text with which a run ends, and how often.
_FAILED = {
    "no workers": "The application reached its maximum capacity.",
    "no driver": "The instance of the driver was terminated.",
    "internal error": "InternalServerException: the service failed.",
    "quota": "ServiceQuotaExceededException: Max concurrent vCPUs per account",
    "bad data": "Job failed, exit code 1.",
    "killed": "Job failed, exit code 137.",
    "unknown": "Something else.",
}
_FATES = {
    "completes": 55,
    "no workers": 6,
    "no driver": 6,
    "internal error": 5,
    "quota": 2,
    "bad data": 5,
    "killed": 3,
    "unknown": 3,
    "hangs": 6,
    "stopped by somebody": 4,
    "leaves no manifest": 2,
    "leaves no rows": 3,
}
_CONF = re.compile(r"--conf (\S+?)=(\S+)")


@dataclass
class JobRun:
    """One job run. ``share`` is how many of its executors it really had."""

    id: str
    request: dict[str, Any]
    created_at: datetime
    fate: str
    share: float
    state: str = "SUBMITTED"
    details: str = ""
    started_at: datetime | None = None
    ended_at: datetime | None = None
    bill_known_at: float = 0.0

    @property
    def name(self) -> str:
        return str(self.request["name"])

    @property
    def run_id(self) -> str:
        return str(self.request["tags"]["thriftline:run-id"])

    @property
    def is_active(self) -> bool:
        return self.state in ACTIVE

    @property
    def hours(self) -> dict[str, float]:
        """What AWS bills: each worker for a minute at the least."""
        if self.started_at is None or self.ended_at is None:
            return {"vCPUHour": 0.0, "memoryGBHour": 0.0, "storageGBHour": 0.0}
        parameters = self.request["jobDriver"]["sparkSubmit"]["sparkSubmitParameters"]
        conf = dict(_CONF.findall(parameters))
        hours = max(60.0, (self.ended_at - self.started_at).total_seconds()) / 3600
        executors = int(conf["spark.dynamicAllocation.maxExecutors"]) * self.share
        gb = sum(int(conf[f"spark.driver.{one}"][:-1]) for one in ("memory", "memoryOverhead"))
        disk = int(conf["spark.emr-serverless.executor.disk"][:-1]) - _FREE_DISK_GB
        return {
            "vCPUHour": int(conf["spark.driver.cores"]) * (1 + executors) * hours,
            "memoryGBHour": gb * (1 + executors) * hours,
            "storageGBHour": max(0, disk) * executors * hours,
        }


class MemoryJobRuns:
    """Start, look, list and cancel; ``finish`` writes what a program leaves."""

    def __init__(
        self, timeline: Timeline, chance: random.Random, finish: Callable[[JobRun], None]
    ) -> None:
        self.runs: dict[str, JobRun] = {}
        self._timeline, self._chance, self._finish = timeline, chance, finish
        self._tokens: dict[str, str] = {}

    def start_job_run(self, **request: Any) -> dict[str, Any]:
        # The same token is the same run.
        known = self._tokens.get(request["clientToken"])
        if known is not None:
            return {"jobRunId": known}
        if self._chance.random() < 0.04:
            raise refusal("StartJobRun", "ValidationException", "The quota of vCPUs is in use.")
        fate = self._chance.choices(list(_FATES), list(_FATES.values()))[0]
        run = JobRun(
            f"00{len(self.runs):06d}",
            request,
            self._timeline.now,
            fate,
            self._chance.uniform(0.2, 1.0),
        )
        self.runs[run.id] = run
        self._tokens[request["clientToken"]] = run.id
        self._later(run, self._chance.uniform(20, 900), lambda: self._begin(run))
        return {"jobRunId": run.id}

    def get_job_run(self, *, applicationId: str, jobRunId: str) -> dict[str, Any]:
        run = self._found("GetJobRun", jobRunId)
        found: dict[str, Any] = {
            "jobRunId": run.id,
            "name": run.request["name"],
            "state": run.state,
            "stateDetails": run.details,
            "executionTimeoutMinutes": run.request["executionTimeoutMinutes"],
            "createdAt": run.created_at,
            "updatedAt": run.ended_at or self._timeline.now,
        }
        if run.started_at:
            found["startedAt"] = run.started_at
        if run.ended_at:
            found["endedAt"] = run.ended_at
            if run.started_at:
                spent = (run.ended_at - run.started_at).total_seconds()
                found["totalExecutionDurationSeconds"] = round(spent)
            if self._timeline.seconds >= run.bill_known_at:
                found["billedResourceUtilization"] = run.hours
        return {"jobRun": found}

    def list_job_runs(
        self, *, applicationId: str, maxResults: int, states: list[str] | None = None
    ) -> dict[str, Any]:
        return {
            "jobRuns": [
                {"id": one.id, "name": one.request["name"], "state": one.state}
                for one in self.runs.values()
                if states is None or one.state in states
            ]
        }

    def cancel_job_run(self, *, applicationId: str, jobRunId: str) -> dict[str, Any]:
        run = self._found("CancelJobRun", jobRunId)
        if not run.is_active:
            raise refusal("CancelJobRun", "ValidationException", f"It is {run.state}.")
        self._cancel(run, "Cancelled by a call.")
        return {}

    def _found(self, operation: str, run_id: str) -> JobRun:
        if run_id not in self.runs:
            raise refusal(operation, "ResourceNotFoundException", "There is no such job run.")
        return self.runs[run_id]

    # ---- A run's life

    def _later(self, run: JobRun, seconds: float, act: Callable[[], None]) -> None:
        """Does something to a run that nobody has cancelled by then."""
        self._timeline.after(
            seconds, lambda: act() if run.is_active and run.state != "CANCELLING" else None
        )

    def _begin(self, run: JobRun) -> None:
        run.state, run.started_at = "RUNNING", self._timeline.now
        limit = run.request["executionTimeoutMinutes"] * 60
        self._later(run, limit, lambda: self._end(run, "CANCELLED", "Job run timed out."))
        ahead = self._chance.uniform(20, limit * 0.9)
        if run.fate in _FAILED:
            self._later(run, ahead, lambda: self._fail(run))
        elif run.fate == "stopped by somebody":
            self._later(run, ahead, lambda: self._cancel(run, "Cancelled by somebody."))
        elif run.fate != "hangs":
            self._later(run, ahead, lambda: self._complete(run))

    def _complete(self, run: JobRun) -> None:
        self._finish(run)
        self._end(run, "SUCCESS", "")

    def _fail(self, run: JobRun) -> None:
        if run.fate == "bad data":
            self._finish(run)
        self._end(run, "FAILED", _FAILED[run.fate])

    def _cancel(self, run: JobRun, details: str) -> None:
        if run.state == "CANCELLING":
            return
        run.state = "CANCELLING"
        seconds = self._chance.uniform(0.5, _MOST_CANCEL_SECONDS)
        self._timeline.after(seconds, lambda: self._end(run, "CANCELLED", details))

    def _end(self, run: JobRun, state: str, details: str) -> None:
        run.state, run.details, run.ended_at = state, details, self._timeline.now
        late = self._chance.random()
        run.bill_known_at = self._timeline.seconds + (
            0 if late < 0.8 else self._chance.uniform(30, 7200) if late < 0.98 else float("inf")
        )


def billed_usd(run: JobRun, rates: dict[str, str]) -> Decimal:
    """What AWS bills for a run, at these rates of an hour."""
    hours = run.hours
    return sum(
        (
            Decimal(str(hours[unit])) * Decimal(rates[name])
            for unit, name in (
                ("vCPUHour", "vcpu"),
                ("memoryGBHour", "memory_gb"),
                ("storageGBHour", "storage_gb"),
            )
        ),
        Decimal(0),
    )


def error_document() -> bytes:
    """What the program leaves of data that it refuses."""
    said = {"code": "unmapped_labels", "message": "labels: 3 rows have a label without a name."}
    return json.dumps({"schema_version": "1.0", **said}).encode()
