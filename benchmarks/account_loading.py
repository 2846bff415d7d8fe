"""How long the embedded AWS takes to load a large account, and to list it page by page.

    PYTHONPATH=. .venv/bin/python benchmarks/account_loading.py

Times are of one process that is both server and client; processor seconds are what a busy machine
leaves alone.
"""

import logging
import resource
import time
from collections.abc import Callable
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from local_aws.accounts.generator import Size, generate_account
from local_aws.server import EmbeddedAws, Options

TEMPLATE = "Resources: {Topic: {Type: AWS::SNS::Topic}}\n"
QUERIES = 500


def measure(what: str, work: Callable[[], Any]) -> Any:
    """Run `work` and print a row of the table."""
    wall, processor = time.perf_counter(), time.process_time()
    result = work()
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    print(f"| {what} | {wall:.1f} | {processor:.1f} |")
    return result


def count(client: Any, operation: str) -> int:
    """Count the pages of a list."""
    pages = client.get_paginator(operation).paginate(PaginationConfig={"PageSize": 100})
    return sum(1 for _ in pages)


def read_metrics(aws: EmbeddedAws, account: Any) -> None:
    """Ask for seven days of every metric, five hundred in a call."""
    end = account.now.replace(hour=0)
    for first in range(0, len(account.metrics), QUERIES):
        aws.client("cloudwatch").get_metric_data(
            MetricDataQueries=[
                {
                    "Id": f"q{index}",
                    "MetricStat": {
                        "Metric": {
                            "Namespace": metric.namespace,
                            "MetricName": metric.name,
                            "Dimensions": [
                                {"Name": name, "Value": value}
                                for name, value in metric.dimensions.items()
                            ],
                        },
                        "Period": 86_400,
                        "Stat": "Sum",
                    },
                }
                for index, metric in enumerate(account.metrics[first : first + QUERIES])
            ],
            StartTime=end - timedelta(days=7),
            EndTime=end,
        )


def main() -> None:
    """Measure and print a table."""
    logging.getLogger().setLevel(logging.ERROR)
    size = Size()
    print(f"{size}\n\n| what | s | processor s |\n| --- | ---: | ---: |")
    account = measure("make the account", lambda: generate_account(size))
    with TemporaryDirectory() as folder:
        template = Path(folder) / "template.yaml"
        template.write_text(TEMPLATE)
        empty = Options(template=template, account=account.account_id, region=account.region)

        def start(options: Options) -> None:
            with EmbeddedAws(options):
                pass

        measure("start with no account", lambda: start(empty))
        options = Options(
            template=template,
            account=account.account_id,
            region=account.region,
            accounts=[account],
        )
        with ExitStack() as stack:
            aws = measure("start and load", lambda: stack.enter_context(EmbeddedAws(options)))
            sagemaker = aws.client("sagemaker")
            measure("list endpoints", lambda: count(sagemaker, "list_endpoints"))
            measure("list training jobs", lambda: count(sagemaker, "list_training_jobs"))
            names = [job.name for job in account.training_jobs[:1000]]
            measure(
                "describe 1,000 jobs",
                lambda: [sagemaker.describe_training_job(TrainingJobName=name) for name in names],
            )
            measure(f"{len(account.metrics):,} metrics", lambda: read_metrics(aws, account))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"\npeak {peak:.0f} MB")


if __name__ == "__main__":
    main()
