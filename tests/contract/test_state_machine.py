"""The machines against errors.py, the template and their own promises."""

import inspect
import json
import re
import subprocess
from datetime import timedelta
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from tests.contract.conftest import MACHINES, Machine, State, machine_of
from tests.contract.node import node
from thriftline.core import errors
from thriftline.runs.domain.approvals import wait_seconds
from thriftline.runs.domain.wait_policy import SHORTEST_SECONDS
from tools.write_no_retry_lists import answers, handler_of, never_retried, rewritten

ROOT = Path(__file__).parents[2]


def test_every_next_of_a_machine_exists(machine: Machine) -> None:
    missing = [
        (state.name, target)
        for state in machine.states()
        for target in state.targets()
        if target not in state.within["States"]
    ]
    assert missing == []


def test_every_state_can_be_reached(machine: Machine) -> None:
    states = list(machine.states())
    reached = {(id(state.within), state.within["StartAt"]) for state in states}
    while True:
        further = {
            (id(state.within), target)
            for state in states
            if (id(state.within), state.name) in reached
            for target in state.targets()
        } - reached
        if not further:
            break
        reached |= further
    assert reached == {(id(state.within), state.name) for state in states}


def test_error_names_in_the_machines_and_classes_in_errors_are_the_same() -> None:
    in_machines = {
        name
        for machine in MACHINES
        for name in re.findall(r"\b[A-Z][A-Za-z]+Error\b", machine.text)
    }
    classes = {
        name
        for name, found in inspect.getmembers(errors, inspect.isclass)
        if issubclass(found, errors.ThriftlineError) and found is not errors.ThriftlineError
    }
    assert in_machines == classes


def _timeout_of(state: State) -> int:
    """Two come with the plan or the last look; the shortest is meant."""
    given = state.definition["TimeoutSeconds"]
    if given == "{% $poll.wait_seconds %}":
        return SHORTEST_SECONDS
    if given == "{% $asking.wait_seconds %}":
        return wait_seconds(timedelta(hours=1))
    return int(given)


def test_every_task_has_a_timeout_and_a_retry(machine: Machine) -> None:
    for state in machine.tasks():
        assert _timeout_of(state) > 0, state.name
        assert state.definition["Retry"], state.name


def test_a_run_ends_in_order_whatever_task_fails(training: Machine) -> None:
    for state in training.tasks():
        # Inside a Map the Map itself catches.
        assert "Catch" in state.definition or state.within is not training.definition, state.name


def test_what_an_audit_loses_on_the_way_does_not_hold_up_its_report() -> None:
    audit = machine_of("cost_audit")
    lost = {state.name for state in audit.tasks() if "Catch" not in state.definition}
    # Without an opening there is nothing to report, and without a report nothing to publish.
    assert lost == {"Open audit", "Write report", "Publish audit"}


def test_a_fail_state_is_given_no_name_of_step_functions_own(machine: Machine) -> None:
    """It would end as States.Runtime: a name that was caught loses its prefix."""
    for state in machine.states():
        error = str(state.definition.get("Error", ""))
        if "$failure.error" in error:
            assert error == "{% $replace($failure.error, 'States.', 'State') %}", state.name


def test_a_distributed_map_uses_no_variable_from_outside(machine: Machine) -> None:
    """Step Functions refuses that: a child execution has only its input."""
    for state in machine.states():
        processor = state.definition.get("ItemProcessor", {})
        if processor.get("ProcessorConfig", {}).get("Mode") != "DISTRIBUTED":
            continue
        inner = json.dumps(processor)
        used = set(re.findall(r"\$([a-z_]+)\b(?![\(\w])", inner)) - {"states"}
        assigned = {
            name
            for one in Machine("child", "", processor).states()
            for name in one.definition.get("Assign", {})
        }
        assert used == assigned, state.name


def test_every_retry_and_catch_says_why(machine: Machine) -> None:
    lines = machine.text.splitlines()
    uncommented = [
        number
        for number, line in enumerate(lines, start=1)
        if line.strip().startswith("- ErrorEquals")
        and not lines[number - 2].strip().startswith("#")
    ]
    assert uncommented == []


def _functions_of(state: State) -> list[str]:
    return re.findall(r"\$\{(\w+?)FunctionArn\}", json.dumps(state.definition["Arguments"]))


def test_a_task_never_retries_what_its_function_answers(machine: Machine) -> None:
    """An error whose class says NEVER is an answer: the same call gets it again."""
    for state in machine.tasks():
        functions = _functions_of(state)
        if not functions:
            continue
        first = state.definition["Retry"][0]
        assert first["MaxAttempts"] == 0, state.name
        expected = frozenset().union(*(never_retried(handler_of(one)) for one in functions))
        assert set(first["ErrorEquals"]) == expected, f"{state.name}: run make docs"


def test_what_is_retried_is_no_answer(machine: Machine) -> None:
    for state in machine.tasks():
        for retrier in state.definition["Retry"]:
            if retrier.get("MaxAttempts") == 0:
                continue
            assert not answers() & set(retrier["ErrorEquals"]), state.name


def test_an_answer_is_caught_before_all_errors_are_retried(machine: Machine) -> None:
    """``States.ALL`` takes every error that no retrier before it names."""
    for state in machine.tasks():
        named = [name for one in state.definition["Retry"] for name in one["ErrorEquals"]]
        if "States.ALL" in named:
            assert named[-1] == "States.ALL", state.name
            assert named.count("States.ALL") == 1, state.name


def test_the_standard_retriers_are_the_same_in_all_states() -> None:
    throttled, anything = set(), set()
    for machine in MACHINES:
        for state in filter(_functions_of, machine.tasks()):
            for retrier in state.definition["Retry"]:
                if "ThrottledError" in retrier["ErrorEquals"]:
                    throttled.add(json.dumps(retrier, sort_keys=True))
                elif "States.ALL" in retrier["ErrorEquals"] and retrier.get("MaxAttempts") != 0:
                    anything.add(json.dumps(retrier, sort_keys=True))
    assert len(throttled) == 1, throttled
    assert len(anything) == 1, anything


def test_an_answer_taken_out_of_a_list_is_written_back() -> None:
    text = machine_of("cost_audit").text
    broken = text.replace("AccessDeniedError, ", "", 1)
    assert broken != text
    assert rewritten(broken) == text


def test_substitutions_of_the_template_and_of_a_machine_are_the_same(
    template: dict[str, Any], machine: Machine
) -> None:
    used = set(re.findall(r"\$\{([A-Za-z]+)\}", machine.text))
    properties = template["Resources"][machine.resource]["Properties"]
    assert used == set(properties["DefinitionSubstitutions"])


def test_a_task_waits_longer_than_its_function_runs(
    template: dict[str, Any], machine: Machine
) -> None:
    default = template["Globals"]["Function"]["Timeout"]
    for state in machine.tasks():
        called = str(state.definition["Arguments"].get("FunctionName", ""))
        for function in re.findall(r"\$\{([A-Za-z]+)Arn\}", called):
            timeout = template["Resources"][function]["Properties"].get("Timeout", default)
            assert _timeout_of(state) > timeout, state.name


def test_asl_validator_accepts_the_machine(machine: Machine, tmp_path: Path) -> None:
    """npm's asl-validator knows JSONata; it must also reject a broken machine."""
    text = re.sub(
        r"\$\{[A-Za-z]+Arn\}", "arn:aws:lambda:us-east-1:123456789012:function:f", machine.text
    ).replace("${Partition}", "aws")
    definition = YAML(typ="safe").load(text)
    assert _validate(definition, tmp_path) == 0
    definition["States"][definition["StartAt"]]["Next"] = "Nowhere"
    assert _validate(definition, tmp_path) != 0


def _validate(definition: dict[str, Any], folder: Path) -> int:
    file = folder / "machine.json"
    file.write_text(json.dumps(definition))
    tool = ROOT / "node_modules/asl-validator/dist/bin/asl-validator.js"
    assert tool.exists(), "asl-validator is missing: run make setup"
    return subprocess.run([node(), str(tool), "--json-path", str(file)], check=False).returncode
