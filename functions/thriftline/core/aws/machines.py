"""Starts executions by a name of one's own, so that the same start is one execution."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from thriftline.core.aws.clients import code_of, translated
from thriftline.core.aws.executions import execution_arn
from thriftline.core.dataclass import dataclass

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient


@dataclass(frozen=True)
class ListedExecution:
    """An execution; ``ended_at`` is None while it runs.

    ``error``, ``cause``, ``given`` and ``output`` are known of one that was looked at by itself.
    """

    arn: str
    name: str
    status: str
    started_at: datetime
    ended_at: datetime | None
    error: str | None = None
    cause: str | None = None
    given: str | None = None
    output: str | None = None

    @property
    def asked(self) -> dict[str, Any]:
        """What it was started with, empty where that is no object."""
        return _object(self.given)

    @property
    def answered(self) -> dict[str, Any]:
        """What it ended with, empty where that is no object, or it has not succeeded."""
        return _object(self.output)


class StaleTokenError(ValueError):
    """Step Functions does not know the token of a page: it lives for a day."""


class Machines:
    """State machines of the stack, through one client."""

    def __init__(self, client: "SFNClient") -> None:
        self._client = client

    def start(self, machine_arn: str, name: str, given: Mapping[str, Any]) -> ListedExecution:
        """Starts an execution, or returns the one that has this name already."""
        with translated(f"starting {name}"):
            try:
                started = self._client.start_execution(
                    stateMachineArn=machine_arn, name=name, input=json.dumps(given)
                )
            except ClientError as error:
                if code_of(error) != "ExecutionAlreadyExists":
                    raise
                return self._required(execution_arn(machine_arn, name))
        return ListedExecution(started["executionArn"], name, "RUNNING", started["startDate"], None)

    def find(self, machine_arn: str, name: str) -> ListedExecution | None:
        """Returns an execution by its name, None where Step Functions knows none."""
        return self.look(execution_arn(machine_arn, name))

    def look(self, arn: str) -> ListedExecution | None:
        """Returns an execution as it is now, None where Step Functions knows none."""
        with translated(f"looking at {arn}"):
            try:
                return self._required(arn)
            except ClientError as error:
                if code_of(error) != "ExecutionDoesNotExist":
                    raise
                return None

    def _required(self, arn: str) -> ListedExecution:
        found = self._client.describe_execution(executionArn=arn)
        return ListedExecution(
            arn,
            found["name"],
            found["status"],
            found["startDate"],
            found.get("stopDate"),
            found.get("error"),
            found.get("cause"),
            found.get("input"),
            found.get("output"),
        )

    def newest(
        self, machine_arn: str, limit: int, token: str | None
    ) -> tuple[tuple[ListedExecution, ...], str | None]:
        """Returns some executions, the newest first, and Step Functions' token to go on with.

        Step Functions keeps what has ended for ninety days.

        Raises:
            StaleTokenError: the token is none of its own, or too old.
        """
        asked: dict[str, Any] = {"stateMachineArn": machine_arn, "maxResults": limit}
        if token is not None:
            asked["nextToken"] = token
        with translated("listing executions"):
            try:
                found = self._client.list_executions(**asked)
            except ClientError as error:
                if code_of(error) not in ("InvalidToken", "ValidationException"):
                    raise
                raise StaleTokenError("The token of the page is not known.") from error
        listed = tuple(
            ListedExecution(
                one["executionArn"],
                one["name"],
                one["status"],
                one["startDate"],
                one.get("stopDate"),
            )
            for one in found["executions"]
        )
        return listed, found.get("nextToken")

    def running(self, machine_arn: str, most: int = 1_000) -> tuple[str, ...]:
        """Returns the names of the executions that have not ended."""
        with translated("listing executions"):
            found = self._client.list_executions(
                stateMachineArn=machine_arn, statusFilter="RUNNING", maxResults=most
            )
        return tuple(one["name"] for one in found["executions"])


def _object(text: str | None) -> dict[str, Any]:
    try:
        found = json.loads(text or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
