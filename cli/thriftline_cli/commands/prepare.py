"""``prepare``: raw data made into a data set on this machine, by Spark and without an account."""

import argparse
from pathlib import Path

from thriftline_cli.context import Context
from thriftline_cli.exits import Exit
from thriftline_cli.options import count, finish

_MEMORY = "2g"


def add(parser: argparse.ArgumentParser) -> None:
    """Adds the options."""
    parser.add_argument(
        "spec",
        type=Path,
        metavar="FILE",
        help="a run.yaml with prepare:, or a configuration (JSON) of the program of preparation/",
    )
    parser.add_argument(
        "--data",
        type=Path,
        action="append",
        required=True,
        metavar="PATH",
        help="folder or file of raw data; may be given several times",
    )
    parser.add_argument(
        "--into", type=Path, required=True, metavar="FOLDER", help="of the data set; new or empty"
    )
    parser.add_argument(
        "--python",
        type=Path,
        metavar="FILE",
        help="a Python that has pyspark (.venv-spark of the checkout)",
    )
    parser.add_argument("--memory", default=_MEMORY, help=f"of Spark's driver ({_MEMORY})")
    parser.add_argument("--cores", type=count, help="processors to use (all)")
    finish(parser)


def run(args: argparse.Namespace, context: Context) -> int:
    """Prepares the data, and shows what was removed and how to submit what is left."""
    from thriftline_cli.checkout import required
    from thriftline_cli.preparation import program, result
    from thriftline_cli.preparation.configuration import configuration

    folder = required("prepare")
    python = program.interpreter(folder, args.python, context.environ)
    program.require_empty(args.into)
    config = configuration(folder, args.spec, args.data, args.into, context.environ)
    context.goes_on = f"nothing was left in {args.into}"
    program.prepare(
        folder,
        config,
        program.Spark(python, args.memory, args.cores),
        args.into,
        context,
    )
    found = result.read(args.into, args.spec, context.width)
    context.out.one(found.document, found.page)
    context.say(f"to train on it: {found.command}")
    return Exit.DONE
