"""Follows an audit to its end."""

from typing import Any

from thriftline_cli.api.client import segment
from thriftline_cli.context import Context
from thriftline_cli.exits import CommandError, Exit

_TIMEOUT, _EVERY = 3600.0, 10.0


def follow(audit_id: str, context: Context) -> dict[str, Any]:
    """Waits for the end; returns the audit as it is then.

    Raises:
        CommandError: it takes longer than --timeout; it goes on.
    """
    waited, timeout = 0.0, context.option("timeout", _TIMEOUT)
    while True:
        found = context.api.get(f"/audits/{segment(audit_id)}")
        if found["status"] != "running":
            return found
        if waited >= timeout:
            raise CommandError(
                f"audit {audit_id} is still at work and goes on: thriftline audit report "
                f"{audit_id}",
                Exit.TIMED_OUT,
            )
        context.sleep(context.option("every", _EVERY))
        waited += context.option("every", _EVERY)
