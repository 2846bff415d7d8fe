"""Classifies texts in S3 with a project's model, by a batch transform job and without an endpoint.

    python -m cli.transform PROJECT s3://bucket/texts/ s3://bucket/answers/
    python -m cli.transform PROJECT INPUT OUTPUT --instance ml.c6i.2xlarge --max-usd 2 --dry-run

The input is objects of JSON Lines, `{"text": "…"}` a line; each comes back as OUTPUT/<its key>.out,
an answer a line. What an hour costs is said before anything starts, and --max-usd ends the job
when so much is spent. The answer alone is on stdout. Exit codes: 0 done, 1 the job failed or was
stopped, 2 usage, 3 refused, 4 not found, 5 no credentials or not allowed, 6 --minutes ran out,
130 Ctrl-C, which only stops watching.
"""

import argparse
import re
from collections.abc import Callable, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from cli.endpoints.answers import Exit, as_json, as_text
from cli.endpoints.running import exit_code_of, open_stack

_URI = re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/.*)?")
_PROJECT = re.compile(r"[A-Za-z0-9](-*[A-Za-z0-9]){0,62}")


def parsed(arguments: Sequence[str]) -> argparse.Namespace:
    """Reads the command line; what it refuses ends the program with 2."""
    parser = argparse.ArgumentParser(
        prog="python -m cli.transform", description="Classifies texts in S3 without an endpoint."
    )
    parser.add_argument("project", type=_project, help="the folder under datasets/")
    parser.add_argument("input", type=_uri, help="s3://bucket/prefix of JSON Lines")
    parser.add_argument("output", type=_uri, help="s3://bucket/prefix for the answers")
    parser.add_argument("--version", type=int, help="in the registry (the newest approved one)")
    parser.add_argument("--instance", default="ml.m5.xlarge", help="type (ml.m5.xlarge)")
    parser.add_argument("--count", type=int, default=1, help="instances (1)")
    parser.add_argument("--max-usd", type=_usd, help="end the job when so much is spent")
    parser.add_argument("--unpriced", action="store_true", help="go on where no rate is known")
    parser.add_argument("--role", help="execution role (the stack's, for the stack's buckets)")
    parser.add_argument("--dry-run", action="store_true", help="show checks and dollars only")
    parser.add_argument("--minutes", type=float, default=1440.0, help="to wait (1440)")
    parser.add_argument("--every", type=float, default=10.0, help="seconds a look (10)")
    parser.add_argument("--stack", default="thriftline", help="the stack (thriftline)")
    parser.add_argument(
        "--output-form", choices=["json", "text"], default="text", help="of the answer (text)"
    )
    asked = parser.parse_args(arguments)
    if not 1 <= asked.count <= 100:
        parser.error(f"--count is {asked.count}; it must be 1 to 100")
    return asked


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


def main(arguments: Sequence[str]) -> int:
    """Runs the command; returns its exit code."""
    asked = parsed(arguments)
    # AWS's packages take a second to import; help needs none of them.
    import boto3

    from cli.transform.prices import hourly_usd

    session = boto3.session.Session()
    stack = open_stack(asked.stack, session)
    region = session.region_name or "us-east-1"
    return exit_code_of(
        "transform",
        lambda: run(asked, stack, print, lambda kind: hourly_usd(kind, region)),
        "the job goes on; aws sagemaker list-transform-jobs shows it",
    )


def run(
    asked: argparse.Namespace,
    stack: Any,
    write: Callable[[str], object],
    rate_of: Callable[[str], Decimal | None],
) -> int:
    """Runs a parsed command: checks, the price, the job, its end."""
    from cli.transform.jobs import Batch

    batch = Batch.of(stack, asked, rate_of(asked.instance))
    for line in batch.price_lines():
        stack.say(line)
    if asked.dry_run:
        write(_shown(batch.plan, asked.output_form))
        return Exit.DONE
    ended = batch.run(asked.minutes, asked.every)
    write(_shown(ended, asked.output_form))
    return Exit.DONE if ended["status"] == "Completed" else Exit.FAILED


def _shown(answer: dict[str, Any], form: str) -> str:
    return as_json(answer) if form == "json" else as_text(answer)
