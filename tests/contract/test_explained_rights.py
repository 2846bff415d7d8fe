"""What the integration tests say of the functions' rights at their end: used, or explained."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from tests.integration.roles.explained import EXPLAINED, SELDOM, reason_for
from tests.integration.roles.needed import Needed, complaints, judged_rights
from tests.integration.roles.rights import Right, functions, written_of
from tests.integration.roles.whole_run import ROOT, WholeRun
from tests.virtual_time.permissions import functions_of_runs


@pytest.mark.parametrize("row", [*EXPLAINED, *SELDOM], ids=" ".join)
def test_every_explanation_is_of_a_right_that_a_role_has(row: tuple[str, str, str]) -> None:
    assert any(reason_for(one) == row for one in judged_rights())


def test_every_function_is_looked_at_in_virtual_time_or_in_the_integration_tests() -> None:
    judged = {one.function for one in judged_rights()}
    with_rights = {name for name, statements in functions().items() if statements}
    assert judged | set(functions_of_runs()) >= with_rights
    assert judged.isdisjoint(functions_of_runs())


def _needed() -> set[Right]:
    return {one for one in judged_rights() if reason_for(one) is None}


def test_nothing_is_said_where_each_right_is_needed_or_explained() -> None:
    assert complaints(_needed()) == []


@pytest.mark.parametrize("part", ["s3:PutObject", "${ArtifactsBucket.Arn}/audits/*"])
def test_an_action_and_a_resource_that_nothing_needed_are_named(part: str) -> None:
    wide = {one for one in _needed() if (one.function, one.part) == ("WriteReportFunction", part)}
    assert wide
    lines = complaints(_needed() - wide)
    assert len(lines) == len(wide)
    assert all(one.startswith(f"WriteReportFunction {part} [") for one in lines)


def test_an_explanation_of_what_was_needed_all_the_same_is_named() -> None:
    row = next(iter(EXPLAINED))
    spoken = {one for one in judged_rights() if reason_for(one) == row}
    assert complaints(_needed() | spoken) == [
        f"{' '.join(row)}: explained, and nothing is left of it to explain"
    ]


def test_a_row_speaks_for_a_resource_only_where_it_names_all_actions_on_it() -> None:
    machine = "${ActOnScheduleStateMachine}"
    (right,) = (one for one in judged_rights() if one.part == machine)
    assert set(written_of(right).actions) == {"states:ListExecutions", "states:StartExecution"}
    assert reason_for(right) == ("ApiFunction", "states:*", "*ActOnScheduleStateMachine*")
    # No row names all of the machines that it may be done to.
    assert reason_for(Right(right.function, right.statement, "states:StartExecution")) is None


def _ended(needed: set[Right], files: set[str], **chosen: Any) -> int:
    """Returns how a run that went well ends, with what one other process sent."""
    options = {"keyword": "", "markexpr": "not thorough", "deselect": None, "lf": False, **chosen}
    config = SimpleNamespace(
        args=["tests/integration"],
        getoption=lambda name, *_, **__: options[name],
    )
    elsewhere = Needed()
    elsewhere.rights = needed
    run = WholeRun(Needed())
    run.add({"needed_rights": elsewhere.to_lines(), "integration_files": sorted(files)})
    session = SimpleNamespace(config=config, exitstatus=pytest.ExitCode.OK)
    run.finish(cast("pytest.Session", session))
    return int(session.exitstatus)


def test_a_strict_run_of_all_tests_fails_where_a_right_is_wider_and_no_other_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    files = {str(one.relative_to(ROOT)) for one in ROOT.rglob("test_*.py")}
    assert _ended(set(), files) == pytest.ExitCode.OK
    monkeypatch.setenv("THRIFTLINE_STRICT_ROLES", "1")
    assert _ended(_needed(), files) == pytest.ExitCode.OK
    assert _ended(set(), files) == pytest.ExitCode.TESTS_FAILED
    assert _ended(set(), files - {sorted(files)[0]}) == pytest.ExitCode.OK
    assert _ended(set(), files, keyword="page") == pytest.ExitCode.OK
