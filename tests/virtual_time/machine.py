"""A state machine of the subset that the shipped ones use, compiled once from its YAML.

What is not known is refused when the machine is read, so that no field is passed over.
"""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from local_aws.stepfunctions.jsonata import JsonataError
from tests.virtual_time.expressions import Template, Variables, template

_COMMON = {"Type", "Comment", "Next", "End"}
_TASK = {"Resource", "TimeoutSeconds", "Arguments", "Assign", "Output", "Retry", "Catch"}
_FIELDS = {
    "Pass": {"Assign", "Output"},
    "Task": _TASK,
    "Map": {"Items", "MaxConcurrency", "ItemProcessor", "Assign", "Output", "Retry", "Catch"},
    "Choice": {"Choices", "Default", "Assign"},
    "Wait": {"Seconds", "Assign"},
    "Succeed": {"Output"},
    "Fail": {"Error", "Cause"},
}
_MACHINE = {"Comment", "QueryLanguage", "TimeoutSeconds", "StartAt", "States"}
_PROCESSOR = {"ProcessorConfig", "StartAt", "States"}
_RETRY = {
    "ErrorEquals", "IntervalSeconds", "BackoffRate", "MaxDelaySeconds", "MaxAttempts",
    "JitterStrategy",
}  # fmt: skip
_CATCH = {"ErrorEquals", "Next", "Assign", "Output"}
# No Retry and no Catch takes these by the name of all errors.
_NOT_ALL = {"States.DataLimitExceeded", "States.Runtime"}


class StateError(Exception):
    """An error as a state sees it: a name, and a text."""

    def __init__(self, name: str, cause: str = "") -> None:
        super().__init__(f"{name}: {cause}")
        self.name, self.cause = name, cause


def _require(known: set[str], found: Mapping[str, Any], where: str) -> None:
    unknown = set(found) - known
    if unknown:
        raise NotImplementedError(f"{where} has {sorted(unknown)}, which is not known here")


def evaluated(made: Template, variables: Variables) -> Any:
    """Evaluates a template; what fails is Step Functions' own error."""
    try:
        return made(variables)
    except JsonataError as error:
        raise StateError("States.QueryEvaluationError", str(error)) from error


def takes(names: tuple[str, ...], error: StateError) -> bool:
    """Whether a list of error names takes an error."""
    if error.name in names:
        return True
    if "States.TaskFailed" in names and error.name != "States.Timeout":
        return True
    return "States.ALL" in names and error.name not in _NOT_ALL


@dataclass(frozen=True)
class Retrier:
    """One entry of Retry."""

    names: tuple[str, ...]
    interval: float
    rate: float
    longest: float
    most: int
    jitter: bool

    @classmethod
    def of(cls, found: Mapping[str, Any]) -> "Retrier":
        _require(_RETRY, found, "Retry")
        return cls(
            tuple(found["ErrorEquals"]),
            found.get("IntervalSeconds", 1),
            found.get("BackoffRate", 2.0),
            found.get("MaxDelaySeconds", float("inf")),
            found.get("MaxAttempts", 3),
            found.get("JitterStrategy", "NONE") == "FULL",
        )

    def delay(self, retries: int, chance: random.Random) -> float:
        """Seconds before the next try, after so many."""
        delay = min(self.longest, self.interval * self.rate**retries)
        return chance.uniform(0, delay) if self.jitter else delay


@dataclass(frozen=True)
class Catcher:
    """One entry of Catch."""

    names: tuple[str, ...]
    assign: Template | None
    output: Template | None
    target: str


def _maybe(state: Mapping[str, Any], name: str) -> Template | None:
    return template(state[name]) if name in state else None


@dataclass(frozen=True)
class State:
    """One state. ``templates`` are its fields that may hold expressions."""

    name: str
    kind: str
    target: str | None
    templates: Mapping[str, Template]
    resource: str = ""
    choices: tuple[tuple[Template, str, Template | None], ...] = ()
    retry: tuple[Retrier, ...] = ()
    catch: tuple[Catcher, ...] = ()
    within: "States | None" = None
    most_at_once: int = 0

    @classmethod
    def of(cls, name: str, state: Mapping[str, Any]) -> "State":
        kind = state["Type"]
        _require(_COMMON | _FIELDS[kind], state, name)
        kept = ("Assign", "Output", "Arguments", "TimeoutSeconds", "Seconds", "Items", "Error",
                "Cause")  # fmt: skip
        if "ItemProcessor" in state:
            _require(_PROCESSOR, state["ItemProcessor"], name)
            if state["ItemProcessor"]["ProcessorConfig"] != {"Mode": "INLINE"}:
                raise NotImplementedError(f"{name}: only INLINE maps are known here")
        return cls(
            name=name,
            kind=kind,
            target=state.get("Next", state.get("Default")),
            templates={one: template(state[one]) for one in kept if one in state},
            resource=str(state.get("Resource", "")).partition(":states:::")[2],
            choices=tuple(
                (template(one["Condition"]), one["Next"], _maybe(one, "Assign"))
                for one in state.get("Choices", ())
            ),
            retry=tuple(map(Retrier.of, state.get("Retry", ()))),
            catch=tuple(map(_catcher, state.get("Catch", ()))),
            within=States.of(state["ItemProcessor"]) if "ItemProcessor" in state else None,
            most_at_once=state.get("MaxConcurrency", 0),
        )


def _catcher(found: Mapping[str, Any]) -> Catcher:
    _require(_CATCH, found, "Catch")
    return Catcher(
        tuple(found["ErrorEquals"]), _maybe(found, "Assign"), _maybe(found, "Output"), found["Next"]
    )


@dataclass(frozen=True)
class States:
    """States that belong together, and the first of them."""

    start: str
    by_name: Mapping[str, State]

    @classmethod
    def of(cls, found: Mapping[str, Any]) -> "States":
        return cls(
            found["StartAt"], {name: State.of(name, one) for name, one in found["States"].items()}
        )


@dataclass(frozen=True)
class Machine:
    """A whole machine. ``arn`` is what its executions' names are made of."""

    arn: str
    states: States
    timeout: float
    extra: Mapping[str, Any] = field(default_factory=dict)


@cache
def read_machine(path: Path, arn: str) -> Machine:
    """Reads a machine from its file; its substitutions stay as they stand there."""
    found = yaml.load(path.read_text(), Loader=yaml.CSafeLoader)
    _require(_MACHINE, found, str(path))
    if found.get("QueryLanguage") != "JSONata":
        raise NotImplementedError(f"{path}: only JSONata is known here")
    return Machine(arn, States.of(found), found.get("TimeoutSeconds", float("inf")))
