"""Serves a project's model: rolls versions out and back, compares them, lists what serves.

    python -m cli.endpoints deploy PROJECT [--version N] [--dry-run] [--wait]
    python -m cli.endpoints rollback PROJECT [--to N] [--dry-run] [--wait]
    python -m cli.endpoints abort PROJECT [--wait]
    python -m cli.endpoints compare PROJECT start|stop|status [--version N]
    python -m cli.endpoints schedule PROJECT show|set|clear|sleep|wake
    python -m cli.endpoints list [PROJECT]

The answer alone is on stdout. Exit codes: 0 done, 1 it failed or was rolled back, 2 usage,
3 refused, 4 not found, 5 no credentials or not allowed, 6 --wait ran out, 130 Ctrl-C, which only
stops watching.
"""

import argparse
import sys
from collections.abc import Sequence
from typing import Any

from cli.endpoints.answers import as_json, as_table, as_text
from cli.endpoints.running import exit_code_of, open_stack


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m cli.endpoints", description="Serves a project's model."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    deploy = _command(commands, "deploy", "roll a version out", waits=True)
    deploy.add_argument("--version", type=int, help="in the registry (the newest approved one)")
    deploy.add_argument(
        "--set", action="append", metavar="KEY=VALUE", help="such as rollout.type=all-at-once"
    )
    deploy.add_argument("--dry-run", action="store_true", help="show checks and dollars only")
    rollback = _command(commands, "rollback", "bring the former version back", waits=True)
    rollback.add_argument("--to", type=int, metavar="N", help="an entry of the history")
    rollback.add_argument("--dry-run", action="store_true", help="show checks and dollars only")
    abort = _command(commands, "abort", "stop the deployment that is under way", waits=True)
    abort.add_argument("--dry-run", action="store_true", help="show what would be stopped")
    compare = _command(commands, "compare", "compare two versions on live traffic", waits=True)
    compare.add_argument("step", choices=["start", "stop", "status"])
    compare.add_argument("--version", type=int, help="the challenger, in the registry")
    compare.add_argument("--kind", choices=["shadow", "ab"], help="as serve.yaml says")
    compare.add_argument("--weight", type=int, metavar="PERCENT", help="the challenger's share")
    compare.add_argument("--hours", type=int, help="until the deadline")
    schedule = _command(commands, "schedule", "when the endpoint is on", waits=True)
    schedule.add_argument("step", choices=["show", "set", "clear", "sleep", "wake"])
    schedule.add_argument("--on", metavar="CRON", help='such as "cron(0 8 ? * MON-FRI *)"')
    schedule.add_argument("--off", metavar="CRON", help='such as "cron(0 19 ? * MON-FRI *)"')
    schedule.add_argument("--timezone", default="UTC", help="such as Europe/Berlin (UTC)")
    listing = _command(commands, "list", "list endpoints, or a project's deployments", one="?")
    listing.add_argument("--limit", type=int, default=20, help="deployments to show (20)")
    return parser


def _command(
    commands: Any, name: str, about: str, *, waits: bool = False, one: str | None = None
) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(name, help=about, description=about)
    parser.add_argument("project", nargs=one, help="the folder under datasets/")
    parser.add_argument("--endpoint", help="if the project has several")
    parser.add_argument("--stack", default="thriftline", help="the stack (thriftline)")
    parser.add_argument(
        "--output", choices=["json", "text"], default="text", help="of the answer (text)"
    )
    if waits:
        parser.add_argument("--why", default="", help="a sentence for the record")
        parser.add_argument("--token", help="the same token is the same request")
        parser.add_argument("--wait", action="store_true", help="wait for the end")
        parser.add_argument("--minutes", type=float, default=120.0, help="to wait (120)")
        parser.add_argument("--every", type=float, default=10.0, help="seconds a look (10)")
    return parser


def main(arguments: Sequence[str]) -> int:
    """Runs a command; returns its exit code."""
    asked = _parser().parse_args(arguments)
    # AWS's packages take a second to import; help needs none of them.
    import boto3

    stack = open_stack(asked.stack, boto3.session.Session())
    goes_on = f"what was started goes on; `list {asked.project or ''}` shows it"
    return exit_code_of(asked.command, lambda: run(asked, stack), goes_on)


def run(asked: argparse.Namespace, stack: Any, write: Any = None) -> int:
    """Runs a parsed command and writes its answer."""
    from cli.endpoints import comparisons, deployments, listing, schedules

    tell = write or _write
    if asked.command == "list":
        rows, columns, code = listing.listed(asked, stack)
        tell(as_json(rows) if asked.output == "json" else as_table(rows, columns))
        return code
    commands = {
        "deploy": deployments.deploy,
        "rollback": deployments.rollback,
        "abort": deployments.abort,
        "compare": comparisons.compare,
        "schedule": schedules.schedule,
    }
    answer, code = commands[asked.command](asked, stack)
    tell(as_json(answer) if asked.output == "json" else as_text(answer))
    return code


def parsed(arguments: Sequence[str]) -> argparse.Namespace:
    """Returns the parsed arguments."""
    return _parser().parse_args(arguments)


def _write(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
