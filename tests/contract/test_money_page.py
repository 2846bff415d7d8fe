"""docs/money.md against the workflow, the template and the programs that it speaks of."""

import json
import re
import shlex
from pathlib import Path
from typing import Any

from tests.contract.conftest import Machine
from thriftline.runs.schemas.approval import AnswerApprovalRequest
from thriftline.runs.schemas.result import Result

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/money.md").read_text()


def _order(machine: Machine) -> list[str]:
    return list(machine.definition["States"])


def test_the_steps_of_the_story_are_states_in_the_order_of_the_workflow(training: Machine) -> None:
    rows = re.findall(
        r"^\| (?:estimate|hold|approval|attempts|settle|learn) \| ([^|]+)", PAGE, re.M
    )
    told = [name for row in rows for name in re.findall(r"`([^`]+)`", row)]
    states = _order(training)
    assert [name for name in told if name not in states] == []
    assert told == sorted(told, key=states.index)


def test_parameters_errors_and_keys_of_the_page_exist(
    template: dict[str, Any], training: Machine
) -> None:
    named = set(re.findall(r"`([A-Z][A-Za-z]+(?:Usd|Hours|Url|PerMonth|Budgets))(?:=\d+)?`", PAGE))
    assert {"ApprovalAboveUsd", "ApprovalHours", "ApprovalBaseUrl", "MaxUsdPerMonth"} <= named
    assert named <= set(template["Parameters"])
    assert set(re.findall(r"`(\w+Error)`", PAGE)) <= set(re.findall(r"\w+Error", training.text))
    for key in re.findall(r"`(\w+)` in `result\.json`", PAGE):
        assert key in Result.model_fields, key
    assert "LedgerTable" in template["Resources"]


def test_the_page_gives_the_functions_name_and_an_event_that_it_takes(
    template: dict[str, Any],
) -> None:
    (command,) = re.findall(r"^aws lambda invoke .*$", PAGE, re.M)
    words = shlex.split(command)
    given = template["Resources"]["AnswerApprovalFunction"]["Properties"]["FunctionName"].value
    name = given.replace("${AWS::StackName}", "thriftline")
    assert words[words.index("--function-name") + 1] == name
    event = AnswerApprovalRequest.model_validate(json.loads(words[words.index("--payload") + 1]))
    assert event.answer == "approve"


def test_the_page_says_how_to_approve_and_to_reject() -> None:
    commands = re.findall(r"^thriftline approvals (\w+) ", PAGE, re.M)
    assert commands == ["approve", "reject"]


def test_the_page_is_linked_and_links_to_what_exists() -> None:
    assert "docs/money.md" in (ROOT / "README.md").read_text()
    for link in re.findall(r"\]\(([^)#:]+)", PAGE):
        assert (ROOT / "docs" / link).exists(), link
