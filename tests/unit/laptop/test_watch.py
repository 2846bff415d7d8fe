"""`make serve` says of a run what happens once, however many executions its upload has started."""

import json
from dataclasses import dataclass, field
from typing import Any

import pytest

from laptop.watch import ExecutionReporter

KEY = "datasets/mine/my.csv"


@dataclass
class FakeStack:
    """Step Functions, logs and SageMaker in one: two executions of one object version."""

    outputs: dict[str, str] = field(default_factory=lambda: {"TrainingStateMachineArn": "machine"})
    executions: dict[str, dict[str, Any]] = field(default_factory=dict)

    def client(self, _service: str) -> Any:
        return self

    def add(self, arn: str, version: str = "1", **more: Any) -> None:
        given = {"detail": {"object": {"key": KEY, "version-id": version}}}
        self.executions[arn] = {"status": "RUNNING", "input": json.dumps(given), **more}

    def end(self, arn: str, status: str) -> None:
        output = json.dumps({"status": status, "reason": "so", "run_id": None})
        self.executions[arn] |= {"status": "SUCCEEDED", "output": output}

    def get_paginator(self, operation: str) -> "Pages":
        return Pages(self, operation)

    def describe_log_groups(self, **_: Any) -> dict[str, Any]:
        return {"logGroups": []}

    def describe_execution(self, executionArn: str) -> dict[str, Any]:
        return self.executions[executionArn]


@dataclass
class Pages:
    stack: FakeStack
    operation: str

    def paginate(self, **_: Any) -> list[dict[str, Any]]:
        if self.operation == "list_executions":
            return [{"executions": [{"executionArn": one} for one in self.stack.executions]}]
        return [{"events": []}]


@pytest.fixture
def stack() -> FakeStack:
    return FakeStack()


def test_two_executions_of_one_version_end_once(stack: FakeStack) -> None:
    said: list[str] = []
    watch = ExecutionReporter(stack, said.append)
    stack.add("by-name")
    stack.add("by-event")
    watch.look()
    stack.end("by-event", "duplicate")
    watch.look()
    stack.end("by-name", "succeeded")
    watch.look()
    assert said == ["mine/my.csv  ended as succeeded: so"]


def test_another_version_and_a_lone_duplicate_are_said(stack: FakeStack) -> None:
    said: list[str] = []
    watch = ExecutionReporter(stack, said.append)
    for number in ("1", "2"):
        stack.add(f"run-{number}", number)
        stack.end(f"run-{number}", "duplicate")
    watch.look()
    assert said == ["mine/my.csv  ended as duplicate: so"] * 2
