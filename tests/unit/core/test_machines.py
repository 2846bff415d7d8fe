"""Starts by name are one execution; a function's own error comes back by its name."""

import io
import json
from typing import Any, cast

import pytest

from tests.unit.core.fake_executions import BEGAN, MACHINE, FakeStepFunctions
from thriftline.core.aws.functions import Functions
from thriftline.core.aws.machines import Machines
from thriftline.core.errors import (
    DeploymentRefusedError,
    NothingToRollBackToError,
    ServiceUnavailableError,
    ThriftlineError,
)


@pytest.fixture
def client() -> FakeStepFunctions:
    return FakeStepFunctions()


@pytest.fixture
def machines(client: FakeStepFunctions) -> Machines:
    return Machines(cast("Any", client))


def test_the_same_start_is_one_execution_even_after_its_end(
    client: FakeStepFunctions, machines: Machines
) -> None:
    first = machines.start(MACHINE, "a", {"x": 1})
    assert machines.start(MACHINE, "a", {"x": 1}).arn == first.arn
    client.end(first.arn, "SUCCEEDED")
    again = machines.start(MACHINE, "a", {"x": 1})
    assert (again.arn, again.started_at, again.status) == (first.arn, BEGAN, "SUCCEEDED")
    assert len(client.executions) == 1


def test_an_execution_is_found_by_its_name(client: FakeStepFunctions, machines: Machines) -> None:
    client.end(client.add("a", {"y": 2}), "FAILED", error="E", cause="why")
    found = machines.find(MACHINE, "a")
    assert found is not None
    assert (found.status, found.error, found.cause, found.given) == (
        "FAILED",
        "E",
        "why",
        '{"y": 2}',
    )
    assert machines.find(MACHINE, "b") is None


def test_executions_are_listed_in_pages_the_newest_first(
    client: FakeStepFunctions, machines: Machines
) -> None:
    for number in range(3):
        client.add(str(number))
    first, token = machines.newest(MACHINE, 2, None)
    rest, end = machines.newest(MACHINE, 2, token)
    assert [one.name for one in (*first, *rest)] == ["2", "1", "0"]
    assert end is None
    client.end(first[0].arn, "SUCCEEDED")
    assert machines.running(MACHINE) == ("1", "0")


class FakeLambda:
    def __init__(self, payload: dict[str, Any], *, fails: bool) -> None:
        self._answer: dict[str, Any] = {"Payload": io.BytesIO(json.dumps(payload).encode())}
        if fails:
            self._answer["FunctionError"] = "Unhandled"

    def invoke(self, **_: Any) -> dict[str, Any]:
        return self._answer


def called(payload: dict[str, Any], *, fails: bool) -> dict[str, Any]:
    return Functions(cast("Any", FakeLambda(payload, fails=fails))).call("preview", {})


def test_a_function_is_called_and_answers() -> None:
    assert called({"a": 1}, fails=False) == {"a": 1}


@pytest.mark.parametrize("error", [DeploymentRefusedError, NothingToRollBackToError])
def test_what_a_function_refuses_is_refused_by_the_same_name(error: type[ThriftlineError]) -> None:
    with pytest.raises(error, match="so it is"):
        called({"errorType": error.__name__, "errorMessage": "so it is"}, fails=True)


@pytest.mark.parametrize("name", ["KeyError", "ThriftlineError_", "Retry", "", "Sandbox.Timedout"])
def test_what_breaks_a_function_is_not_the_callers_fault(name: str) -> None:
    with pytest.raises(ServiceUnavailableError, match="preview failed") as caught:
        called({"errorType": name, "errorMessage": "a secret of the trace"}, fails=True)
    assert "secret" not in str(caught.value)
