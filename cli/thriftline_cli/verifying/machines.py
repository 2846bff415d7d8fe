"""A deployed state machine, asked of Step Functions: its definition, and each of its states.

TestState runs one state alone. A task gets a made-up error in place of its call, so that nothing is
called; what must come out is what the definition itself says: the Catch that takes the error. A
choice, a pass and the ends are evaluated with empty values for the run's variables; where these do
not fit an expression, the state could not be judged, and that is no failure.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from thriftline_cli.verifying.results import Result, asked, unknown

# No Retry names it, so each Retry that takes every error is spent by its count.
ERROR = "Thriftline.Verify"
_CALLS = frozenset({"Task", "Map", "Parallel"})
_WAITS = "Wait"
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_EVERY_ERROR = "States.ALL"
DEFINITION, STATE = "definition", "state"
Client = Callable[[str], Any]


def check_machine(name: str, arn: str, client: Client) -> Iterator[Result]:
    """Yields what Step Functions says of a machine as it is deployed."""
    machines = client("stepfunctions")
    try:
        described = machines.describe_state_machine(stateMachineArn=arn)
    except (BotoCoreError, ClientError) as error:
        yield unknown(DEFINITION, name, error)
        return
    text, kind = str(described["definition"]), str(described.get("type", "STANDARD"))
    yield asked(DEFINITION, name, lambda: _definition(name, text, kind, machines))
    definition = json.loads(text)
    variables = json.dumps(sample_variables(definition))
    for state, body in definition["States"].items():
        place = f"{name}: {state}"
        if body["Type"] == _WAITS:
            yield Result(STATE, place, None, "it waits; TestState would wait as long")
            continue
        request = state_request(text, state, body, variables)
        yield asked(STATE, place, partial(_state, place, body, request, machines))


def sample_variables(definition: Mapping[str, Any]) -> dict[str, Any]:
    """Returns a value for each variable that the machine assigns: its constants, else empty."""
    found: dict[str, Any] = {}
    for assigned in _assignments(definition):
        for name, value in assigned.items():
            if _VARIABLE.fullmatch(name):
                found.setdefault(name, {} if _is_computed(value) else value)
    return found


def _assignments(node: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(node, Mapping):
        if isinstance(node.get("Assign"), Mapping):
            yield node["Assign"]
        for value in node.values():
            yield from _assignments(value)
    elif isinstance(node, list):
        for value in node:
            yield from _assignments(value)


def _is_computed(value: Any) -> bool:
    return "{%" in json.dumps(value)


def state_request(
    definition: str, state: str, body: Mapping[str, Any], variables: str
) -> dict[str, Any]:
    """Returns the arguments of TestState; a state that calls something is given an error."""
    request: dict[str, Any] = {
        "definition": definition,
        "stateName": state,
        "input": "{}",
        "variables": variables,
        "inspectionLevel": "INFO",
    }
    if body["Type"] in _CALLS:
        request["mock"] = {"errorOutput": {"error": ERROR, "cause": "made up by verify"}}
        request["stateConfiguration"] = {"retrierRetryCount": _tries(body)}
    return request


def _tries(body: Mapping[str, Any]) -> int:
    """How often the Retry that takes the made-up error tries: it is then spent."""
    for retrier in body.get("Retry", ()):
        if _EVERY_ERROR in retrier["ErrorEquals"]:
            return int(retrier.get("MaxAttempts", 3))
    return 0


def expected_state(body: Mapping[str, Any]) -> str | None:
    """Returns the state that follows the made-up error, None where it ends the execution."""
    for catcher in body.get("Catch", ()):
        if _EVERY_ERROR in catcher["ErrorEquals"]:
            return str(catcher["Next"])
    return None


def _definition(name: str, text: str, kind: str, machines: Any) -> Result:
    answer = machines.validate_state_machine_definition(definition=text, type=kind)
    found = answer.get("diagnostics", [])
    errors = [one for one in found if one["severity"] == "ERROR"]
    if answer["result"] != "OK" or errors:
        return Result(DEFINITION, name, False, "; ".join(map(_said, errors or found)))
    warned = f"; {len(found)} warnings: {'; '.join(map(_said, found))}" if found else ""
    return Result(DEFINITION, name, True, f"Step Functions accepts it{warned}")


def _said(diagnostic: Mapping[str, Any]) -> str:
    place = diagnostic.get("location", "")
    return f"{diagnostic['code']} {place}: {diagnostic['message']}"


def _state(place: str, body: Mapping[str, Any], request: dict[str, Any], machines: Any) -> Result:
    answer = machines.test_state(**request)
    status, following = str(answer["status"]), answer.get("nextState")
    if answer.get("error") == "States.QueryEvaluationError":
        cause = str(answer.get("cause", ""))[:200]
        return Result(STATE, place, None, f"empty values do not fit its expressions: {cause}")
    if body["Type"] in _CALLS:
        wanted = expected_state(body)
        passed = following == wanted and status == ("FAILED" if wanted is None else "CAUGHT_ERROR")
        where = f"to {following}" if following else "nowhere"
        return Result(STATE, place, passed, f"an error of its call leads {where} ({status})")
    if body["Type"] == "Fail":
        return Result(STATE, place, status == "FAILED", f"it ends the execution ({status})")
    return Result(STATE, place, status == "SUCCEEDED", _going(status, following))


def _going(status: str, following: object) -> str:
    return f"it goes to {following} ({status})" if following else f"it ends ({status})"
