"""Time-outs of states while this machine has no process for their function."""

import json
import time
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
      TimeoutSeconds: 600
      Arguments: {FunctionName: ECHO, Payload: {n: "{% $states.input.n %}"}}
      Output: "{% $states.result.Payload %}"
      End: true
    """


class Seconds:
    """The clock of time-outs, which the test moves on."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        return time.monotonic() + self.ahead


class BusyRuntime(FakeRuntime):
    """Takes an hour for each call: in line for a process, or with one."""

    in_line = True
    seconds = Seconds()

    def invoke(self, config: FunctionConfig, payload: bytes) -> Invocation:
        if self.in_line:
            with while_waiting.get()():
                self.seconds.ahead += 3600
        else:
            self.seconds.ahead += 3600
            # The state's own wait looks at the clock every second.
            time.sleep(3)
        return Invocation(payload, None, b"END")


@pytest.fixture(scope="module")
def aws() -> Iterator[Aws]:
    runtimes: list[FakeRuntime] = []

    def make(**arguments: Any) -> FakeRuntime:
        runtimes.append(BusyRuntime.make(**arguments))
        return runtimes[0]

    options = Options(template=FIXTURE, stack_name="fixture", time_scale=600, lambda_runtime=make)
    with EmbeddedAws(options) as embedded:
        embedded.task_clocks.now = BusyRuntime.seconds
        yield Aws(embedded, runtimes[0])


def test_the_wait_for_a_process_is_no_time_of_the_state(aws: Aws) -> None:
    for number in range(3):
        ended = aws.ended(aws.start(STATES, {"n": number}))
        assert json.loads(ended["output"]) == {"n": number}


def test_what_a_function_takes_is(aws: Aws) -> None:
    assert isinstance(aws.runtime, BusyRuntime)
    aws.runtime.in_line = False

    assert aws.fail(STATES, {"n": 1})["error"] == "States.Timeout"
