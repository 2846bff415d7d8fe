"""``transform``: classifies texts in S3 with a project's model, without an endpoint.

The input is objects of JSON Lines, `{"text": "…"}` a line; each comes back as OUTPUT/<its key>.out,
an answer a line. What an hour costs is said before anything starts, and --max-usd ends the job
when so much is spent.
"""

import argparse
import re
import sys
from collections.abc import Callable
from decimal import Decimal, InvalidOperation

from thriftline_cli.checkout import CATALOGUE, required
from thriftline_cli.context import Context
from thriftline_cli.exits import Exit
from thriftline_cli.options import finish, waits

_URI = re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/.*)?")
_PROJECT = re.compile(r"[A-Za-z0-9](-*[A-Za-z0-9]){0,62}")


def add(parser: argparse.ArgumentParser) -> None:
    """Adds the options."""
    parser.add_argument("project", type=_project, help="the folder under datasets/")
    parser.add_argument("input", type=_uri, help="s3://bucket/prefix of JSON Lines")
    parser.add_argument("output_prefix", type=_uri, metavar="output", help="for the answers")
    parser.add_argument("--version", type=int, help="in the registry (the newest approved one)")
    parser.add_argument("--instance", default="ml.m5.xlarge", help="type (ml.m5.xlarge)")
    parser.add_argument("--count", type=_count, default=1, help="instances (1)")
    parser.add_argument("--max-usd", type=_usd, help="end the job when so much is spent")
    parser.add_argument("--unpriced", action="store_true", help="go on where no rate is known")
    parser.add_argument("--role", help="execution role (the stack's, for the stack's buckets)")
    waits(parser, "wait for the job's end (on)", seconds=86400)
    finish(parser, acts=True)


def _count(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= 100:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of instances from 1 to 100")
    return int(text)


def _project(text: str) -> str:
    if not _PROJECT.fullmatch(text):
        raise argparse.ArgumentTypeError(f"{text!r} is no project: letters, digits and hyphens")
    return text


def _uri(text: str) -> str:
    if not _URI.fullmatch(text):
        raise argparse.ArgumentTypeError(f"{text!r} is no s3://bucket/prefix")
    return text


def _usd(text: str) -> Decimal:
    try:
        amount = Decimal(text)
    except InvalidOperation:
        amount = Decimal(0)
    if not amount.is_finite() or amount <= 0:
        raise argparse.ArgumentTypeError(f"{text!r} is no amount of dollars above 0")
    return amount


def run(
    args: argparse.Namespace,
    context: Context,
    rate_of: Callable[[str], Decimal | None] | None = None,
) -> int:
    """Runs the command: checks, the price, the job, its end."""
    from thriftline_cli.transform.jobs import Batch

    batch = Batch.of(context.stack, args, (rate_of or _rates(context))(args.instance))
    for line in batch.price_lines():
        context.say(line)
    if context.dry_run:
        context.out.one(batch.plan)
        return Exit.DONE
    context.confirm(batch.sentence)
    context.goes_on = "the job goes on; aws sagemaker list-transform-jobs shows it"
    ended = batch.run(context.option("timeout", 86400.0), context.option("every", 10.0))
    context.out.one(ended)
    return Exit.DONE if ended["status"] == "Completed" else Exit.FAILED


def _rates(context: Context) -> Callable[[str], Decimal | None]:
    # The price catalogue is read by the functions' own reader.
    folder = required("transform")
    sys.path.insert(0, str(folder / "functions"))
    from thriftline_cli.transform.prices import hourly_usd

    region = context.session.region_name or "us-east-1"
    return lambda kind: hourly_usd(kind, region, folder / CATALOGUE)
