"""Schedules call functions and machines at their times, once or again and again."""

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
        {"ScheduleExpression": "rate(1 hours)"},
        {"ScheduleExpression": "cron(0 7 * * MON *)"},
        {"ScheduleExpressionTimezone": "Mars/Base"},
        {"FlexibleTimeWindow": {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 5}},
        {
            "Target": {
                "Arn": "arn:aws:sqs:us-east-1:123456789012:q",
                "RoleArn": "arn:aws:iam::1:role/r",
            }
        },
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


@pytest.fixture
def calls(handle: Callable[[str, Callable[[Any], Any]], None]) -> list[Any]:
    found: list[Any] = []
    handle("handlers.echo", found.append)
    return found


def _make(aws: Aws, name: str, expression: str, **more: Any) -> None:
    target = {**_target(aws, "Echo"), "Input": '{"at": "<aws.scheduler.scheduled-time>"}'}
    aws.client("scheduler").create_schedule(
        **{
            "Name": name,
            "ScheduleExpression": expression,
            "FlexibleTimeWindow": {"Mode": "OFF"},
            "Target": target,
            **more,
        }
    )


def test_a_cron_calls_by_the_clocks_of_its_zone_until_it_is_deleted(
    aws: Aws, calls: list[Any]
) -> None:
    _make(aws, "mornings", "cron(0 7 * * ? *)", ScheduleExpressionTimezone="Asia/Tokyo")
    aws.embedded.clock.advance(timedelta(days=2))
    eventually(lambda: len(calls) == 2)
    assert {call["at"][11:] for call in calls} == {"22:00:00Z"}
    aws.client("scheduler").delete_schedule(Name="mornings")
    aws.embedded.clock.advance(timedelta(days=2))
    _make(aws, "after", "rate(1 minute)")
    aws.embedded.clock.advance(timedelta(minutes=1, seconds=1))
    eventually(lambda: len(calls) >= 3)
    assert not [call for call in calls[2:] if call["at"].endswith("22:00:00Z")]
    aws.client("scheduler").delete_schedule(Name="after")


def test_what_fell_due_is_called_in_the_order_of_its_times(aws: Aws, calls: list[Any]) -> None:
    now = aws.embedded.clock.now()
    start, end = now + timedelta(hours=2), now + timedelta(hours=5, minutes=30)
    _make(aws, "window", "rate(1 hour)", StartDate=start, EndDate=end)
    aws.embedded.clock.advance(timedelta(hours=9))
    eventually(lambda: len(calls) == 4)
    assert [call["at"] for call in calls] == sorted(call["at"] for call in calls)
    eventually(lambda: aws.client("scheduler").get_schedule(Name="window"))
    aws.client("scheduler").delete_schedule(Name="window")


def test_a_disabled_schedule_calls_nothing_until_it_is_enabled(aws: Aws, calls: list[Any]) -> None:
    scheduler = aws.client("scheduler")
    _make(aws, "off", "rate(1 minute)", State="DISABLED")
    aws.embedded.clock.advance(timedelta(minutes=5))
    _make(aws, "other", "rate(1 hour)")
    aws.embedded.clock.advance(timedelta(hours=1, seconds=1))
    eventually(lambda: len(calls) == 1)
    made = scheduler.get_schedule(Name="off")
    scheduler.delete_schedule(Name="other")
    scheduler.update_schedule(
        Name="off",
        ScheduleExpression="rate(2 minutes)",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target=made["Target"],
        State="ENABLED",
    )
    aws.embedded.clock.advance(timedelta(minutes=2, seconds=1))
    eventually(lambda: len(calls) == 2)
    scheduler.delete_schedule(Name="off")


def test_a_group_takes_its_schedules_with_it(aws: Aws, calls: list[Any]) -> None:
    scheduler = aws.client("scheduler")
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        _make(aws, "homeless", "rate(1 minute)", GroupName="none")
    scheduler.create_schedule_group(Name="group")
    with pytest.raises(ClientError, match="ConflictException"):
        scheduler.create_schedule_group(Name="group")
    _make(aws, "member", "rate(1 minute)", GroupName="group")
    assert scheduler.get_schedule(Name="member", GroupName="group")["State"] == "ENABLED"
    scheduler.delete_schedule_group(Name="group")
    aws.embedded.clock.advance(timedelta(minutes=2))
    _make(aws, "last", "rate(1 hour)")
    aws.embedded.clock.advance(timedelta(hours=1, seconds=1))
    eventually(lambda: len(calls) == 1)
    scheduler.delete_schedule(Name="last")


def test_a_schedule_starts_a_machine(aws: Aws) -> None:
    made = aws.client("stepfunctions").create_state_machine(
        name="scheduled",
        definition='{"StartAt": "End", "States": {"End": {"Type": "Succeed"}}}',
        roleArn="arn:aws:iam::123456789012:role/machine",
    )
    arn = made["stateMachineArn"]
    target = {"Arn": arn, "RoleArn": "arn:aws:iam::123456789012:role/schedules"}
    _make(aws, "machine", "rate(1 day)", Target=target)
    aws.embedded.clock.advance(timedelta(days=1, seconds=1))
    eventually(
        lambda: aws.client("stepfunctions").list_executions(stateMachineArn=arn)["executions"]
    )
    aws.client("scheduler").delete_schedule(Name="machine")
