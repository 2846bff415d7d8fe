"""Follows uploads through the training workflow, by the AWS APIs alone."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

from botocore.exceptions import ClientError

LOG_GROUP = "/aws/sagemaker/TrainingJobs"
_SHOWN_STATES = ("TaskStateEntered", "MapStateEntered", "WaitStateEntered")


class Clients(Protocol):
    """What makes AWS clients."""

    def client(self, service: str) -> Any:
        """Return a boto3 client."""


@dataclass
class Training:
    """The latest that the training program said, and what SageMaker says of its job."""

    job_name: str = ""
    status: str = ""
    secondary_status: str = ""
    step: int = 0
    total_steps: int = 0
    loss: float | None = None
    samples_per_second: float | None = None
    seconds_left: float | None = None
    validation: dict[str, float] = field(default_factory=dict)


@dataclass
class Snapshot:
    """How far an execution came. `states` are the entered ones in order, with seconds each."""

    execution_arn: str
    status: str
    states: list[tuple[str, float]]
    run_id: str | None
    training: Training
    output: dict[str, Any]
    error: str = ""


def execution_of(
    aws: Clients, state_machine_arn: str, version_id: str, every_seconds: float = 1.5
) -> str:
    """Return the execution that one object version started.

    Raises:
        TimeoutError: it started none within a minute.
    """
    states = aws.client("stepfunctions")
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        for execution in states.list_executions(stateMachineArn=state_machine_arn)["executions"]:
            described = states.describe_execution(executionArn=execution["executionArn"])
            if _upload(described).get("object", {}).get("version-id") == version_id:
                return str(execution["executionArn"])
        time.sleep(every_seconds)
    raise TimeoutError("the upload started no execution within a minute")


def _upload(described: dict[str, Any]) -> dict[str, Any]:
    detail = json.loads(described.get("input") or "{}").get("detail")
    return detail if isinstance(detail, dict) else {}


class Follower:
    """Polls one execution; `upload` is the detail of the event that started it."""

    def __init__(self, aws: Clients, execution_arn: str) -> None:
        self._arn = execution_arn
        self._states = aws.client("stepfunctions")
        self._sagemaker = aws.client("sagemaker")
        self._logs = aws.client("logs")
        self._training = Training()
        self._token: str | None = None
        self.upload: dict[str, Any] = {}

    def snapshots(self, every_seconds: float = 1.5) -> Iterator[Snapshot]:
        """Yield a snapshot after each poll; the last one has a terminal status."""
        while True:
            snapshot = self.look()
            yield snapshot
            if snapshot.status != "RUNNING":
                return
            time.sleep(every_seconds)

    def look(self) -> Snapshot:
        """Return how far it is."""
        described = self._states.describe_execution(executionArn=self._arn)
        self.upload = _upload(described)
        events = self._history(self._arn)
        run_id = self._run_id(events)
        if run_id:
            self._look_at_job(run_id)
        return Snapshot(
            execution_arn=self._arn,
            status=described["status"],
            states=_timed(events),
            run_id=run_id,
            training=self._training,
            output=json.loads(described.get("output") or "{}"),
            error=f"{described.get('error', '')}: {described.get('cause', '')}",
        )

    def _history(self, arn: str) -> list[dict[str, Any]]:
        events: list[dict[str, Any]] = []
        for page in self._states.get_paginator("get_execution_history").paginate(executionArn=arn):
            events += page["events"]
        return events

    def _run_id(self, events: list[dict[str, Any]]) -> str | None:
        """Return the run that was opened; "Open run" is left without one while it waits."""
        for event in events:
            details = event.get("stateExitedEventDetails", {})
            if details.get("name") == "Open run":
                run_id = json.loads(details["output"]).get("Payload", {}).get("run_id")
                if run_id:
                    return str(run_id)
        return None

    def _look_at_job(self, run_id: str) -> None:
        jobs = self._sagemaker.list_training_jobs(
            NameContains=run_id, SortBy="CreationTime", SortOrder="Descending"
        )["TrainingJobSummaries"]
        if not jobs:
            return
        training = self._training
        if jobs[0]["TrainingJobName"] != training.job_name:
            self._token = None
            training.job_name = jobs[0]["TrainingJobName"]
        job = self._sagemaker.describe_training_job(TrainingJobName=training.job_name)
        training.status = job["TrainingJobStatus"]
        training.secondary_status = job["SecondaryStatus"]
        for message in self._new_lines(training.job_name):
            self._read_line(message)

    def _new_lines(self, job_name: str) -> Iterator[str]:
        request: dict[str, Any] = {"logGroupName": LOG_GROUP, "startFromHead": True}
        try:
            streams = self._logs.describe_log_streams(
                logGroupName=LOG_GROUP, logStreamNamePrefix=f"{job_name}/"
            )["logStreams"]
        except ClientError:
            return
        if not streams:
            return
        request["logStreamName"] = streams[0]["logStreamName"]
        if self._token:
            request["nextToken"] = self._token
        answer = self._logs.get_log_events(**request)
        self._token = answer["nextForwardToken"]
        yield from (event["message"] for event in answer["events"])

    def _read_line(self, message: str) -> None:
        try:
            line = json.loads(message)
        except ValueError:
            return
        if not isinstance(line, dict):
            return
        training = self._training
        if line.get("event") == "step":
            training.step = line["step"]
            training.total_steps = line.get("total_steps", 0)
            training.loss = line.get("loss")
            training.samples_per_second = line.get("samples_per_second")
            training.seconds_left = line.get("seconds_left")
        elif line.get("event") == "evaluation":
            training.validation = {
                name.removeprefix("validation_"): value
                for name, value in line.items()
                if name.startswith("validation_") and isinstance(value, int | float)
            }


def _timed(events: list[dict[str, Any]]) -> list[tuple[str, float]]:
    """Return each entered state once, with all the seconds until the next one was entered."""
    entered = [
        (event["stateEnteredEventDetails"]["name"], event["timestamp"])
        for event in events
        if event["type"] in _SHOWN_STATES
    ]
    seconds: dict[str, float] = {}
    last = events[-1]["timestamp"] if events else None
    for index, (name, start) in enumerate(entered):
        end = entered[index + 1][1] if index + 1 < len(entered) else last
        seconds[name] = seconds.get(name, 0.0) + (end - start).total_seconds()
    return list(seconds.items())
