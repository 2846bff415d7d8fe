"""``restore``: brings back an endpoint that the audit ended."""

import argparse
from typing import Any

from thriftline_cli.context import Context
from thriftline_cli.exits import CommandError, Exit
from thriftline_cli.options import finish, waits

COLUMNS = ("endpoint", "account", "region", "created", "saved_at")
_FUNCTION = "RestoreEndpointFunctionName"
# The function has five minutes, and a second call would only do the same.
_SECONDS = 330


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
    from thriftline_cli.restore import invoke, restore, saved_copies

    if args.list:
        copies = saved_copies(context.aws("s3"), context.stack.output("ArtifactsBucketName"))
        context.out.rows(list(copies), COLUMNS)
        return Exit.DONE
    if args.name is None:
        raise CommandError("say which endpoint, or --list", Exit.USAGE)
    if _FUNCTION not in context.stack.outputs:
        raise CommandError(
            f"the stack {context.stack_name} has no restore function: it has one with "
            "AuditMode=act",
            Exit.NOT_FOUND,
        )
    client = context.aws("lambda", config=_patient())
    request: dict[str, Any] = {
        "endpoint": args.name,
        "account": args.from_account,
        "region": args.from_region,
        "created": args.created,
        "dry_run": context.dry_run,
    }
    context.goes_on = "call it again to see it through"
    every = context.option("every", 15.0)
    answer = restore(
        request,
        lambda asked: invoke(client, context.stack.output(_FUNCTION), asked),
        context.say,
        context.sleep,
        every=every,
        looks=max(1, round(context.option("timeout", 1800.0) / max(every, 0.1))),
    )
    context.out.one(answer)
    return Exit.REFUSED if answer["outcome"] == "exists" else Exit.DONE


def _patient() -> Any:
    from botocore.config import Config

    return Config(read_timeout=_SECONDS, retries={"total_max_attempts": 1})
