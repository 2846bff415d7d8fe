"""A run that waits for a person: what it asks for, by the stack's own function."""

import json
from collections.abc import Iterator
from typing import Any

WAITING = "Wait for approval"


class ApprovalError(Exception):
    """The function cannot be asked; the message says why."""


def ask(functions: Any, function: str, run_id: str) -> dict[str, Any]:
    """Return a run's request, as the function says it.

    Raises:
        ApprovalError: the function failed.
    """
    request = {"run_id": run_id, "answer": None, "by": ""}
    called = functions.invoke(FunctionName=function, Payload=json.dumps(request).encode())
    payload = json.loads(called["Payload"].read())
    if "FunctionError" in called:
        raise ApprovalError(payload.get("errorMessage", "the function failed; see its log"))
    body: dict[str, Any] = json.loads(payload["body"])
    return body


def lines_of(request: dict[str, Any]) -> Iterator[str]:
    """What a terminal shows of a request, each line within 80 columns."""
    yield f"may {request['project']} spend up to ${request['worst_case_usd']}?"
    for choice in request["choices"]:
        if choice["chosen"]:
            yield f"  planned: {choice['name']}, {_price(choice)}"
    yield (
        f"  ${request['left_usd']} left of {request['month']}, ${request['held_usd']} held for "
        "this run"
    )
    yield f"  thriftline approvals approve {request['run_id']}"
    yield f"  thriftline approvals reject {request['run_id']}"


def _price(choice: dict[str, Any]) -> str:
    likely, low, high = (choice[f"{name}_usd"] for name in ("likely", "low", "high"))
    if likely is None:
        return "price not known"
    return f"about ${likely}" if low is None or high is None else f"${low} to ${high}"
