"""``estimate``: what a run of a file would cost, before anything is uploaded.

The file is validated and planned on this machine by the programs of a checkout, as a run would be.
"""

import argparse
import os
from pathlib import Path

from thriftline_cli.checkout import required
from thriftline_cli.commands.local import program
from thriftline_cli.context import Context
from thriftline_cli.options import finish


def add(parser: argparse.ArgumentParser) -> None:
    """Adds the options."""
    parser.add_argument(
        "data",
        nargs="?",
        type=Path,
        help="a data file, or a folder of them; without it, usual cases by the hour",
    )
    parser.add_argument("--spec", type=Path, metavar="FILE", help="a run.yaml")
    finish(parser)


def run(args: argparse.Namespace, context: Context) -> int:
    """Becomes the program; its end is the command's."""
    folder = required("estimate")
    command, environment = program(folder, "estimate", words(args), dict(context.environ))
    context.stdout.flush()
    os.execve(command[0], command, environment)


def words(args: argparse.Namespace) -> list[str]:
    """Returns what the program is told."""
    given = [str(args.data)] if args.data else []
    given += ["--run", str(args.spec)] if args.spec else []
    region = getattr(args, "region", None)
    return [*given, "--region", region] if region else given
