"""``budget``: the month's dollars in one look."""

import argparse
from collections.abc import Mapping
from typing import Any

from thriftline_cli.context import Context
from thriftline_cli.exits import Exit
from thriftline_cli.options import finish

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
        "running now, an hour": usd(found["running_usd_per_hour"]),
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
    parts = [as_text(told), as_table(rows, COLUMNS) if rows else ""]
    return "\n\n".join(part for part in parts if part)
