"""A schedule calls its function once, at its time, and those that repeat are refused."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.integration.local_aws.aws import Aws, eventually

PATIENCE_SECONDS = 60


def _target(aws: Aws, name: str) -> dict[str, str]:
    functions = aws.client("lambda").list_functions()["Functions"]
    arn = next(one["FunctionArn"] for one in functions if name in one["FunctionName"])
    return {"Arn": arn, "RoleArn": "arn:aws:iam::123456789012:role/schedules", "Input": '{"a": 1}'}


def test_a_function_is_called_once_at_its_time_and_the_schedule_goes(
    aws: Aws, handle: Callable[[str, Callable[[Any], Any]], None]
) -> None:
    called, calls = threading.Event(), []

    def handler(event: Any) -> None:
        calls.append(event)
        called.set()

    handle("handlers.echo", handler)
    scheduler = aws.client("scheduler")
    moment = aws.embedded.clock.now() + timedelta(hours=1)
    scheduler.create_schedule(
        Name="once",
        ScheduleExpression=f"at({moment:%Y-%m-%dT%H:%M:%S})",
        FlexibleTimeWindow={"Mode": "OFF"},
        ActionAfterCompletion="DELETE",
        Target=_target(aws, "Echo"),
    )
    assert scheduler.get_schedule(Name="once")["Target"]["Input"] == '{"a": 1}'
    assert not called.wait(0.3)
    aws.embedded.clock.advance(timedelta(hours=1, seconds=1))
    assert called.wait(PATIENCE_SECONDS)
    assert calls == [{"a": 1}]
    eventually(lambda: scheduler.list_schedules()["Schedules"] == [])


def test_a_name_is_taken_once(aws: Aws) -> None:
    scheduler = aws.client("scheduler")
    request = {
        "Name": "taken",
        "ScheduleExpression": "at(2099-01-01T00:00:00)",
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "Target": _target(aws, ""),
    }
    scheduler.create_schedule(**request)
    with pytest.raises(ClientError, match="ConflictException"):
        scheduler.create_schedule(**request)
    scheduler.delete_schedule(Name="taken")


@pytest.mark.parametrize(
    "change",
    [
        {"ScheduleExpression": "rate(1 hour)"},
        {"FlexibleTimeWindow": {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 5}},
        {
            "Target": {
                "Arn": "arn:aws:sqs:us-east-1:123456789012:q",
                "RoleArn": "arn:aws:iam::1:role/r",
            }
        },
        {"State": "DISABLED"},
    ],
)
def test_what_would_have_no_effect_here_is_refused(aws: Aws, change: dict[str, Any]) -> None:
    request = {
        "Name": "refused",
        "ScheduleExpression": "at(2099-01-01T00:00:00)",
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "Target": _target(aws, ""),
    }
    with pytest.raises(ClientError, match="ValidationException"):
        aws.client("scheduler").create_schedule(**request | change)
