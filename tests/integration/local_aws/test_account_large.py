"""A generated account: every list gives each thing once, however many pages it takes."""

from collections.abc import Iterator
from typing import Any

import pytest

from local_aws.accounts.file import AccountFile
from local_aws.accounts.generator import Size, generate_account
from local_aws.server import EmbeddedAws
from tests.integration.local_aws.conftest import options_of

SIZE = Size(endpoints=230, training_jobs=430, buckets=25, notebooks=120, log_groups=130)


@pytest.fixture(scope="module")
def large() -> Iterator[tuple[EmbeddedAws, AccountFile]]:
    account = generate_account(SIZE)
    with EmbeddedAws(options_of(account)) as embedded:
        yield embedded, account


@pytest.mark.parametrize(
    ("service", "operation", "key", "name", "field"),
    [
        ("sagemaker", "list_endpoints", "Endpoints", "EndpointName", "endpoints"),
        (
            "sagemaker",
            "list_training_jobs",
            "TrainingJobSummaries",
            "TrainingJobName",
            "training_jobs",
        ),
        (
            "sagemaker",
            "list_notebook_instances",
            "NotebookInstances",
            "NotebookInstanceName",
            "notebooks",
        ),
        ("logs", "describe_log_groups", "logGroups", "logGroupName", "log_groups"),
    ],
)
def test_each_is_listed_once(
    large: tuple[EmbeddedAws, AccountFile],
    service: str,
    operation: str,
    key: str,
    name: str,
    field: str,
) -> None:
    aws, account = large
    pages = aws.client(service).get_paginator(operation).paginate()

    found = [each[name] for page in pages for each in page[key]]

    loaded = [each.name for each in getattr(account, field)]
    own = [each for each in found if each.startswith("/fixture/") or "/aws/states" in each]
    assert sorted(set(found) - set(own)) == sorted(loaded)
    assert len(found) == len(set(found))


def test_every_job_is_described_as_it_is_in_the_file(
    large: tuple[EmbeddedAws, AccountFile],
) -> None:
    aws, account = large
    sagemaker = aws.client("sagemaker")

    def billed(described: dict[str, Any]) -> tuple[int, int]:
        return described["BillableTimeInSeconds"], described["ResourceConfig"]["InstanceCount"]

    for job in account.training_jobs[:50]:
        described = sagemaker.describe_training_job(TrainingJobName=job.name)
        assert billed(described) == (job.billable_seconds, job.instance_count)
        assert described["CreationTime"] == job.created.replace(
            microsecond=job.created.microsecond // 1000 * 1000
        )


def test_metrics_of_many_variants_come_in_calls_of_five_hundred(
    large: tuple[EmbeddedAws, AccountFile],
) -> None:
    aws, account = large
    before = aws.calls["cloudwatch", "GetMetricData"]
    queries = [
        {
            "Id": f"q{index}",
            "MetricStat": {
                "Metric": {
                    "Namespace": metric.namespace,
                    "MetricName": metric.name,
                    "Dimensions": [
                        {"Name": name, "Value": value} for name, value in metric.dimensions.items()
                    ],
                },
                "Period": 86_400,
                "Stat": metric.stat,
            },
        }
        for index, metric in enumerate(account.metrics)
    ]
    start, end = min(account.metrics[0].points), account.now

    sums: dict[str, float] = {}
    for first in range(0, len(queries), 500):
        pages = (
            aws.client("cloudwatch")
            .get_paginator("get_metric_data")
            .paginate(MetricDataQueries=queries[first : first + 500], StartTime=start, EndTime=end)
        )
        for page in pages:
            for result in page["MetricDataResults"]:
                sums[result["Id"]] = sums.get(result["Id"], 0) + sum(result["Values"])

    expected = {f"q{n}": sum(metric.points.values()) for n, metric in enumerate(account.metrics)}
    assert sums == expected
    assert aws.calls["cloudwatch", "GetMetricData"] - before == -(-len(queries) // 500)
