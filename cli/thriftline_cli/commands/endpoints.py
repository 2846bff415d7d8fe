"""``endpoints``: serves a project's model, and says what serves."""

import argparse
from pathlib import Path
from typing import Any

from thriftline_cli.context import Context
from thriftline_cli.exits import Exit
from thriftline_cli.options import count, leaf, steps, waits


def add(parser: argparse.ArgumentParser) -> None:
    """Adds the options."""
    group = steps(parser)
    deploy = _command(group, "deploy", "roll a version out")
    deploy.add_argument("--version", type=count, help="in the registry (the newest approved one)")
    deploy.add_argument(
        "--set", action="append", metavar="KEY=VALUE", help="such as rollout.type=all-at-once"
    )
    rollback = _command(group, "rollback", "bring the former version back")
    rollback.add_argument(
        "--to", type=count, metavar="N", help="an entry, as `list PROJECT` numbers them"
    )
    _command(group, "abort", "stop the deployment that is under way")
    compare = _command(group, "compare", "compare two versions on live traffic")
    compare.add_argument("step", choices=["start", "stop", "status"])
    compare.add_argument("--version", type=count, help="the challenger, in the registry")
    compare.add_argument("--kind", choices=["shadow", "ab"], help="as serve.yaml says")
    compare.add_argument("--weight", type=count, metavar="PERCENT", help="the challenger's share")
    compare.add_argument("--hours", type=count, help="until the deadline")
    schedule = _command(group, "schedule", "when the endpoint is on")
    schedule.add_argument("step", choices=["show", "set", "clear", "sleep", "wake"])
    schedule.add_argument("--on", metavar="CRON", help='such as "cron(0 8 ? * MON-FRI *)"')
    schedule.add_argument("--off", metavar="CRON", help='such as "cron(0 19 ? * MON-FRI *)"')
    schedule.add_argument("--timezone", default="UTC", help="such as Europe/Berlin (UTC)")
    _add_ask(group)
    one = leaf(group, "get", "show an endpoint: what serves, its history, its dollars")
    one.add_argument("endpoint", help="its name")
    listing = leaf(group, "list", "list endpoints, or a project's deployments")
    listing.add_argument("project", nargs="?", help="the folder under datasets/")
    listing.add_argument("--endpoint", help="if the project has several")
    listing.add_argument("--limit", type=count, default=20, help="deployments to show (20)")


def _add_ask(group: Any) -> None:
    asking = leaf(group, "ask", "send texts to the endpoint and show their labels")
    asking.add_argument("project", help="the folder under datasets/")
    asking.add_argument(
        "texts", nargs="*", metavar="text", help="what is classified; without one, lines of stdin"
    )
    asking.add_argument(
        "--pair", action="append", metavar="TEXT", help="the second text of each, in their order"
    )
    asking.add_argument(
        "--file",
        type=Path,
        help='a text a line, or {"text": …, "text_pair": …} a line (JSON Lines)',
    )
    asking.add_argument(
        "--probabilities", action="store_true", help="those of all labels, in --output json"
    )
    asking.add_argument("--model", metavar="NAME", help="of a multi-model endpoint")
    asking.add_argument("--endpoint", help="if the project has several")


def _command(group: Any, name: str, about: str) -> argparse.ArgumentParser:
    parser = leaf(group, name, about, acts=True)
    parser.add_argument("project", help="the folder under datasets/")
    parser.add_argument("--endpoint", help="if the project has several")
    parser.add_argument("--why", default="", help="a sentence for the record")
    parser.add_argument("--token", help="the same token is the same request")
    waits(parser, "wait for the end")
    return parser


def run(args: argparse.Namespace, context: Context) -> int:
    """Runs a command and writes its answer."""
    from thriftline_cli.endpoints import comparisons, deployments, listing, schedules

    if args.verb == "get":
        return _get(args, context)
    if args.verb == "ask":
        from thriftline_cli.endpoints.invoking import ask

        ask(args, context)
        return Exit.DONE
    if args.verb == "list":
        listing.show(args, context)
        return Exit.DONE
    context.goes_on = f"what was started goes on; thriftline endpoints list {args.project} shows it"
    commands = {
        "deploy": deployments.deploy,
        "rollback": deployments.rollback,
        "abort": deployments.abort,
        "compare": comparisons.compare,
        "schedule": schedules.schedule,
    }
    answer, code, page = commands[args.verb](args, context)
    context.out.one(answer, page)
    return Exit(code)


def _get(args: argparse.Namespace, context: Context) -> int:
    from thriftline_cli.api.client import segment
    from thriftline_cli.endpoints.showing import endpoint_page

    found = context.api.get(f"/endpoints/{segment(args.endpoint)}")
    context.out.one(found, endpoint_page(found))
    return Exit.DONE
