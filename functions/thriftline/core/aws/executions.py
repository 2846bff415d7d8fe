"""Executions of state machines, as Step Functions describes them."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from thriftline.core.aws.clients import code_of, translated

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient


# What Step Functions says of a task that has been answered, has timed out or was stopped.
_TOO_LATE = {"InvalidToken", "TaskDoesNotExist", "TaskTimedOut"}


@dataclass(frozen=True)
class Execution:
    """``status`` is Step Functions' own word; ``ended_at`` is None while it runs."""

    status: str
    ended_at: datetime | None


class Executions:
    """Looks at executions, and wakes up those that wait with a task token."""

    def __init__(self, client: "SFNClient") -> None:
        self._client = client

    def look(self, arn: str) -> Execution | None:
        """Returns an execution as it is now, None when Step Functions has none of this name."""
        with translated(f"looking at {arn}"):
            try:
                found = self._client.describe_execution(executionArn=arn)
            except ClientError as error:
                if code_of(error) != "ExecutionDoesNotExist":
                    raise
                return None
        return Execution(found["status"], found.get("stopDate"))

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
