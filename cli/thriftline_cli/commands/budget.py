"""``budget``: the month's dollars in one look."""

import argparse
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from thriftline_cli.context import Context
from thriftline_cli.exits import Exit
from thriftline_cli.options import finish

_PARTS = {
    "training": "training_usd_per_hour",
    "preparation": "preparation_usd_per_hour",
    "endpoints": "endpoints_usd_per_hour",
}
_HELD = (
    "Held are worst cases, and what stopping a job at its limit and its upload may add; at risk "
    "are the worst cases alone."
)
COLUMNS = ("project", "cap", "committed", "left")


def add(parser: argparse.ArgumentParser) -> None:
    """Adds the options."""
    finish(parser)


def run(args: argparse.Namespace, context: Context) -> int:
    """Shows the month."""
    found = context.api.get("/budget")
    context.out.one(found, _page(found))
    return Exit.DONE


def _page(found: Mapping[str, Any]) -> str:
    from thriftline_cli.answers import as_table, as_text
    from thriftline_cli.money import usd

    told = {
        "month": found["month"],
        "budget": usd(found["cap_usd"]),
        "spent": usd(found["spent_usd"]),
        "of that outside Thriftline": usd(found["external_usd"]),
        "held for runs": usd(found["held_usd"]),
        "left": usd(found["left_usd"]),
        "running now, an hour": _running(found),
        **_running_parts(found),
        "at risk in what runs": usd(found["at_risk_usd"]),
        "runs under way": found.get("running"),
        "waiting for approval": found.get("waiting_for_approval"),
    }
    rows = [
        {
            "project": one["project"],
            "cap": usd(one.get("cap_usd")),
            "committed": usd(one.get("committed_usd")),
            "left": usd(one.get("left_usd")),
        }
        for one in found["projects"]
    ]
    parts = [as_text(told), _HELD, as_table(rows, COLUMNS) if rows else ""]
    return "\n\n".join(part for part in parts if part)


def _running(found: Mapping[str, Any]) -> str:
    """An unknown part makes the sum a lower bound, as far as the API said its parts."""
    from thriftline_cli.money import usd

    parts = found.get("running_parts")
    if found["running_usd_per_hour"] is not None or not parts:
        return usd(found["running_usd_per_hour"])
    known = sum(Decimal(parts[name]) for name in _PARTS.values())
    return f"{usd(known)} and what is unknown"


def _running_parts(found: Mapping[str, Any]) -> dict[str, str]:
    from thriftline_cli.money import usd

    parts = found.get("running_parts")
    if not parts:
        return {}
    unknown = ", ".join(parts["unknown"])
    return {
        **{f"of that {words}": usd(parts[name]) for words, name in _PARTS.items()},
        **({"of unknown price": unknown} if unknown else {}),
    }
