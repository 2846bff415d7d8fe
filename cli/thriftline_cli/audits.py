"""Follows an audit to its end."""

from typing import Any

from thriftline_cli.api.client import segment
from thriftline_cli.context import Context
from thriftline_cli.following import follow as followed

_TIMEOUT = 3600.0


def follow(audit_id: str, context: Context) -> dict[str, Any]:
    """Waits for the end; returns the audit as it is then.

    Raises:
        CommandError: it takes longer than --timeout; it goes on.
    """
    return followed(
        f"/audits/{segment(audit_id)}",
        context,
        is_over=lambda found: found["status"] != "running",
        goes_on=f"audit {audit_id} is still at work and goes on: thriftline audit report "
        f"{audit_id}",
        timeout=_TIMEOUT,
    )
