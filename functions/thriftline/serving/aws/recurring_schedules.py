"""EventBridge Scheduler's schedules that start one state machine again and again."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from thriftline.core.aws.clients import code_of, translated

if TYPE_CHECKING:
    from mypy_boto3_scheduler import EventBridgeSchedulerClient

# A sleep that comes later than this would meet people at work.
_LATEST_SECONDS = 900
_MOST_TRIES = 10


class RecurringSchedules:
    """One group of schedules, for one machine, by the role that may start it."""

    def __init__(
        self, client: "EventBridgeSchedulerClient", group: str, machine_arn: str, role_arn: str
    ) -> None:
        self._client: Any = client
        self._group = group
        self._machine_arn = machine_arn
        self._role_arn = role_arn

    def put(self, name: str, expression: str, timezone: str, event: Mapping[str, Any]) -> None:
        """Makes a schedule, or sets it again."""
        request = self._request(name, expression, timezone, event)
        with translated(f"setting the schedule {name}"):
            try:
                self._client.create_schedule(**request)
            except ClientError as error:
                if code_of(error) != "ConflictException":
                    raise
                self._client.update_schedule(**request)

    def put_once(self, name: str, moment: datetime, event: Mapping[str, Any]) -> None:
        """Sets a schedule to one single time, after which it goes."""
        self.delete(name)
        expression = f"at({moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S})"
        request = self._request(name, expression, "UTC", event)
        with translated(f"setting the schedule {name}"):
            self._client.create_schedule(**request, ActionAfterCompletion="DELETE")

    def delete(self, name: str) -> None:
        """Takes a schedule away; one that is not there is no error."""
        with translated(f"taking the schedule {name} away"):
            try:
                self._client.delete_schedule(Name=name, GroupName=self._group)
            except ClientError as error:
                if code_of(error) != "ResourceNotFoundException":
                    raise

    def _request(
        self, name: str, expression: str, timezone: str, event: Mapping[str, Any]
    ) -> dict[str, Any]:
        return {
            "Name": name,
            "GroupName": self._group,
            "ScheduleExpression": expression,
            "ScheduleExpressionTimezone": timezone,
            "FlexibleTimeWindow": {"Mode": "OFF"},
            "Target": {
                "Arn": self._machine_arn,
                "RoleArn": self._role_arn,
                "Input": json.dumps({**event, "scheduled_time": "<aws.scheduler.scheduled-time>"}),
                "RetryPolicy": {
                    "MaximumEventAgeInSeconds": _LATEST_SECONDS,
                    "MaximumRetryAttempts": _MOST_TRIES,
                },
            },
        }
