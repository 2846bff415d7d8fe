import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.integration.local_aws.aws import Aws, eventually

Handle = Callable[[str, Callable[[Any], Any]], None]


def test_a_function_answers_its_caller_and_knows_only_its_own_environment(
    aws: Aws, handle: Handle
) -> None:
    handle("handlers.echo", lambda event: {"n": event["n"] + 1})

    answer = aws.client("lambda").invoke(
        FunctionName=aws.outputs["EchoName"], Payload=b'{"n": 1}', LogType="Tail"
    )

    assert json.load(answer["Payload"]) == {"n": 2}
    assert "FunctionError" not in answer
    assert answer["LogResult"]
    config = aws.runtime.calls[-1]
    assert config.environment == {"TABLE": aws.outputs["TableName"], "GREETING": "hello"}
    assert config.timeout_seconds == 10
    assert (config.code / "handlers.py").is_file()


def test_an_error_in_a_function_is_answered_as_lambda_answers_it(aws: Aws, handle: Handle) -> None:
    def handler(_event: Any) -> None:
        raise LookupError("gone")

    handle("handlers.fail", handler)

    answer = aws.client("lambda").invoke(FunctionName=aws.outputs["FailName"], Payload=b"{}")

    assert answer["StatusCode"] == 200
    assert answer["FunctionError"] == "Unhandled"
    body = json.load(answer["Payload"])
    assert (body["errorType"], body["errorMessage"]) == ("LookupError", "gone")


def test_what_a_function_prints_is_in_its_log_group(aws: Aws, handle: Handle) -> None:
    handle("handlers.echo", lambda _event: None)
    aws.client("lambda").invoke(FunctionName=aws.outputs["EchoName"])

    events = aws.client("logs").filter_log_events(logGroupName="/fixture/echo")["events"]

    assert "START handlers.echo" in [event["message"] for event in events]


def test_an_event_invocation_returns_before_the_function_runs(aws: Aws, handle: Handle) -> None:
    seen: list[Any] = []
    handle("handlers.echo", seen.append)

    answer = aws.client("lambda").invoke(
        FunctionName=aws.outputs["EchoName"], InvocationType="Event", Payload=b'{"a": 1}'
    )

    assert answer["StatusCode"] == 202
    assert eventually(lambda: seen) == [{"a": 1}]


@pytest.mark.parametrize(
    ("payload", "error"),
    [
        (b"{not json", "InvalidRequestContentException"),
        (b'"' + b"x" * (6 * 1024 * 1024) + b'"', "RequestTooLargeException"),
    ],
)
def test_a_bad_payload_is_refused_before_the_function_runs(
    aws: Aws, payload: bytes, error: str
) -> None:
    with pytest.raises(ClientError, match=error):
        aws.client("lambda").invoke(FunctionName=aws.outputs["EchoName"], Payload=payload)


def test_a_function_that_is_not_there_is_not_found(aws: Aws) -> None:
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        aws.client("lambda").invoke(FunctionName="nobody")
