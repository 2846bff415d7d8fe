"""Executions of state machines, as Step Functions describes them."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from thriftline.core.aws.clients import code_of, translated

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient


@dataclass(frozen=True)
class Execution:
    """``status`` is Step Functions' own word; ``ended_at`` is None while it runs."""

    status: str
    ended_at: datetime | None


class Executions:
    """Looks at executions."""

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
