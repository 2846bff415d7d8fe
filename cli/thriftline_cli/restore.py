"""Brings back an endpoint that Thriftline ended, from its saved copy, and follows it.

An endpoint of the same name that lives is never touched. Whoever stops following stops nothing.
"""

from collections.abc import Mapping
from typing import Any

from thriftline_cli.context import Context
from thriftline_cli.exits import CommandError, Exit
from thriftline_cli.following import follow

_TIMEOUT = 1800.0
_CODES = {"exists": Exit.REFUSED, "failed": Exit.FAILED}


def rehearse(wanted: Mapping[str, Any], context: Context) -> dict[str, Any]:
    """Returns what a restore would do."""
    found = context.api.rehearse("/restores", wanted)
    context.say(f"saved copy: {found['saved_uri']}")
    for step in found["steps"]:
        context.say(f"would do: {step}")
    for step in found["left"]:
        context.say(f"left: {step}")
    return found


def begin(wanted: Mapping[str, Any], context: Context) -> dict[str, Any]:
    """Starts a restore.

    Raises:
        CommandError: there is no saved copy, several fit, or the stack may not.
    """
    try:
        return context.api.post("/restores", wanted)
    except CommandError as error:
        if error.code is not Exit.NOT_FOUND:
            raise
        raise CommandError(f"{error} See thriftline restore --list", Exit.NOT_FOUND) from error


def to_its_end(href: str, context: Context) -> tuple[dict[str, Any], Exit]:
    """Follows a restore; returns it as it is then, and the exit code that goes with it."""
    found = follow(
        href,
        context,
        is_over=lambda one: one["outcome"] != "restoring",
        goes_on="SageMaker is still at work, and the restore goes on; thriftline restore --list "
        "shows it",
        timeout=_TIMEOUT,
    )
    for step in found["steps"]:
        context.say(f"done: {step}")
    if found["outcome"] == "exists":
        context.say(f"{found['endpoint']} is live, and a live endpoint is never touched")
    return found, _CODES.get(found["outcome"], Exit.DONE)
