"""What the API refuses, as one sentence and an exit code."""

import json
from collections.abc import Mapping
from typing import Any

from thriftline_cli.answers import shown
from thriftline_cli.exits import CommandError, Exit

_CODES = {
    400: Exit.USAGE,
    401: Exit.NOT_ALLOWED,
    403: Exit.NOT_ALLOWED,
    404: Exit.NOT_FOUND,
    409: Exit.REFUSED,
    422: Exit.USAGE,
}
_MOST = 300
# API Gateway's answer to a signed call of a route that it does not have.
_NO_ROUTE = "Missing Authentication Token"


def problem(status: int, body: bytes, what: str) -> CommandError:
    """Returns the error that a command ends with.

    Args:
        status: of the answer.
        body: of the answer; a problem of RFC 9457, or whatever stands between here and there.
        what: was asked for, such as ``GET /runs``.
    """
    document = _document(body)
    said = document.get("detail") or document.get("message") or document.get("Message")
    if not said:
        said = f"the API answered {status}: {shown(body.decode(errors='replace'))[:_MOST]}"
    if status == 403 and _NO_ROUTE in str(said):
        return CommandError(
            f"the stack's API has no route {what}: the stack is older than this command line, or "
            "its address is not an API of Thriftline; deploy the newest template (thriftline "
            "deploy in a newer checkout), or use the command line of the stack's own version",
            Exit.NOT_FOUND,
        )
    lines = [shown(said), *_faults(document)]
    if status in (401, 403):
        lines[0] = f"not allowed: {lines[0]}"
    if status >= 500:
        lines[0] = f"{what}: {lines[0]}"
        if document.get("instance"):
            lines.append(f"  the API's log has it as {shown(document['instance'])}")
    return CommandError("\n".join(lines), _CODES.get(status, Exit.FAILED))


def _document(body: bytes) -> Mapping[str, Any]:
    try:
        found = json.loads(body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _faults(document: Mapping[str, Any]) -> list[str]:
    faults = document.get("errors")
    if not isinstance(faults, list):
        return []
    return [
        f"  {shown(one.get('pointer')).lstrip('/')}: {shown(one.get('detail'))}"
        for one in faults
        if isinstance(one, Mapping)
    ]
