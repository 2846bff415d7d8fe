"""Schedules that call a function once, at a time, whatever has become of who asked for it."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from thriftline.core.aws.clients import code_of, translated

if TYPE_CHECKING:
    from mypy_boto3_scheduler import EventBridgeSchedulerClient


class OneTimeSchedules:
    """Calls of one function, by the role that may make them."""

    def __init__(
        self, client: "EventBridgeSchedulerClient", function_arn: str, role_arn: str
    ) -> None:
        self._client = client
        self._function_arn = function_arn
        self._role_arn = role_arn

    def call_at(self, moment: datetime, name: str) -> None:
        """Lets the function be called at a time; a name that is taken is the same schedule."""
        with translated(f"making the schedule {name}"):
            try:
                self._client.create_schedule(
                    Name=name,
                    ScheduleExpression=f"at({moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S})",
                    FlexibleTimeWindow={"Mode": "OFF"},
                    ActionAfterCompletion="DELETE",
                    Target={"Arn": self._function_arn, "RoleArn": self._role_arn, "Input": "{}"},
                )
            except ClientError as error:
                if code_of(error) != "ConflictException":
                    raise
