"""The training machine against errors.py, the template and its own promises."""

import inspect
import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from thriftline import errors

ROOT = Path(__file__).parents[2]
State = tuple[str, dict[str, Any]]


def states_of(machine: dict[str, Any]) -> Iterator[tuple[dict[str, Any], State]]:
    """Yields every state with the machine (or item processor) that it belongs to."""
    for name, state in machine["States"].items():
        yield machine, (name, state)
        if "ItemProcessor" in state:
            yield from states_of(state["ItemProcessor"])


def targets_of(state: dict[str, Any]) -> Iterator[str]:
    yield from (state[key] for key in ("Next", "Default") if key in state)
    for part in (*state.get("Choices", ()), *state.get("Catch", ())):
        yield part["Next"]


def tasks_of(machine: dict[str, Any]) -> list[State]:
    return [found for _, found in states_of(machine) if found[1]["Type"] == "Task"]


def test_every_next_of_the_machine_exists(training: dict[str, Any]) -> None:
    missing = [
        (name, target)
        for machine, (name, state) in states_of(training)
        for target in targets_of(state)
        if target not in machine["States"]
    ]
    assert missing == []


def test_every_state_can_be_reached(training: dict[str, Any]) -> None:
    reached = {training["StartAt"]}
    while True:
        further = {
            target for name in reached for target in targets_of(training["States"][name])
        } - reached
        if not further:
            break
        reached |= further
    assert reached == set(training["States"])


def test_error_names_in_the_machine_and_classes_in_errors_are_the_same(training_text: str) -> None:
    in_machine = set(re.findall(r"\b[A-Z][A-Za-z]+Error\b", training_text))
    classes = {
        name
        for name, found in inspect.getmembers(errors, inspect.isclass)
        if issubclass(found, errors.ThriftlineError) and found is not errors.ThriftlineError
    }
    assert in_machine == classes


def test_every_task_has_a_timeout_a_retry_and_a_way_out(training: dict[str, Any]) -> None:
    for machine, (name, state) in states_of(training):
        if state["Type"] != "Task":
            continue
        assert state["TimeoutSeconds"] > 0, name
        assert state["Retry"], name
        # Inside a Map the Map itself catches.
        assert "Catch" in state or machine is not training, name


def test_every_retry_and_catch_says_why(training_text: str) -> None:
    lines = training_text.splitlines()
    uncommented = [
        number
        for number, line in enumerate(lines, start=1)
        if line.strip().startswith("- ErrorEquals")
        and not lines[number - 2].strip().startswith("#")
    ]
    assert uncommented == []


def test_answers_are_never_retried(training: dict[str, Any]) -> None:
    """A class whose docstring says Fail or Reject must not be called again by the machine."""
    for name, state in tasks_of(training):
        for retrier in state["Retry"]:
            if retrier.get("MaxAttempts") == 0:
                continue
            for error in retrier["ErrorEquals"]:
                documented = getattr(errors, error, None)
                if documented is not None:
                    assert "etry" in (documented.__doc__ or ""), (name, error)


def test_substitutions_of_the_template_and_of_the_machine_are_the_same(
    template: dict[str, Any], training_text: str
) -> None:
    used = set(re.findall(r"\$\{([A-Za-z]+)\}", training_text))
    given = set(
        template["Resources"]["TrainingStateMachine"]["Properties"]["DefinitionSubstitutions"]
    )
    assert used == given


def test_a_task_waits_longer_than_its_function_runs(
    template: dict[str, Any], training: dict[str, Any]
) -> None:
    default = template["Globals"]["Function"]["Timeout"]
    for name, state in tasks_of(training):
        arn = state["Arguments"]["FunctionName"]
        function = arn.removeprefix("${").removesuffix("Arn}")
        timeout = template["Resources"][function]["Properties"].get("Timeout", default)
        assert state["TimeoutSeconds"] > timeout, name


@pytest.mark.parametrize("path", sorted((ROOT / "statemachines").glob("*.asl.yaml")))
def test_asl_validator_accepts_the_machine(
    path: Path, tmp_path: Path, training: dict[str, Any]
) -> None:
    """npm's asl-validator knows JSONata; it must also reject a broken machine."""
    text = re.sub(
        r"\$\{[A-Za-z]+Arn\}", "arn:aws:lambda:us-east-1:123456789012:function:f", path.read_text()
    ).replace("${Partition}", "aws")
    from ruamel.yaml import YAML

    definition = YAML(typ="safe").load(text)
    assert _validate(definition, tmp_path) == 0
    definition["States"][definition["StartAt"]]["Next"] = "Nowhere"
    assert _validate(definition, tmp_path) != 0


def _validate(definition: dict[str, Any], folder: Path) -> int:
    file = folder / "machine.json"
    file.write_text(json.dumps(definition))
    tool = ROOT / "node_modules/asl-validator/dist/bin/asl-validator.js"
    node = _node()
    assert tool.exists(), "asl-validator is missing: run make setup"
    return subprocess.run([node, str(tool), "--json-path", str(file)], check=False).returncode


def _node() -> str:
    import sys

    beside = Path(sys.executable).with_name("node")
    return str(beside) if beside.exists() else "node"
