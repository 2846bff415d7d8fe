"""Task tokens as AWS has them: one answer counts, and every other caller is told."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.integration.local_aws.aws import Aws, eventually

Handle = Callable[[str, Callable[[Any], Any]], None]

TOO_LATE = "TaskTimedOut: Task Timed Out: 'Provided task does not exist anymore'"
ASK = """
    Ask:
      Type: Task
      Resource: arn:aws:states:::lambda:invoke.waitForTaskToken
      TimeoutSeconds: 360000
      Arguments:
        FunctionName: ECHO
        Payload: {token: "{% $states.context.Task.Token %}"}
      Output: "{% $states.result %}"
      Catch:
        - ErrorEquals: [States.ALL]
          Output: "{% $states.errorOutput %}"
          Next: Caught
      End: true
    Caught: {Type: Succeed}
    """


@dataclass
class Asked:
    """Executions that wait, and the answers that callers of Step Functions get."""

    aws: Aws
    tokens: list[str]

    def start(self, states: str = ASK) -> tuple[str, str]:
        """Start one that waits, and return it with its token."""
        known = len(self.tokens)
        execution = self.aws.start(states)
        eventually(lambda: len(self.tokens) > known)
        return execution, self.tokens[-1]

    def succeed(self, token: str, output: str = "1") -> str:
        return self._call("send_task_success", taskToken=token, output=output)

    def fail(self, token: str) -> str:
        return self._call("send_task_failure", taskToken=token, error="NoError", cause="the reason")

    def beat(self, token: str) -> str:
        return self._call("send_task_heartbeat", taskToken=token)

    def _call(self, operation: str, **arguments: Any) -> str:
        try:
            getattr(self.aws.client("stepfunctions"), operation)(**arguments)
        except ClientError as error:
            return f"{error.response['Error']['Code']}: {error.response['Error']['Message']}"
        return "accepted"

    def all_say(self, token: str, answer: str) -> bool:
        return {self.succeed(token), self.fail(token), self.beat(token)} == {answer}


@pytest.fixture
def asked(aws: Aws, handle: Handle) -> Asked:
    tokens: list[str] = []
    handle("handlers.echo", lambda event: tokens.append(event["token"]))
    return Asked(aws, tokens)


def test_a_token_is_as_long_as_a_real_one_and_needs_encoding(asked: Asked) -> None:
    execution, token = asked.start()

    assert 664 <= len(token) <= 728
    assert {"+", "/", "="} <= set(token)
    assert asked.succeed(token, '{"approved": true}') == "accepted"
    assert json.loads(asked.aws.ended(execution)["output"]) == {"approved": True}


def test_a_failure_arrives_with_its_error_and_its_cause(asked: Asked) -> None:
    execution, token = asked.start()

    assert asked.fail(token) == "accepted"

    assert json.loads(asked.aws.ended(execution)["output"]) == {
        "Error": "NoError",
        "Cause": "the reason",
    }


@pytest.mark.parametrize("round_", range(5))
def test_of_ten_answers_at_once_exactly_one_is_accepted(asked: Asked, round_: int) -> None:
    execution, token = asked.start()
    together = Barrier(10)

    def answer(number: int) -> str:
        together.wait()
        return asked.fail(token) if number % 2 else asked.succeed(token, str(number))

    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(answer, range(10)))

    assert sorted(answers) == [TOO_LATE] * 9 + ["accepted"]
    first = answers.index("accepted")
    expected = {"Error": "NoError", "Cause": "the reason"} if first % 2 else first
    assert json.loads(asked.aws.ended(execution)["output"]) == expected


def test_a_used_token_is_too_late_while_its_execution_runs_and_afterwards(asked: Asked) -> None:
    execution, token = asked.start(
        ASK.replace("End: true", "Next: Rest", 1) + "Rest: {Type: Wait, Seconds: 600, End: true}"
    )
    assert asked.succeed(token) == "accepted"

    assert asked.all_say(token, TOO_LATE)
    asked.aws.ended(execution)
    assert asked.all_say(token, TOO_LATE)


def test_a_token_of_a_stopped_execution_is_too_late_at_once(asked: Asked) -> None:
    execution, token = asked.start()

    asked.aws.client("stepfunctions").stop_execution(executionArn=execution)

    assert asked.all_say(token, TOO_LATE)
    assert asked.aws.ended(execution)["status"] == "ABORTED"
    types = eventually(
        lambda: [
            each["type"]
            for each in asked.aws.history(execution)
            if asked.aws.history(execution)[-1]["type"] == "ExecutionAborted"
        ]
    )
    assert "TaskTimedOut" not in types


def test_a_wait_times_out_by_the_clock_and_its_token_is_too_late(asked: Asked) -> None:
    execution, token = asked.start()

    # The clock's second hand runs six hundred times as fast beside.
    asked.aws.embedded.clock.advance(timedelta(seconds=330_000))
    assert asked.beat(token) == "accepted"
    asked.aws.embedded.clock.advance(timedelta(seconds=30_000))

    assert asked.all_say(token, TOO_LATE)
    assert json.loads(asked.aws.ended(execution)["output"])["Error"] == "States.Timeout"
    assert "TaskTimedOut" in [each["type"] for each in asked.aws.history(execution)]


def test_an_answer_that_was_accepted_counts_though_the_time_is_over_an_instant_later(
    asked: Asked,
) -> None:
    execution, token = asked.start()

    asked.aws.embedded.clock.advance(timedelta(seconds=330_000))
    assert asked.succeed(token, '"in time"') == "accepted"
    asked.aws.embedded.clock.advance(timedelta(seconds=360_000))

    assert json.loads(asked.aws.ended(execution)["output"]) == "in time"


def test_a_missed_heartbeat_ends_the_wait_and_a_kept_one_does_not(asked: Asked) -> None:
    execution, token = asked.start(
        ASK.replace(
            "TimeoutSeconds: 360000", "TimeoutSeconds: 360000\n      HeartbeatSeconds: 36000"
        )
    )
    clock = asked.aws.embedded.clock
    eventually(lambda: "TaskSubmitted" in [e["type"] for e in asked.aws.history(execution)])
    for _ in range(3):
        clock.advance(timedelta(seconds=30_000))
        assert asked.beat(token) == "accepted"

    clock.advance(timedelta(seconds=37_000))

    assert asked.all_say(token, TOO_LATE)
    assert json.loads(asked.aws.ended(execution)["output"])["Error"] == "States.Timeout"


def test_a_retry_asks_again_with_a_token_of_its_own(asked: Asked) -> None:
    execution, first = asked.start(
        ASK.replace(
            "Catch:",
            "Retry: [{ErrorEquals: [NoError], MaxAttempts: 1, IntervalSeconds: 1}]\n      Catch:",
        )
    )
    assert asked.fail(first) == "accepted"
    second: str = eventually(lambda: asked.tokens[-1] if asked.tokens[-1] != first else None)

    assert asked.all_say(first, TOO_LATE)
    assert asked.succeed(second, "2") == "accepted"
    assert asked.aws.ended(execution)["output"] == "2"


def test_an_answer_may_come_before_the_function_has_returned(aws: Aws, handle: Handle) -> None:
    asked = Asked(aws, [])
    handle("handlers.echo", lambda event: asked.tokens.append(asked.succeed(event["token"], "7")))

    assert aws.ended(aws.start(ASK))["output"] == "7"
    assert asked.tokens == ["accepted"]


def test_a_forged_token_is_invalid(asked: Asked) -> None:
    _, token = asked.start()
    # One bit of what the token says, wherever the character stands.
    forged = token[:300] + ("A" if token[300] != "A" else "B") + token[301:]

    assert asked.all_say(forged, "InvalidToken: Invalid Token: 'Invalid token'")
    assert asked.all_say("x", "InvalidToken: Invalid Token: 'Invalid token'")
    assert asked.succeed(token) == "accepted"


def test_an_output_that_is_not_json_or_is_too_large_is_refused_and_the_task_still_waits(
    asked: Asked,
) -> None:
    execution, token = asked.start()

    assert asked.succeed(token, "{approved").startswith("InvalidOutput: Invalid Output: ")
    too_large = json.dumps("é" * 131_072, ensure_ascii=False)
    assert asked.succeed(token, too_large).startswith("ValidationException: ")
    assert asked.succeed(token, json.dumps("x" * 262_141)).startswith("accepted")
    assert asked.aws.ended(execution)["status"] == "SUCCEEDED"
