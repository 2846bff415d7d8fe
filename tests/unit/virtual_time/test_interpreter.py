"""The interpreter of virtual time on small machines, and what it refuses.

tests/integration/local_aws/test_virtual_interpreter.py holds the same machines against moto's.
"""

import random
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.virtual_time.cases import CASES, Case
from tests.virtual_time.execution import Answer, Execution
from tests.virtual_time.machine import Machine, State, StateError, States
from tests.virtual_time.timeline import Timeline

ROOT = Path(__file__).parents[3]


class Functions:
    """Answers in turn, a second later each; ``after`` is how long a call takes."""

    def __init__(self, timeline: Timeline, answers: tuple[Any, ...], after: float = 1) -> None:
        self._timeline, self._answers, self._after = timeline, list(answers), after

    def invoke(self, function: str, payload: Any, answer: Answer) -> None:
        said = self._answers.pop(0)
        if isinstance(said, Exception):
            error = StateError(type(said).__name__, str(said))
            self._timeline.after(self._after, lambda: answer(None, error))
        else:
            self._timeline.after(self._after, lambda: answer(said, None))

    def start_execution(self, machine: str, name: str, document: Any, answer: Answer) -> None:
        raise NotImplementedError

    def wait_for(self, function: str, token: str, answer: Answer) -> None:
        """Nobody ever answers."""


def run(states: str, given: Any, answers: tuple[Any, ...] = (), **more: Any) -> Execution:
    found = yaml.safe_load(states)
    timeline = Timeline(datetime(2026, 11, 30, tzinfo=UTC))
    made = Machine(
        "arn:m",
        States.of({"StartAt": next(iter(found)), "States": found}),
        more.pop("timeout", float("inf")),
    )
    execution = Execution(
        made, "arn:m:e", given, timeline, Functions(timeline, answers, **more), random.Random(1),
        lambda _: None, lambda _: None,
    )  # fmt: skip
    execution.start()
    timeline.run()
    return execution


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_machine_ends_as_it_does_in_step_functions(case: Case) -> None:
    ended = run(case.states, case.given, case.answers)
    assert (ended.status, ended.error) == ("FAILED" if case.error else "SUCCEEDED", case.error)
    assert ended.output == case.output
    if case.entered:
        assert tuple(ended.entered) == case.entered


TASK = """
    Work:
      Type: Task
      Resource: arn:aws:states:::{resource}
      TimeoutSeconds: 60
      Arguments: {{FunctionName: ECHO, Payload: {{}}}}
      End: true
"""


@pytest.mark.parametrize(
    ("resource", "after"), [("lambda:invoke", 61), ("lambda:invoke.waitForTaskToken", 1)]
)
def test_a_task_that_is_not_answered_in_its_time_is_a_time_out(resource: str, after: float) -> None:
    ended = run(TASK.format(resource=resource), {}, ("late",), after=after)
    assert (ended.status, ended.error) == ("FAILED", "States.Timeout")


def test_a_machine_that_takes_longer_than_its_time_is_timed_out() -> None:
    states = "Wait: {Type: Wait, Seconds: 100, Next: Done}\nDone: {Type: Succeed}\n"
    assert run(states, {}, timeout=99.0).status == "TIMED_OUT"
    assert run(states, {}, timeout=101.0).status == "SUCCEEDED"


@pytest.mark.parametrize(
    ("field", "value"),
    [("HeartbeatSeconds", 3), ("ResultPath", "$.a"), ("Comments", "a slip")],
)
def test_a_field_that_is_not_known_is_refused(field: str, value: Any) -> None:
    state = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", field: value}
    with pytest.raises(NotImplementedError, match=field):
        State.of("Work", state)
