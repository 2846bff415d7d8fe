"""``ledger``: who uploaded, approved, deployed and ended what, when, and at which cost."""

import argparse
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from thriftline_cli.context import Context
from thriftline_cli.exits import CommandError, Exit
from thriftline_cli.options import finish

COLUMNS = ("when", "what", "who", "project", "of", "cost")


def add(parser: argparse.ArgumentParser) -> None:
    """Adds the options."""
    parser.add_argument("--project", help="only of this project")
    parser.add_argument("--since", type=_day, metavar="DATE", help="from this day on: 2026-11-01")
    parser.add_argument("--csv", type=Path, metavar="FILE", help="write it for a spreadsheet")
    parser.add_argument("--page", type=Path, metavar="FILE", help="write it as an HTML page")
    finish(parser)


def run(args: argparse.Namespace, context: Context) -> int:
    """Reads the ledger, writes what was asked for, and shows it."""
    from thriftline_cli.ledger.documents import as_csv, as_page
    from thriftline_cli.ledger.entries import in_order
    from thriftline_cli.ledger.reading import read_entries

    found = in_order(read_entries(context.api, args.project, args.since), args.since)
    title = f"Ledger of {args.project or context.stack_name}"
    if args.csv is not None:
        _write(args.csv, as_csv(found))
    if args.page is not None:
        _write(args.page, as_page(found, title, context.now()))
    for path in filter(None, (args.csv, args.page)):
        context.say(f"{path}: {len(found)} entries")
    rows = [one.row for one in found]
    if context.out.form != "json":
        rows.reverse()
    context.out.rows(rows, COLUMNS, spare=("project",), cut=("who",), tails=("of",), of=_shown)
    return Exit.DONE


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    from thriftline_cli.callers import name_of
    from thriftline_cli.money import moment, usd

    status = f" ({row['status']})" if row["status"] else ""
    version = f"version {row['model_version']}" if row["model_version"] else None
    return {
        "when": moment(row["when"]),
        "what": f"{row['what']}{status}",
        "who": name_of(row["who"]),
        "project": row["project"],
        "of": row["endpoint"] or row["run_id"] or version or "-",
        "cost": usd(row["cost_usd"]),
    }


def _write(path: Path, text: str) -> None:
    try:
        # What a spreadsheet reads has its own line ends.
        path.write_text(text, encoding="utf-8", newline="")
    except OSError as error:
        raise CommandError(f"{path}: {error.strerror}", Exit.USAGE) from error


def _day(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no day such as 2026-11-01") from error
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found
