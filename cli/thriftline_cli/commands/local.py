"""``local``: the embedded AWS and the demos, which are programs of a checkout."""

import argparse
import os
import sys
from pathlib import Path

from thriftline_cli.checkout import required
from thriftline_cli.context import Context
from thriftline_cli.options import steps

PROGRAMS = {
    "serve": "serve the embedded AWS until Ctrl-C",
    "demo": "train: four uploads, end to end",
    "serving": "serve: a canary, a rollback, a comparison, sleep and wake",
    "bedrock": "train by way of Bedrock with a small model",
    "preparation": "train on raw data, as it is and prepared on Spark",
    "audit": "audit an account file",
}


def add(parser: argparse.ArgumentParser) -> None:
    """Adds a command for each program; what follows it is the program's own."""
    group = steps(parser)
    for name, about in PROGRAMS.items():
        group.add_parser(
            name, help=about, description=f"{about[0].upper()}{about[1:]}.", add_help=False
        )


def run(args: argparse.Namespace, context: Context) -> int:
    """Becomes the program; its end is the command's."""
    folder = required(f"local {args.verb}")
    command, environment = program(folder, args.verb, args.words, dict(context.environ))
    context.stdout.flush()
    os.execve(command[0], command, environment)


def program(
    folder: Path, name: str, words: list[str], environ: dict[str, str]
) -> tuple[list[str], dict[str, str]]:
    """Returns the command line of a program and its environment."""
    own = folder / ".venv/bin/python"
    python = str(own) if own.exists() else sys.executable
    paths = [str(folder), *filter(None, [environ.get("PYTHONPATH")])]
    # Its help is titled as it was called.
    called = "thriftline local" if name in PROGRAMS else "thriftline"
    more = {"PYTHONPATH": ":".join(paths), "THRIFTLINE_PROGRAM": called}
    return [python, "-m", "laptop", name, *words], {**environ, **more}
