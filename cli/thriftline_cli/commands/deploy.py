"""``deploy``: checks parameters, image and quotas, then runs the SAM CLI on the template."""

import argparse
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

from thriftline_cli.asking import confirm
from thriftline_cli.checkout import required
from thriftline_cli.context import Context
from thriftline_cli.exits import CommandError, Exit
from thriftline_cli.options import finish

if TYPE_CHECKING:
    from thriftline_cli.deploying import Check

COLUMNS = ("check", "is", "sentence")
_MARKS = {True: "ok", False: "NO", None: "?"}


def add(parser: argparse.ArgumentParser) -> None:
    """Adds the options."""
    parser.add_argument("parameters", nargs="*", metavar="NAME=VALUE", help="of the template")
    parser.add_argument("--check", action="store_true", help="only look; change nothing")
    parser.add_argument(
        "--no-execute", action="store_true", help="make the change set, and leave it to somebody"
    )
    finish(parser, acts=True)


def run(args: argparse.Namespace, context: Context) -> int:
    """Looks at everything first; deploys where all of it is well and a person says yes."""
    from thriftline_cli.deploying import all_checks

    folder = required("deploy")
    given = dict(map(_pair, args.parameters))
    checks = all_checks(folder / "template.yaml", given, _outputs(context), context.aws)
    rows = [_row(one) for one in checks]
    for one in checks:
        if one.fix:
            context.say(f"{one.sentence}: {one.fix}")
    failed = [one for one in checks if one.passed is False]
    if args.check or context.dry_run or failed:
        context.out.rows(rows, COLUMNS, folds=True)
        return Exit.REFUSED if failed else Exit.DONE
    confirm(
        context,
        f"the stack {context.stack_name} is deployed; what it costs at rest is in README.md",
    )
    code = 0
    for command in commands(given, context, execute=not args.no_execute):
        # The answer is ours alone: what SAM says is on stderr.
        code = subprocess.run(command, cwd=folder, stdout=context.stderr, check=False).returncode
        if code:
            break
    context.out.rows(rows, COLUMNS, folds=True)
    return Exit.FAILED if code else Exit.DONE


def commands(given: dict[str, str], context: Context, *, execute: bool) -> list[list[str]]:
    """Returns what builds and deploys the template."""
    sam = shutil.which("sam")
    if sam is None:
        raise CommandError("the SAM CLI is not on PATH; pip install aws-sam-cli", Exit.NOT_FOUND)
    deploy = [
        *(sam, "deploy", "--stack-name", context.stack_name, "--resolve-s3"),
        *("--capabilities", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"),
        "--no-fail-on-empty-changeset",
        *([] if execute else ["--no-execute-changeset"]),
    ]
    for name in ("region", "profile"):
        if context.option(name):
            deploy += [f"--{name}", context.option(name)]
    if given:
        deploy += ["--parameter-overrides", *(f"{name}={value}" for name, value in given.items())]
    return [[sam, "build"], deploy]


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise CommandError(f"{text!r} is not of the form NAME=VALUE", Exit.USAGE)
    return name, value


def _outputs(context: Context) -> Any:
    """Returns the outputs of the stack, none before there is one."""
    try:
        return context.stack.outputs
    except CommandError as error:
        if error.code is not Exit.NOT_FOUND:
            raise
        return {}


def _row(one: "Check") -> dict[str, Any]:
    return {
        "check": one.name,
        "is": _MARKS[one.passed],
        "passed": one.passed,
        "sentence": one.sentence,
        "fix": one.fix,
    }
