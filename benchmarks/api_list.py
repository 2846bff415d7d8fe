"""How long a list of runs takes with ten thousand of them, beside one with ten.

    make bench-api-list [BENCH="--runs 10 10000 --calls 300"]

The same call, `GET /runs`, signed, through API Gateway and the API's function on the embedded AWS:
first with few runs in the table, then with many. It asks for as many as the few are, so that both
answers are of one size; what is compared is the 95th percentile.
"""

import argparse
import statistics
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.credentials import Credentials
from rich.console import Console
from rich.table import Table

from laptop.stack import with_own_stack
from local_aws.options import Options
from local_aws.server import EmbeddedAws
from tests.integration.local_aws.signed_calls import SignedCalls

BAR = 2.0
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
ENDINGS = ("succeeded", "not_promoted", "rejected", "failed")


def items(project: str, count: int) -> Iterator[dict[str, Any]]:
    """Yield runs that ended, as the table keeps them."""
    for number in range(count):
        status = ENDINGS[number % len(ENDINGS)]
        opened = BEGIN + timedelta(minutes=number)
        texts = {
            "run_id": f"{project}-{number:016x}",
            "kind": "run",
            "project": project,
            "status": status,
            "project_status": f"{project}#{status}",
            "opened_at": opened.isoformat(),
            "ended_at": (opened + timedelta(hours=1)).isoformat(),
            "key": f"datasets/{project}/films.csv",
            "execution_arn": f"arn:aws:states:us-east-1:123456789012:execution:m:{number}",
            "state": "Publish result",
            "trainer": "sagemaker",
            "instance_type": "ml.g5.xlarge",
        }
        money = {"expected_usd": "0.42", "worst_case_usd": "1.70", "cost_usd": "0.39"}
        yield {
            **{name: {"S": text} for name, text in texts.items()},
            **{name: {"N": text} for name, text in money.items()},
        }


def fill(aws: EmbeddedAws, project: str, count: int) -> None:
    """Put runs of a project into the table."""
    dynamodb, table = aws.client("dynamodb"), aws.outputs["RunsTableName"]
    batch: list[dict[str, Any]] = []
    for item in items(project, count):
        batch.append({"PutRequest": {"Item": item}})
        if len(batch) == 25:
            dynamodb.batch_write_item(RequestItems={table: batch})
            batch = []
    if batch:
        dynamodb.batch_write_item(RequestItems={table: batch})


def percentile(values: Sequence[float], share: int) -> float:
    """Return a percentile of several values."""
    return statistics.quantiles(values, n=100, method="inclusive")[share - 1]


def call(calls: SignedCalls, path: str, items_wanted: int) -> float:
    """Return the seconds of one call that answers a page."""
    began = time.perf_counter()
    answer = calls("GET", path)
    seconds = time.perf_counter() - began
    if answer.status != 200 or len(answer.json["items"]) != items_wanted:
        raise RuntimeError(f"{path}: {answer.status} {answer.body[:300]!r}")
    return seconds


def measure(few: int, many: int, calls: int) -> dict[str, list[float]]:
    """Return the seconds of the calls by what was asked."""
    with EmbeddedAws(with_own_stack(Options())) as aws:
        api_id = aws.outputs["ApiUrl"].removeprefix("https://").partition(".")[0]
        base = f"{aws.endpoint}/_aws/execute-api/{api_id}/v1"
        keys = Credentials("test", "test")
        signed = SignedCalls(base, aws.region, keys)
        path = f"/runs?limit={few}"
        taken: dict[str, list[float]] = {}
        for total in (few, many):
            fill(aws, "reviews", total)
            for _ in range(5):
                call(signed, path, few)
            name = f"{total:,} runs"
            taken[name] = [call(signed, path, few) for _ in range(calls)]
        return taken


def main() -> None:
    """Print both and their ratio."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, nargs=2, default=(10, 10_000))
    parser.add_argument("--calls", type=int, default=200)
    given = parser.parse_args()
    few_runs, many_runs = given.runs
    taken = measure(few_runs, many_runs, given.calls)
    table = Table("GET /runs", box=None, padding=(0, 2))
    for column in ("median, ms", "p95, ms"):
        table.add_column(column, justify="right")
    for name, values in taken.items():
        table.add_row(
            name, f"{statistics.median(values) * 1000:.1f}", f"{percentile(values, 95) * 1000:.1f}"
        )
    few, many = taken.values()
    ratio = percentile(many, 95) / percentile(few, 95)
    console = Console()
    console.print(table)
    console.print(f"ratio of p95: {ratio:.2f} (bar {BAR:g})")


if __name__ == "__main__":
    main()
