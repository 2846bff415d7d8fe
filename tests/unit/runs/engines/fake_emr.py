"""A stand-in for EMR Serverless: moto's runs end at once, and its client tokens do nothing."""

from datetime import UTC, datetime
from functools import cache
from typing import Any

import boto3
from botocore.exceptions import ClientError
from botocore.validate import ParamValidator

from tests.unit.runs.fake_sagemaker import refusal

APPLICATION = "00f1abcd2efgh345"
CREATED_AT = datetime(2026, 11, 30, 12, tzinfo=UTC)
_ENDED = {"SUCCESS", "FAILED", "CANCELLED"}


@cache
def _shape(operation: str) -> Any:
    model = boto3.client("emr-serverless", region_name="us-east-1").meta.service_model
    return model.operation_model(operation).input_shape


def _check(operation: str, request: dict[str, Any]) -> None:
    report = ParamValidator().validate(request, _shape(operation))
    assert not report.has_errors(), report.generate_report()
    assert request["applicationId"] == APPLICATION


class FakeEmr:
    """Job runs that a test moves from state to state by hand.

    ``errors`` holds by operation what the next calls raise; a call that is in ``lost`` takes effect
    first, as when a connection breaks after the request.
    """

    def __init__(self, page_size: int = 2) -> None:
        self.runs: dict[str, dict[str, Any]] = {}
        self.requests: list[dict[str, Any]] = []
        self.calls: list[str] = []
        self.errors: dict[str, list[Exception]] = {}
        self.lost: set[str] = set()
        self._page_size = page_size

    def start_job_run(self, **request: Any) -> dict[str, str]:
        _check("StartJobRun", request)
        self._asked("start_job_run", before=True)
        assert request["executionTimeoutMinutes"] > 0
        known = [one for one in self.runs.values() if one["token"] == request["clientToken"]]
        if not known:
            self.requests.append(request)
            self.runs[f"00run{len(self.runs):04d}"] = {
                "token": request["clientToken"],
                "applicationId": APPLICATION,
                "name": request["name"],
                "state": "SUBMITTED",
                "stateDetails": "",
                "createdAt": CREATED_AT,
                "updatedAt": CREATED_AT,
                "executionTimeoutMinutes": request["executionTimeoutMinutes"],
                "releaseLabel": "emr-7.11.0",
                "tags": request["tags"],
            }
        self._asked("start_job_run", before=False)
        found = next(n for n, one in self.runs.items() if one["token"] == request["clientToken"])
        return {"applicationId": APPLICATION, "jobRunId": found}

    def get_job_run(self, **request: Any) -> dict[str, Any]:
        _check("GetJobRun", request)
        self._asked("get_job_run", before=True)
        return {"jobRun": {"jobRunId": request["jobRunId"], **self._run("GetJobRun", request)}}

    def list_job_runs(self, **request: Any) -> dict[str, Any]:
        _check("ListJobRuns", request)
        self._asked("list_job_runs", before=True)
        states = request.get("states")
        named = [
            {"id": name, "name": one["name"], "state": one["state"]}
            for name, one in self.runs.items()
            if states is None or one["state"] in states
        ]
        start = int(request.get("nextToken", 0))
        page: dict[str, Any] = {"jobRuns": named[start : start + self._page_size]}
        if start + self._page_size < len(named):
            page["nextToken"] = str(start + self._page_size)
        return page

    def cancel_job_run(self, **request: Any) -> dict[str, str]:
        _check("CancelJobRun", request)
        self._asked("cancel_job_run", before=True)
        run = self._run("CancelJobRun", request)
        if run["state"] in _ENDED:
            raise refusal("CancelJobRun", "ValidationException", "Job run is in a terminal state.")
        run["state"] = "CANCELLING"
        self._asked("cancel_job_run", before=False)
        return {"applicationId": APPLICATION, "jobRunId": request["jobRunId"]}

    def move(self, job_run_id: str, state: str, details: str = "", **facts: Any) -> None:
        """Puts a run into a state."""
        self.runs[job_run_id] |= {"state": state, "stateDetails": details, **facts}

    def bill(self, job_run_id: str, lives: list[tuple[float, float]]) -> None:
        """Ends a run at its time limit, and bills what AWS would.

        Each of ``lives`` is an executor's begin and end as shares of the limit; at most so many as
        the run may have live at a time, those above it never start. A worker is billed by the
        second, a minute at the least, and its disk above 20 GB.
        """
        request = next(
            one for one in self.requests if one["clientToken"] == self.runs[job_run_id]["token"]
        )
        conf = settings_of(request)
        seconds = request["executionTimeoutMinutes"] * 60
        most = int(conf["spark.dynamicAllocation.maxExecutors"])
        spans = [
            (min(one) * seconds, max(max(one) * seconds, min(one) * seconds + 60)) for one in lives
        ]
        taken: list[tuple[float, float]] = []
        for begin, end in sorted([*spans, *[(0.0, float(seconds))] * most]):
            if sum(1 for _, other in taken if other > begin) < most:
                taken.append((begin, end))
        executors = sum(end - begin for begin, end in taken) / 3600
        driver = seconds / 3600
        self.move(
            job_run_id,
            "CANCELLED",
            startedAt=CREATED_AT,
            totalExecutionDurationSeconds=seconds,
            billedResourceUtilization={
                "vCPUHour": executors * int(conf["spark.executor.cores"])
                + driver * int(conf["spark.driver.cores"]),
                "memoryGBHour": executors * _memory(conf, "executor")
                + driver * _memory(conf, "driver"),
                "storageGBHour": executors * (_gb(conf["spark.emr-serverless.executor.disk"]) - 20)
                + driver * (_gb(conf["spark.emr-serverless.driver.disk"]) - 20),
            },
        )

    def _run(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        found = self.runs.get(request["jobRunId"])
        if found is None:
            raise refusal(operation, "ResourceNotFoundException", "Job run does not exist.", 404)
        return found

    def _asked(self, name: str, *, before: bool) -> None:
        if before:
            self.calls.append(name)
        waiting = self.errors.get(name)
        if waiting and before != (name in self.lost):
            raise waiting.pop(0)


def settings_of(request: dict[str, Any]) -> dict[str, str]:
    """Returns the Spark settings of a request."""
    words = request["jobDriver"]["sparkSubmit"]["sparkSubmitParameters"].split()
    assert set(words[::2]) == {"--conf"}
    return dict(one.split("=", 1) for one in words[1::2])


def _gb(text: str) -> int:
    return int(text.removesuffix("g"))


def _memory(conf: dict[str, str], kind: str) -> int:
    return _gb(conf[f"spark.{kind}.memory"]) + _gb(conf[f"spark.{kind}.memoryOverhead"])


def broken(code: str, status: int = 400, message: str = "no") -> ClientError:
    """Returns what boto3 raises."""
    return refusal("Call", code, message, status)
