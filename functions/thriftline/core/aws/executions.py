"""Executions of state machines, as Step Functions describes them."""

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from thriftline.core.aws.clients import code_of, translated
from thriftline.core.dataclass import dataclass

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient
    from mypy_boto3_stepfunctions.type_defs import DescribeExecutionOutputTypeDef


# What Step Functions says of a task that has been answered, has timed out or was stopped.
_TOO_LATE = {"InvalidToken", "TaskDoesNotExist", "TaskTimedOut"}


@dataclass(frozen=True)
class Execution:
    """``status`` is Step Functions' own word; ``ended_at`` is None while it runs."""

    status: str
    ended_at: datetime | None


@dataclass(frozen=True)
class StartedExecution:
    """An execution with its documents; ``output`` is empty while it has none."""

    status: str
    started_at: datetime
    input: dict[str, Any]
    output: dict[str, Any]


@dataclass(frozen=True)
class HistoryEvent:
    """One event of an execution's history; ``kind`` is Step Functions' own word."""

    number: int
    at: datetime
    kind: str
    state: str | None
    error: str | None


class Executions:
    """Looks at executions, starts and stops them, and wakes up those that wait with a token."""

    def __init__(self, client: "SFNClient") -> None:
        self._client = client

    def look(self, arn: str) -> Execution | None:
        """Returns an execution as it is now, None when Step Functions has none of this name."""
        found = self._described(arn)
        return Execution(found["status"], found.get("stopDate")) if found else None

    def read(self, arn: str) -> StartedExecution | None:
        """Returns an execution with its documents, None when there is none of this name."""
        found = self._described(arn)
        if found is None:
            return None
        return StartedExecution(
            found["status"],
            found["startDate"],
            json.loads(found.get("input") or "{}"),
            json.loads(found.get("output") or "{}"),
        )

    def _described(self, arn: str) -> "DescribeExecutionOutputTypeDef | None":
        with translated(f"looking at {arn}"):
            try:
                return self._client.describe_execution(executionArn=arn)
            except ClientError as error:
                if code_of(error) != "ExecutionDoesNotExist":
                    raise
                return None

    def start(self, machine_arn: str, name: str, document: dict[str, Any]) -> str:
        """Starts an execution, or finds the one of this name; returns its ARN."""
        with translated(f"starting {name}"):
            try:
                return self._client.start_execution(
                    stateMachineArn=machine_arn, name=name, input=json.dumps(document)
                )["executionArn"]
            except ClientError as error:
                if code_of(error) != "ExecutionAlreadyExists":
                    raise
        return execution_arn(machine_arn, name)

    def stop(self, arn: str, error: str, cause: str) -> None:
        """Stops an execution; one that has ended stays as it is."""
        with translated(f"stopping {arn}"):
            self._client.stop_execution(executionArn=arn, error=error, cause=cause)

    def history(
        self, arn: str, limit: int, token: str | None
    ) -> tuple[list[HistoryEvent], str | None] | None:
        """Returns events, the newest first, and the token of the next ones.

        None when the execution, or the token, is not known (any more).
        """
        request: dict[str, Any] = {"executionArn": arn, "maxResults": limit, "reverseOrder": True}
        if token:
            request["nextToken"] = token
        with translated(f"reading the history of {arn}"):
            try:
                found = self._client.get_execution_history(**request, includeExecutionData=False)
            except ClientError as error:
                if code_of(error) not in {"ExecutionDoesNotExist", "InvalidToken"}:
                    raise
                return None
        return [_event(one) for one in found["events"]], found.get("nextToken")

    def is_running(self, arn: str) -> bool:
        """Whether an execution has not ended; one that Step Functions forgot has."""
        found = self.look(arn)
        return found is not None and found.status == "RUNNING"

    def wake(self, task_token: str, output: dict[str, Any]) -> bool:
        """Lets a task that waits go on; returns False when it does not wait any more."""
        with translated("waking up the workflow"):
            try:
                self._client.send_task_success(taskToken=task_token, output=json.dumps(output))
            except ClientError as error:
                if code_of(error) not in _TOO_LATE:
                    raise
                return False
        return True


def execution_arn(machine_arn: str, name: str) -> str:
    """Returns the ARN of a machine's execution by its name."""
    return f"{machine_arn.replace(':stateMachine:', ':execution:', 1)}:{name}"


def _event(found: Any) -> HistoryEvent:
    details = [value for name, value in found.items() if name.endswith("EventDetails")]
    named = [one for one in details if isinstance(one, dict)]
    return HistoryEvent(
        number=found["id"],
        at=found["timestamp"],
        kind=found["type"],
        state=next((str(one["name"]) for one in named if one.get("name")), None),
        error=next((str(one["error"]) for one in named if one.get("error")), None),
    )
