"""``restore``: brings back an endpoint that the audit ended."""

import argparse
from collections.abc import Mapping
from typing import Any

from thriftline_cli.context import Context
from thriftline_cli.exits import CommandError, Exit
from thriftline_cli.options import finish, waits

COLUMNS = ("endpoint", "state", "region", "made", "ended", "a_month", "account")


def add(parser: argparse.ArgumentParser) -> None:
    """Adds the options."""
    parser.add_argument("name", nargs="?", help="the endpoint")
    parser.add_argument("--list", action="store_true", help="show what can be restored")
    parser.add_argument("--from-region", help="where it was, if several regions had one")
    parser.add_argument("--from-account", help="whose it was, if several accounts had one")
    parser.add_argument("--created", help="which of its lives, as --list shows it; else the last")
    waits(parser, "wait until it is whole (on)", seconds=1800)
    finish(parser, acts=True)


def run(args: argparse.Namespace, context: Context) -> int:
    """Lists saved copies, or restores one."""
    if args.list:
        found = context.api.items("/restores")
        context.out.rows(list(found), COLUMNS, spare=("account", "region"), of=_row)
        return Exit.DONE
    if args.name is None:
        raise CommandError("say which endpoint, or --list", Exit.USAGE)
    from thriftline_cli.restore import begin, rehearse, to_its_end

    wanted = _wanted(args)
    if context.dry_run:
        context.out.one(rehearse(wanted, context))
        return Exit.DONE
    started = begin(wanted, context)
    context.say(f"{started['id']} was started")
    context.goes_on = "the restore goes on; thriftline restore --list shows it"
    if not context.option("wait", True):
        context.out.one(started)
        return Exit.DONE
    ended, code = to_its_end(str(started["href"]), context)
    context.out.one(ended)
    return code


def _wanted(args: argparse.Namespace) -> dict[str, Any]:
    given = {
        "endpoint": args.name,
        "account": args.from_account,
        "region": args.from_region,
        "created": args.created,
    }
    return {name: value for name, value in given.items() if value is not None}


def _row(one: Mapping[str, Any]) -> dict[str, Any]:
    from thriftline_cli.money import moment, usd

    return {
        **one,
        "made": moment(one["created"]),
        "ended": moment(one["saved_at"]),
        "a_month": usd(one["month_usd"]),
    }
