"""What the contract tests read: the template and the state machines, as data."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

ROOT = Path(__file__).parents[2]
# The one function that is not of a module in handlers/: all routes of the API are its own.
API_HANDLER = "thriftline.api.handler.lambda_handler"


class _Intrinsic:
    """Any ``!Ref``-like tag, kept as its tag and value."""

    def __init__(self, tag: str, value: Any) -> None:
        self.tag = tag
        self.value = value


def _construct(loader: Any, suffix: str, node: Any) -> _Intrinsic:
    if hasattr(node, "value") and isinstance(node.value, str):
        return _Intrinsic(suffix, node.value)
    build = loader.construct_sequence if isinstance(node.value, list) else loader.construct_mapping
    return _Intrinsic(suffix, build(node, deep=True))


def load_cloudformation(path: Path) -> dict[str, Any]:
    """Reads a template; intrinsics become objects with ``tag`` and ``value``."""
    yaml = YAML(typ="safe", pure=True)
    yaml.constructor.add_multi_constructor("!", _construct)
    loaded: dict[str, Any] = yaml.load(path.read_text())
    return loaded


def functions_of(template: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Returns the properties of a template's functions by logical id."""
    return {
        name: resource["Properties"]
        for name, resource in template["Resources"].items()
        if resource["Type"] == "AWS::Serverless::Function"
    }


def statements_of(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yields the statements of a policy document, those that a condition guards too."""
    for statement in document.get("Statement", ()):
        if isinstance(statement, _Intrinsic):
            assert statement.tag == "If", statement.tag
            yield statement.value[1]
        else:
            yield statement


def actions_of(statement: dict[str, Any]) -> list[str]:
    """Returns the actions of a statement."""
    actions: str | list[str] = statement["Action"]
    return [actions] if isinstance(actions, str) else actions


@pytest.fixture(scope="session")
def template() -> dict[str, Any]:
    return load_cloudformation(ROOT / "template.yaml")


@dataclass(frozen=True)
class Machine:
    """A state machine as its file says it."""

    name: str
    text: str
    definition: dict[str, Any]

    @property
    def resource(self) -> str:
        """Its logical id in the template."""
        return "".join(part.capitalize() for part in self.name.split("_")) + "StateMachine"

    def states(self) -> "Iterator[State]":
        """Yields every state with the machine (or item processor) that it belongs to."""
        return _states_of(self.definition)

    def tasks(self) -> "list[State]":
        """The states that call something."""
        return [found for found in self.states() if found.definition["Type"] == "Task"]


@dataclass(frozen=True)
class State:
    """One state; ``within`` is the machine or the item processor that it stands in."""

    name: str
    definition: dict[str, Any]
    within: dict[str, Any]

    def targets(self) -> Iterator[str]:
        """Yields the states that may follow."""
        yield from (self.definition[key] for key in ("Next", "Default") if key in self.definition)
        for part in (*self.definition.get("Choices", ()), *self.definition.get("Catch", ())):
            yield part["Next"]


def _states_of(machine: dict[str, Any]) -> Iterator[State]:
    for name, state in machine["States"].items():
        yield State(name, state, machine)
        if "ItemProcessor" in state:
            yield from _states_of(state["ItemProcessor"])


def machine_of(name: str) -> Machine:
    """Reads a machine."""
    text = (ROOT / f"statemachines/{name}.asl.yaml").read_text()
    return Machine(name, text, YAML(typ="safe").load(text))


MACHINES = tuple(
    machine_of(path.name.removesuffix(".asl.yaml"))
    for path in sorted((ROOT / "statemachines").glob("*.asl.yaml"))
)


@pytest.fixture(params=MACHINES, ids=lambda machine: machine.name)
def machine(request: pytest.FixtureRequest) -> Machine:
    found: Machine = request.param
    return found


@pytest.fixture(scope="session")
def training() -> Machine:
    return machine_of("training")
