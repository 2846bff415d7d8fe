import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local_aws.stepfunctions.executions import running
from tests.integration.local_aws.aws import ROLE, Aws, eventually

Handle = Callable[[str, Callable[[Any], Any]], None]

TASK = """
    Work:
      Type: Task
      Resource: arn:aws:states:::lambda:invoke
      Arguments: {FunctionName: ECHO, Payload: {}}
      Output: done
      End: true
    """


@pytest.fixture
def held(handle: Handle) -> Iterator[threading.Event]:
    """Keeps the function waiting until the event is set."""
    release = threading.Event()
    handle("handlers.echo", lambda _event: release.wait(60))
    yield release
    release.set()


def test_an_execution_has_a_name_and_a_start_time_that_expressions_can_read(aws: Aws) -> None:
    execution = aws.start(
        "Only: {Type: Succeed, Output: '{% $states.context.Execution %}'}", {"a": 1}
    )

    context = json.loads(aws.ended(execution)["output"])

    assert context["Id"] == execution
    assert context["Name"] == execution.rsplit(":", 1)[1]
    assert context["Input"] == {"a": 1}
    assert context["StartTime"].endswith("Z")


def test_the_same_name_and_input_is_the_same_running_execution(
    aws: Aws, held: threading.Event
) -> None:
    stepfunctions, first = aws.client("stepfunctions"), aws.start(TASK)
    machine = stepfunctions.describe_execution(executionArn=first)["stateMachineArn"]
    start = {"stateMachineArn": machine, "name": "one", "input": "{}"}

    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: stepfunctions.start_execution(**start), range(20)))

    assert len({answer["executionArn"] for answer in answers}) == 1
    assert len(stepfunctions.list_executions(stateMachineArn=machine)["executions"]) == 2
    with pytest.raises(ClientError, match="ExecutionAlreadyExists"):
        stepfunctions.start_execution(**{**start, "input": '{"other": 1}'})


def test_an_execution_is_seen_at_work(aws: Aws, held: threading.Event) -> None:
    execution = aws.start(TASK)

    entered = eventually(
        lambda: [event for event in aws.history(execution) if event["type"] == "TaskScheduled"]
    )

    assert aws.client("stepfunctions").describe_execution(executionArn=execution)["status"] == (
        "RUNNING"
    )
    assert entered
    held.set()
    assert aws.ended(execution)["status"] == "SUCCEEDED"


def test_the_history_lists_what_happened_and_may_be_read_backwards_in_pages(
    aws: Aws, handle: Handle
) -> None:
    handle("handlers.echo", lambda _event: 1)
    execution = aws.start(TASK)
    aws.ended(execution)
    read = aws.client("stepfunctions").get_execution_history

    assert [event["type"] for event in aws.history(execution)] == [
        "ExecutionStarted",
        "TaskStateEntered",
        "TaskScheduled",
        "TaskStarted",
        "TaskSucceeded",
        "TaskStateExited",
        "ExecutionSucceeded",
    ]
    first = read(executionArn=execution, reverseOrder=True, maxResults=5)
    second = read(
        executionArn=execution, reverseOrder=True, maxResults=5, nextToken=first["nextToken"]
    )
    assert [event["id"] for event in first["events"] + second["events"]] == [7, 6, 5, 4, 3, 2, 1]
    assert "nextToken" not in second


def test_a_stopped_execution_is_aborted_at_once(aws: Aws, held: threading.Event) -> None:
    execution = aws.start(TASK)
    eventually(lambda: aws.runtime.calls)
    stepfunctions = aws.client("stepfunctions")

    stepfunctions.stop_execution(executionArn=execution, error="Enough", cause="by hand")

    description = stepfunctions.describe_execution(executionArn=execution)
    assert (description["status"], description["error"]) == ("ABORTED", "Enough")
    held.set()
    types = eventually(
        lambda: (
            (kinds := [event["type"] for event in aws.history(execution)])
            and "ExecutionAborted" in kinds
            and kinds
        )
    )
    assert "TaskStateExited" not in types
    description = stepfunctions.describe_execution(executionArn=execution)
    assert (description["status"], description["cause"]) == ("ABORTED", "by hand")


def test_a_long_wait_ends_when_the_execution_is_stopped(aws: Aws) -> None:
    execution = aws.start("Sleep: {Type: Wait, Seconds: 86400, Next: End}\nEnd: {Type: Succeed}")
    eventually(lambda: len(aws.history(execution)) > 1)

    aws.client("stepfunctions").stop_execution(executionArn=execution)

    eventually(lambda: aws.history(execution)[-1]["type"] == "ExecutionAborted")


def test_a_text_as_output_is_a_json_text(aws: Aws) -> None:
    execution = aws.start("Only: {Type: Succeed, Output: done}")

    assert aws.ended(execution)["output"] == '"done"'


def test_the_end_of_an_execution_is_an_event(aws: Aws) -> None:
    events, queue = aws.client("events"), aws.outputs["InboxUrl"]
    pattern = {"source": ["aws.states"], "detail": {"status": ["SUCCEEDED"]}}
    events.put_rule(Name="ends", EventPattern=json.dumps(pattern))
    events.put_targets(Rule="ends", Targets=[{"Id": "q", "Arn": aws.outputs["InboxArn"]}])

    execution = aws.start("Only: {Type: Succeed}")

    messages = eventually(lambda: aws.messages(queue))
    events.remove_targets(Rule="ends", Ids=["q"])
    assert json.loads(messages[0]["Body"])["detail"]["executionArn"] == execution


def test_a_machine_with_a_log_writes_its_history_there(aws: Aws) -> None:
    logs = aws.client("logs")
    logs.create_log_group(logGroupName="/machine")
    group = "arn:aws:logs:us-east-1:123456789012:log-group:/machine:*"
    stepfunctions = aws.client("stepfunctions")
    machine = stepfunctions.create_state_machine(
        name="logged",
        definition='{"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}',
        roleArn=ROLE,
        loggingConfiguration={
            "level": "ALL",
            "includeExecutionData": True,
            "destinations": [{"cloudWatchLogsLogGroup": {"logGroupArn": group}}],
        },
    )

    started = stepfunctions.start_execution(stateMachineArn=machine["stateMachineArn"])

    aws.ended(started["executionArn"])
    events = logs.filter_log_events(logGroupName="/machine")["events"]
    lines = [json.loads(event["message"]) for event in events]
    assert [line["type"] for line in lines] == [
        "ExecutionStarted",
        "SucceedStateEntered",
        "SucceedStateExited",
        "ExecutionSucceeded",
    ]
    assert {line["execution_arn"] for line in lines} == {started["executionArn"]}


def test_a_stop_right_after_the_start_is_one(aws: Aws, held: threading.Event) -> None:
    stepfunctions = aws.client("stepfunctions")
    executions = [aws.start(TASK) for _ in range(5)]
    for execution in executions:
        stepfunctions.stop_execution(executionArn=execution)
    held.set()

    for execution in executions:
        assert eventually(partial(endings, aws, execution)) == ["ExecutionAborted"]


def endings(aws: Aws, execution: str) -> list[str]:
    kinds = [str(event["type"]) for event in aws.history(execution)]
    return [kind for kind in kinds[1:] if kind.startswith("Execution")]


def test_what_fails_while_it_is_being_stopped_is_a_stop_and_no_failure(aws: Aws) -> None:
    execution = aws.start("Sleep: {Type: Wait, Seconds: 86400, Next: End}\nEnd: {Type: Succeed}")
    eventually(lambda: len(aws.history(execution)) > 1)
    worker = next(
        one for one in running("123456789012", "us-east-1") if one.execution_arn == execution
    ).exec_worker
    worker.env.set_stop(stop_date="2026-11-30T12:00:00Z", error="Enough", cause="by hand")

    worker.env.set_error(error={"error": "States.Runtime", "cause": "pop from empty list"})

    assert type(worker.env.program_state()).__name__ == "ProgramStopped"
    eventually(lambda: aws.history(execution)[-1]["type"] == "ExecutionAborted")
