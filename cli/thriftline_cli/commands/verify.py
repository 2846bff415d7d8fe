"""``verify``: asks AWS what it would do with the stack as it is deployed; starts nothing."""

import argparse
from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from thriftline_cli.context import Context
from thriftline_cli.exits import CommandError, Exit
from thriftline_cli.options import finish

if TYPE_CHECKING:
    from thriftline_cli.verifying.results import Result

COLUMNS = ("is", "check", "of", "sentence")
_MARKS = {True: "ok", False: "NO", None: "?"}


def add(parser: argparse.ArgumentParser) -> None:
    """Adds the options."""
    parser.add_argument(
        "--live",
        action="store_true",
        help="ask AWS: Step Functions tests each state with made-up errors, IAM simulates the "
        "roles, Lambda says what could be called; starts nothing, costs nothing",
    )
    parser.add_argument(
        "--machine",
        action="append",
        default=[],
        metavar="NAME",
        help="only this machine by its logical id, such as TrainingStateMachine; again for more",
    )
    parser.add_argument(
        "--strict", action="store_true", help="a check that could not be made fails the command"
    )
    parser.add_argument("--all", action="store_true", help="show also what is well")
    finish(parser)


def run(args: argparse.Namespace, context: Context) -> int:
    """Makes the checks, shows what is not well, and says how many there were."""
    if not args.live:
        raise CommandError(
            "verify asks AWS about the deployed stack; say --live (it starts nothing and costs "
            "nothing). `make test` verifies what is not deployed.",
            Exit.USAGE,
        )
    from thriftline_cli.verifying.stack import all_checks

    # A stack that is not there is said so before anything is asked of it.
    _ = context.stack.outputs
    results = list(all_checks(context.stack_name, _clients(context), frozenset(args.machine)))
    if not results:
        raise CommandError(
            f"the stack {context.stack_name} has no machine {', '.join(args.machine)}",
            Exit.NOT_FOUND,
        )
    shown = [one for one in results if args.all or one.passed is not True]
    context.out.rows([_row(one) for one in shown], COLUMNS, folds=True)
    counted = Counter(one.passed for one in results)
    context.say(f"{counted[True]} ok, {counted[False]} not, {counted[None]} could not be checked.")
    if counted[False] or (args.strict and counted[None]):
        return Exit.FAILED
    return Exit.DONE


def _clients(context: Context) -> Callable[[str], Any]:
    """TestState has a host of its own on AWS, and the embedded AWS one for everything."""
    from botocore.config import Config

    config = Config(inject_host_prefix=context.endpoint_url is None)
    return lambda service: context.aws(service, config=config)


def _row(one: "Result") -> dict[str, Any]:
    return {
        "is": _MARKS[one.passed],
        "check": one.check,
        "of": one.of,
        "passed": one.passed,
        "sentence": one.sentence,
    }
