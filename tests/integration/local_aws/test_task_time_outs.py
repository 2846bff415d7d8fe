"""Time-outs of states while this machine has no process for their function."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local_aws.functions.pool import while_waiting
from local_aws.functions.runtime import FunctionConfig, Invocation
from local_aws.server import EmbeddedAws, Options
from tests.integration.local_aws.aws import Aws
from tests.integration.local_aws.runtime import FakeRuntime

FIXTURE = Path(__file__).parent / "fixture" / "template.yaml"
STATES = """
    Call:
      Type: Task
      Resource: arn:aws:states:::lambda:invoke
      TimeoutSeconds: 2
      Arguments: {FunctionName: ECHO, Payload: {n: "{% $states.input.n %}"}}
      Output: "{% $states.result.Payload %}"
      End: true
    """


class BusyRuntime(FakeRuntime):
    """Has no process for some time, as a machine with few processors in a crowd."""

    in_line = True

    def invoke(self, config: FunctionConfig, payload: bytes) -> Invocation:
        if self.in_line:
            with while_waiting.get()():
                threading.Event().wait(3)
        else:
            threading.Event().wait(3)
        return Invocation(payload, None, b"END")


@pytest.fixture(scope="module")
def aws() -> Iterator[Aws]:
    runtimes: list[FakeRuntime] = []

    def make(**arguments: Any) -> FakeRuntime:
        runtimes.append(BusyRuntime.make(**arguments))
        return runtimes[0]

    options = Options(template=FIXTURE, stack_name="fixture", time_scale=600, lambda_runtime=make)
    with EmbeddedAws(options) as embedded:
        yield Aws(embedded, runtimes[0])


def test_the_wait_for_a_process_is_no_time_of_the_state(aws: Aws) -> None:
    executions = [aws.start(STATES, {"n": number}) for number in range(8)]

    ended = [aws.ended(execution) for execution in executions]

    assert [json.loads(one["output"]) for one in ended] == [{"n": number} for number in range(8)]


def test_what_a_function_takes_is(aws: Aws) -> None:
    assert isinstance(aws.runtime, BusyRuntime)
    aws.runtime.in_line = False

    assert aws.fail(STATES, {"n": 1})["error"] == "States.Timeout"
