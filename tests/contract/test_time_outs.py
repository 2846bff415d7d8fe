"""How long calls of AWS may take, against the time that each function of the template has."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.config import Config

from tests.contract.conftest import API_HANDLER, functions_of
from thriftline.core.aws import clients, target_clients

ROOT = Path(__file__).parents[2]
WIRING = ROOT / "functions/thriftline/wiring"
API_GATEWAY_SECONDS = 29
# botocore's; the pauses before it double from one second.
LONGEST_PAUSE_SECONDS = 20.0
COLD_START_SECONDS = 2
ANSWERING = "thriftline.handlers.answer_approval.lambda_handler"
WAITED_FOR = {API_HANDLER, ANSWERING}
COLLECTING = {"CollectPartFunction", "AssembleInventoryFunction"}
ACTING = {"ActOnPlanFunction", "RestoreEndpointFunction"}
# What a function may do before a call that hangs, and after it.
BESIDE_A_CALL_SECONDS = 10
WITHOUT_CALLS = {"GradeAnswersFunction"}
# It shortens a wait: where it ends too early, the next look comes when it would have come anyway.
MAY_BE_CUT = {"WakeRunFunction"}
INTERACTIVE = {"INTERACTIVE": clients.INTERACTIVE, "INTERACTIVE_ONCE": clients.INTERACTIVE_ONCE}


def worst_seconds(config: Config) -> float:
    """Returns how long one call takes where no try is answered, with the longest pauses."""
    asked: Any = config
    tries = int(asked.retries["total_max_attempts"])
    pauses = (min(2.0**one, LONGEST_PAUSE_SECONDS) for one in range(tries - 1))
    return float(tries * (asked.connect_timeout + asked.read_timeout) + sum(pauses))


def seconds_of(template: dict[str, Any], properties: dict[str, Any]) -> int:
    return int(properties.get("Timeout", template["Globals"]["Function"]["Timeout"]))


def test_a_call_behind_which_somebody_waits_ends_before_api_gateway_does() -> None:
    for name, config in INTERACTIVE.items():
        assert worst_seconds(config) <= clients.ANSWER_WITHIN_SECONDS, name


def test_a_cold_start_all_calls_and_the_last_one_fit_in_the_time_of_api_gateway(
    template: dict[str, Any],
) -> None:
    longest = COLD_START_SECONDS + clients.ANSWER_WITHIN_SECONDS + worst_seconds(clients.LAST)
    found = {f["Handler"]: seconds_of(template, f) for f in functions_of(template).values()}
    for handler in WAITED_FOR:
        assert longest <= found[handler] <= API_GATEWAY_SECONDS, handler


def test_a_call_that_is_not_answered_ends_within_its_functions_time(
    template: dict[str, Any],
) -> None:
    exempt = WITHOUT_CALLS | MAY_BE_CUT
    for name, properties in functions_of(template).items():
        if name in exempt or properties["Handler"] in WAITED_FOR:
            continue
        configs = [clients.ORDINARY, clients.SOON, clients.ONCE]
        configs += [target_clients.COLLECTING] * (name in COLLECTING)
        configs += [target_clients.ACTING] * (name in ACTING)
        longest = max(worst_seconds(one) for one in configs)
        assert longest + BESIDE_A_CALL_SECONDS <= seconds_of(template, properties), name


def test_every_name_of_this_file_is_a_function(template: dict[str, Any]) -> None:
    assert set(functions_of(template)) >= COLLECTING | ACTING | WITHOUT_CALLS | MAY_BE_CUT


def _uses(tree: ast.AST, name: str) -> bool:
    return any(isinstance(one, ast.Attribute) and one.attr == name for one in ast.walk(tree))


def test_who_collects_and_who_acts_is_as_it_is_written_here(template: dict[str, Any]) -> None:
    found: dict[str, set[str]] = {"target_clients": set(), "acting_clients": set()}
    found["restoring_clients"] = set()
    for name, properties in functions_of(template).items():
        module = ROOT / "functions" / properties["Handler"].rpartition(".")[0].replace(".", "/")
        tree = ast.parse(module.with_suffix(".py").read_text(encoding="utf-8"))
        for wired, users in found.items():
            users |= {name} if _uses(tree, wired) else set()
    assert found["target_clients"] == COLLECTING
    assert found["acting_clients"] | found["restoring_clients"] == ACTING


def _clients_taken(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module == "thriftline.core.aws.clients":
            yield from (one.name for one in node.names)
        if isinstance(node, ast.ImportFrom) and node.module == "thriftline.wiring.shared":
            # These have ordinary clients.
            yield from (one.name for one in node.names if one.name not in ("now", "settings"))


@pytest.mark.parametrize("module", ["answers", "api", "api_audit", "api_calls", "api_serving"])
def test_what_somebody_waits_for_takes_no_client_that_is_patient(module: str) -> None:
    taken = set(_clients_taken(WIRING / f"{module}.py"))
    # It signs, and calls nothing.
    assert taken <= {
        *("interactive_client", "interactive_client_without_retries", "signing_s3_client"),
        "last_client",
        *("ANSWER_WITHIN_SECONDS", "deadline"),
    }


# What makes a client that is patient, by whatever way a module comes by it.
PATIENT = {"client", "client_without_retries", "impatient_client"}


def test_nothing_of_the_api_makes_a_client_that_is_patient() -> None:
    files = [
        *(ROOT / "functions/thriftline/api").rglob("*.py"),
        *WIRING.glob("api*.py"),
        WIRING / "answers.py",
    ]
    nodes = [
        (path.name, node)
        for path in files
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    ]
    made = {(name, node.attr) for name, node in nodes if isinstance(node, ast.Attribute)}
    imported = {
        (name, one.name)
        for name, node in nodes
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("thriftline.core.aws")
        for one in node.names
    }
    assert {each for each in made | imported if each[1] in PATIENT} == set()
    assert {name for name in PATIENT if callable(getattr(clients, name))} == PATIENT


def test_the_api_wires_nothing_elsewhere() -> None:
    files = [*(ROOT / "functions/thriftline/api").rglob("*.py"), *WIRING.glob("api*.py")]
    pure = {"quoters", "preparation_quotes", "shared"}
    wired = set()
    for path in files:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module == "thriftline.wiring":
                wired |= {one.name for one in node.names}
            elif isinstance(node, ast.ImportFrom) and str(node.module).startswith(
                "thriftline.wiring."
            ):
                wired.add(str(node.module).rpartition(".")[2])
    assert wired <= {"api", "api_audit", "api_calls", "api_serving"} | pure
