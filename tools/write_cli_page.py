"""Writes docs/cli.md out of the parsers of `thriftline`: `make docs` runs this."""

import argparse
from collections.abc import Iterator
from pathlib import Path
from textwrap import fill

from laptop.__main__ import _parser as programs_parser
from thriftline_cli.commands.local import PROGRAMS
from thriftline_cli.examples import example_of
from thriftline_cli.exits import Exit
from thriftline_cli.options import COMMANDS, arguments, parser_for, value_of

ROOT = Path(__file__).parents[1]
# What the head of the page says.
_EVERYWHERE = {
    *("help", "output", "query", "profile", "region", "stack", "endpoint_url", "no_color"),
    *("yes", "dry_run"),
}
PAGE = ROOT / "docs" / "cli.md"
_MEANINGS = {
    Exit.DONE: "done",
    Exit.FAILED: "the thing itself failed: a run failed, the gate said no, a roll-out came back",
    Exit.USAGE: "the command line, or what it asks for, breaks a rule",
    Exit.REFUSED: "refused: a budget, an approval, a state, or nobody said yes",
    Exit.NOT_FOUND: "it is not there: run, stack, API, checkout",
    Exit.NOT_ALLOWED: "no credentials, or not allowed",
    Exit.TIMED_OUT: "`--timeout` was over; what was started goes on",
    Exit.INTERRUPTED: "Ctrl-C: it stops watching, and says how to go on",
}
_HEAD = """\
# The command line

`pip install ./cli` gives `thriftline`; in a checkout `make setup` makes `.venv/bin/thriftline`.
`make docs` writes this page.

- It asks the stack's [API](openapi.json), signed with your AWS credentials. `--endpoint-url` (or
  `AWS_ENDPOINT_URL`) is the embedded AWS; on this machine that one needs no credentials.
- stdout is the answer alone, as `--output table` (a person), `json` (a program) or `text` (a
  script: values with tabs); all else is on stderr. A list of nothing is `[]`.
- `--profile`, `--region`, `--stack` (or `THRIFTLINE_STACK`; else `thriftline`) and `--no-color` (or
  `NO_COLOR`) hold for every command, before it or behind it.
- `--query` takes a part of the answer (JMESPath), such as `--query '[].run_id'`.
- What spends or takes away asks first, with its dollars. `--yes` answers; without a terminal and
  without `--yes` it is refused. `--dry-run` changes nothing.
- `--wait` waits for the end; whoever stops waiting stops nothing.
- `eval "$(thriftline completion bash)"` (or `zsh`; `thriftline completion fish | source`)
  completes commands and options.

| exit code | means |
| --- | --- |
"""


def page() -> str:
    """Returns the page."""
    codes = "".join(f"| {int(code)} | {meaning} |\n" for code, meaning in _MEANINGS.items())
    index = "".join(f"| [`{name}`](#{name}) | {about} |\n" for name, about in COMMANDS.items())
    parser = parser_for(None)
    sections = "\n".join(
        f"## {name}\n\n{''.join(_helps(_choices(parser)[name]))}" for name in COMMANDS
    )
    return f"{_HEAD}{codes}\n| command | what it does |\n| --- | --- |\n{index}\n{sections}"


def _helps(parser: argparse.ArgumentParser) -> Iterator[str]:
    choices = _choices(parser)
    for one in choices.values():
        yield from _helps(one)
    if not choices:
        form = " ".join([parser.prog, *arguments(parser)])
        about = f"`{form}`: {_about(parser)}"
        yield f"{fill(about, 100, break_long_words=False, break_on_hyphens=False)}\n\n"
        yield f"```\n{example_of(parser.prog, 100)}\n```\n\n"
        rows = "".join(_rows(_own(parser)))
        if rows:
            yield f"| option | |\n| --- | --- |\n{rows}\n"


def _own(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    """Returns the parser that reads a command's options: a program of a checkout has its own."""
    command, _, name = parser.prog.rpartition(" ")
    is_program = command == "thriftline local" and name in PROGRAMS
    return _choices(programs_parser())[name] if is_program else parser


def _about(parser: argparse.ArgumentParser) -> str:
    text = parser.description or ""
    return text[:1].lower() + text[1:]


def _rows(parser: argparse.ArgumentParser) -> Iterator[str]:
    """Yields a row for each argument and option, without those that all commands have."""
    for action in parser._actions:
        if action.dest in _EVERYWHERE or action.help is argparse.SUPPRESS:
            continue
        names = ", ".join(action.option_strings) or value_of(action)
        value = f" {value_of(action)}" if action.option_strings and value_of(action) else ""
        about = (action.help or "").replace("|", "\\|")
        yield f"| `{names}{value}` | {about} |\n"


def _choices(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            return dict(action.choices)
    return {}


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
