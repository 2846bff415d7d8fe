"""The command line as a parser: its commands, and the options that all of them take.

A command is a module of ``commands`` with ``add(parser)`` and ``run(args, context)``. Only the
module that is asked for is imported, so that help and completion stay quick.
"""

import argparse
import re
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from textwrap import indent
from typing import Any, NoReturn

from thriftline_cli.examples import example_of

COMMANDS = {
    "approvals": "say yes or no to what a run may spend",
    "audit": "audit the bill; read, accept and list findings",
    "budget": "what this month may cost, has cost and may still cost",
    "completion": "print what makes a shell complete this command",
    "deploy": "check quotas, image and parameters; deploy the stack",
    "endpoints": "serve a model: deploy, ask, roll back, compare, sleep",
    "estimate": "what a run of a file would cost, before its upload",
    "ledger": "who uploaded, approved, deployed what, at which cost",
    "local": "run the embedded AWS and the demos of a checkout",
    "models": "a project's versions in the registry, their approval",
    "page": "publish the page behind a sign-in; invite its readers",
    "prepare": "make a data set of raw files by Spark on this machine",
    "prices": "the rates in use; refresh a checkout's catalogue",
    "restore": "bring back an endpoint that the audit ended",
    "runs": "train: submit, watch, stop, and how it ended",
    "transform": "classify texts in S3 without an endpoint",
    "ui": "open the page: runs, dollars, endpoints, findings",
    "verify": "ask AWS what the stack would do; starts nothing",
}
_PROGRAM = "thriftline"
# Its programs read what follows them.
_STARTER = "local"
DEFAULT_STACK = "thriftline"
_EPILOG = """\
exit codes: 0 done, 1 it failed or was rolled back, 2 usage, 3 refused,
4 not found, 5 no credentials or not allowed, 6 --timeout was over,
130 Ctrl-C, which stops watching and nothing else"""
_NO_COMMAND = re.compile(r"argument COMMAND: invalid choice: '(.*)' \(choose from (.*)\)")
_EXAMPLE_WIDTH = 76
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(s|m|h)?")
_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0}


def _commands_of_groups(word: str) -> list[str]:
    """Returns the commands such as ``runs submit`` whose last word this is, or nearly is."""
    from difflib import get_close_matches

    found: dict[str, list[str]] = {}
    for name, one in _choices(parser_for(None)).items():
        for verb in _choices(one):
            found.setdefault(verb, []).append(f"{name} {verb}")
    near = [word] if word in found else get_close_matches(word, found, n=1)
    return found[near[0]] if near else []


def _choices(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    groups = (one for one in parser._actions if isinstance(one, argparse._SubParsersAction))
    return {name: one for group in groups for name, one in group.choices.items()}


def arguments(parser: argparse.ArgumentParser) -> list[str]:
    """Returns what stands behind a command: arguments, and options that must be."""
    said = []
    for action in parser._actions:
        name = value_of(action)
        if not action.option_strings:
            several = "..." if action.nargs in ("+", "*") else ""
            said.append(f"[{name}{several}]" if action.nargs in ("?", "*") else f"{name}{several}")
        elif action.required:
            said.append(f"{action.option_strings[-1]} {name}")
    return said


def value_of(action: argparse.Action) -> str:
    """Returns how the value of an argument or option is called; empty where it takes none."""
    if action.nargs == 0 or isinstance(action, argparse.BooleanOptionalAction):
        return ""
    if isinstance(action, argparse._SubParsersAction):
        return str(action.metavar)
    if action.choices:
        return "/".join(str(one) for one in action.choices)
    metavar = action.metavar if isinstance(action.metavar, str) else None
    return metavar or (action.dest.upper() if action.option_strings else action.dest)


class Parser(argparse.ArgumentParser):
    """A parser that helps where a command is missing, or is written in another way."""

    def format_usage(self) -> str:
        """Returns one line: the options are listed below it, or by --help."""
        self.usage = " ".join([self.prog.replace("%", "%%"), "[options]", *arguments(self)])
        return super().format_usage()

    def format_help(self) -> str:
        """Returns the help under that line."""
        self.format_usage()
        return super().format_help()

    def error(self, message: str) -> NoReturn:
        """Says what is wrong and ends with 2."""
        if message.endswith("required: COMMAND"):
            self.print_help(sys.stderr)
            self.exit(2, "\nName a command.\n")
        wrong = _NO_COMMAND.match(message)
        if wrong is None:
            super().error(message)
        from difflib import get_close_matches

        near = get_close_matches(wrong[1], re.findall(r"[\w-]+", wrong[2]), n=1)
        if not near and self.prog == _PROGRAM:
            near = _commands_of_groups(wrong[1])
        hint = f" Did you mean {' or '.join(near)}?" if near else ""
        self.exit(
            2, f"{self.prog}: {wrong[1]!r} is no command.{hint} {self.prog} --help has all.\n"
        )


def parser_for(words: Sequence[str] | None) -> argparse.ArgumentParser:
    """Returns the parser, with the options of the commands among ``words``; None means all."""
    parser = Parser(
        prog=_PROGRAM,
        description="Trains, serves and audits models on AWS for the least money that is safe.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        parents=[_common()],
    )
    parser.add_argument("--version", action="version", version=_version())
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, about in COMMANDS.items():
        one = commands.add_parser(name, help=about, description=f"{about[0].upper()}{about[1:]}.")
        if words is None or name in words:
            import_module(f"thriftline_cli.commands.{name}").add(one)
    return parser


def parsed(words: Sequence[str]) -> argparse.Namespace:
    """Reads a command line; what it refuses ends the program with 2."""
    own, theirs = _divided(words)
    asked = parser_for(own).parse_args(own)
    asked.words = theirs
    return asked


def _divided(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """Returns the words of this program, and those of one that it only starts."""
    at = next((i for i, word in enumerate(words) if word in COMMANDS), len(words))
    end = at + 2 if words[at : at + 1] == [_STARTER] else len(words)
    return list(words[:end]), list(words[end:])


def steps(parser: argparse.ArgumentParser, what: str = "verb") -> Any:
    """Returns where the commands of a group are added."""
    return parser.add_subparsers(dest=what, required=True, metavar="COMMAND")


def leaf(group: Any, name: str, about: str, *, acts: bool = False) -> argparse.ArgumentParser:
    """Adds a command of a group, with the options that every command takes.

    Args:
        group: what ``steps`` returned.
        name: of the command.
        about: what it does.
        acts: whether it changes anything; then it asks first, and can rehearse.
    """
    parser: argparse.ArgumentParser = group.add_parser(
        name, help=about, description=f"{about[0].upper()}{about[1:]}."
    )
    finish(parser, acts=acts)
    return parser


def finish(parser: argparse.ArgumentParser, *, acts: bool = False) -> None:
    """Adds the options that every command takes to a command without commands of its own."""
    example = example_of(parser.prog, _EXAMPLE_WIDTH)
    parser.epilog = f"example:\n{indent(example, '  ')}"
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    _connection(parser.add_argument_group("connection and answer"))
    if acts:
        _acting(parser)


def waits(parser: argparse.ArgumentParser, about: str | None, *, seconds: float = 7200) -> None:
    """Adds --wait and its limits; a command that always waits has the limits alone."""
    if about:
        parser.add_argument(
            "--wait",
            action=argparse.BooleanOptionalAction,
            default=argparse.SUPPRESS,
            help=about,
        )
    parser.add_argument(
        "--timeout",
        type=duration,
        default=argparse.SUPPRESS,
        metavar="TIME",
        help=f"of --wait, such as 90s, 30m or 2h ({seconds / 60:g}m)",
    )
    parser.add_argument(
        "--every",
        type=duration,
        default=argparse.SUPPRESS,
        metavar="TIME",
        help="between two looks (10s)",
    )


def duration(text: str) -> float:
    """Reads a time such as 30m; returns seconds."""
    found = _DURATION.fullmatch(text.strip())
    if not found:
        raise argparse.ArgumentTypeError(f"{text!r} is no time such as 90s, 30m or 2h")
    return float(found[1]) * _SECONDS[found[2] or "s"]


def count(text: str) -> int:
    """Reads a whole number from 1 on."""
    if not (text.isascii() and text.isdigit()) or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 1 on")
    return int(text)


def _common() -> argparse.ArgumentParser:
    """What may stand before the command as well as after it."""
    common = argparse.ArgumentParser(add_help=False)
    _connection(common.add_argument_group("connection and answer"))
    _acting(common)
    return common


def _connection(group: Any) -> None:
    options: tuple[tuple[str, dict[str, Any]], ...] = (
        ("--output", {"choices": ["json", "table", "text"], "help": "of the answer (table)"}),
        ("--query", {"metavar": "JMESPATH", "help": "what of the answer is shown"}),
        ("--profile", {"help": "of the AWS configuration"}),
        ("--region", {"help": "of the stack"}),
        ("--stack", {"help": f"its name (THRIFTLINE_STACK, else {DEFAULT_STACK})"}),
        ("--endpoint-url", {"metavar": "URL", "help": "of an embedded AWS (AWS_ENDPOINT_URL)"}),
        ("--no-color", {"action": "store_true", "help": "no colours (NO_COLOR)"}),
    )
    for name, more in options:
        group.add_argument(name, default=argparse.SUPPRESS, **more)


def _acting(parser: Any) -> None:
    parser.add_argument(
        "--yes",
        action="store_true",
        default=argparse.SUPPRESS,
        help="do not ask before it changes anything",
    )
    parser.add_argument(
        "--dry-run",
        action="store_true",
        default=argparse.SUPPRESS,
        help="show what would be done; change nothing",
    )


def _version() -> str:
    from thriftline_cli import __version__

    return f"thriftline {__version__}"


Run = Callable[[argparse.Namespace, Any], int]
