"""What CloudWatch says of a loaded account."""

from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local_aws.server import EmbeddedAws
from tests.integration.local_aws.sample_account import MIDNIGHT, MODEL_ID, NOW

DAY = 86400


def query(
    identifier: str, dimensions: dict[str, str], *, period: int = DAY, **metric: Any
) -> dict[str, Any]:
    fields = {"Namespace": "AWS/SageMaker", "MetricName": "Invocations", "Stat": "Sum", **metric}
    stat = fields.pop("Stat")
    pairs = [{"Name": name, "Value": value} for name, value in dimensions.items()]
    return {
        "Id": identifier,
        "MetricStat": {
            "Metric": {**fields, "Dimensions": pairs},
            "Period": period,
            "Stat": stat,
        },
    }


BLUE = query("blue", {"EndpointName": "two-variants", "VariantName": "blue"})
GREEN = query("green", {"EndpointName": "two-variants", "VariantName": "green"})


def ask(account: EmbeddedAws, *queries: dict[str, Any], days: int = 7, **more: Any) -> Any:
    arguments = {
        "StartTime": MIDNIGHT - timedelta(days=days),
        "EndTime": MIDNIGHT,
        "ScanBy": "TimestampAscending",
        **more,
    }
    return account.client("cloudwatch").get_metric_data(
        MetricDataQueries=list(queries), **arguments
    )


def values(account: EmbeddedAws, *queries: dict[str, Any], **more: Any) -> list[list[float]]:
    return [each["Values"] for each in ask(account, *queries, **more)["MetricDataResults"]]


def test_each_variant_has_its_own_invocations(account: EmbeddedAws) -> None:
    answer = ask(account, BLUE, GREEN)["MetricDataResults"]

    assert [each["Values"] for each in answer] == [[0, 0, 7, 0], [1, 2, 3, 4]]
    assert answer[0]["Timestamps"][0] == MIDNIGHT - timedelta(days=4)
    assert {each["StatusCode"] for each in answer} == {"Complete"}


def test_the_newest_comes_first_unless_asked_otherwise(account: EmbeddedAws) -> None:
    answer = ask(account, BLUE, ScanBy="TimestampDescending")["MetricDataResults"][0]

    assert answer["Values"] == [0, 7, 0, 0]
    assert answer["Timestamps"] == sorted(answer["Timestamps"], reverse=True)


def test_dimensions_have_to_match_exactly(account: EmbeddedAws) -> None:
    fewer = query("a", {"EndpointName": "two-variants"})
    other = query("b", {"EndpointName": "two-variants", "VariantName": "AllTraffic"})
    more = query("c", {"EndpointName": "two-variants", "VariantName": "blue", "Host": "x"})

    assert values(account, fewer, other, more) == [[], [], []]


def test_a_statistic_that_does_not_follow_from_the_file_is_refused(account: EmbeddedAws) -> None:
    dimensions = {"EndpointName": "two-variants", "VariantName": "blue"}

    answer = ask(account, query("a", dimensions, Stat="Average"), GREEN)["MetricDataResults"]

    assert [each["StatusCode"] for each in answer] == ["InternalError", "Complete"]
    assert answer[0]["Messages"][0]["Code"] == "NotImplementedByLocalAws"
    with pytest.raises(ClientError, match="NotImplementedByLocalAws"):
        account.client("cloudwatch").get_metric_statistics(
            Namespace="AWS/SageMaker",
            MetricName="Invocations",
            Dimensions=[{"Name": name, "Value": value} for name, value in dimensions.items()],
            StartTime=MIDNIGHT - timedelta(days=7),
            EndTime=MIDNIGHT,
            Period=DAY,
            Statistics=["Average"],
        )


def test_longer_periods_add_up_from_the_start_that_is_asked_for(account: EmbeddedAws) -> None:
    dimensions = {"EndpointName": "two-variants", "VariantName": "green"}

    assert values(account, query("a", dimensions, period=7 * DAY)) == [[10]]
    assert values(account, query("a", dimensions, period=2 * DAY), days=4) == [[3, 7]]


def test_averages_of_a_period_are_averaged(account: EmbeddedAws) -> None:
    found = query(
        "gpu",
        {"EndpointName": "two-variants", "VariantName": "blue"},
        Namespace="/aws/sagemaker/Endpoints",
        MetricName="GPUUtilization",
        Stat="Average",
    )

    assert values(account, found, EndTime=NOW) == [[15.0]]


def test_fine_periods_of_old_data_are_gone(account: EmbeddedAws) -> None:
    dimensions = {"EndpointName": "two-variants", "VariantName": "blue"}

    def of(period: int, days: int) -> list[float]:
        return values(account, query("a", dimensions, period=period), days=days)[0]

    assert of(300, 16) != []
    assert of(60, 16) == []
    assert of(300, 64) == []
    assert of(3600, 64) != []
    assert of(60, 14) != []


def test_five_hundred_queries_go_in_one_call_and_not_one_more(account: EmbeddedAws) -> None:
    queries = [
        query(f"q{index}", {"EndpointName": "two-variants", "VariantName": "blue"})
        for index in range(501)
    ]

    assert len(ask(account, *queries[:500])["MetricDataResults"]) == 500
    with pytest.raises(ClientError, match="greater than 500"):
        ask(account, *queries)


def test_datapoints_beyond_the_limit_come_with_the_next_token(account: EmbeddedAws) -> None:
    first = ask(account, BLUE, GREEN, MaxDatapoints=6)
    second = ask(account, BLUE, GREEN, MaxDatapoints=6, NextToken=first["NextToken"])

    assert [(each["Id"], each["StatusCode"]) for each in first["MetricDataResults"]] == [
        ("blue", "Complete"),
        ("green", "PartialData"),
    ]
    assert [each["Values"] for each in second["MetricDataResults"]] == [[3, 4]]
    assert "NextToken" not in second


def test_a_metric_that_cannot_be_read_says_so_beside_those_that_can(account: EmbeddedAws) -> None:
    queued = query("queued", {"EndpointName": "queued", "VariantName": "all"})
    shadowed = query("shadowed", {"EndpointName": "shadowed", "VariantName": "main"})

    answer = ask(account, BLUE, queued, shadowed)["MetricDataResults"]

    assert [(each["StatusCode"], each["Values"]) for each in answer] == [
        ("Complete", [0, 0, 7, 0]),
        ("InternalError", []),
        ("Forbidden", []),
    ]
    assert answer[1]["Messages"][0]["Code"] == "InternalServiceFault"


def test_statistics_of_a_metric_that_cannot_be_read_fail_by_its_error(
    account: EmbeddedAws,
) -> None:
    with pytest.raises(ClientError, match="InternalServiceFault"):
        account.client("cloudwatch").get_metric_statistics(
            Namespace="AWS/SageMaker",
            MetricName="Invocations",
            Dimensions=[{"Name": "EndpointName", "Value": "queued"}],
            StartTime=MIDNIGHT - timedelta(days=1),
            EndTime=MIDNIGHT,
            Period=DAY,
            Statistics=["Sum"],
        )


def test_statistics_give_a_row_for_each_period(account: EmbeddedAws) -> None:
    answer = account.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/Bedrock",
        MetricName="Invocations",
        Dimensions=[{"Name": "ModelId", "Value": MODEL_ID}],
        StartTime=MIDNIGHT - timedelta(days=7),
        EndTime=MIDNIGHT,
        Period=DAY,
        Statistics=["Sum"],
    )

    assert [(row["Timestamp"], row["Sum"]) for row in answer["Datapoints"]] == [
        (MIDNIGHT - timedelta(days=1), 5)
    ]


def test_metrics_are_listed_by_namespace_name_and_dimension(account: EmbeddedAws) -> None:
    cloudwatch = account.client("cloudwatch")

    endpoints = cloudwatch.list_metrics(
        Namespace="AWS/SageMaker",
        MetricName="Invocations",
        Dimensions=[{"Name": "EndpointName", "Value": "two-variants"}],
    )["Metrics"]
    models = cloudwatch.list_metrics(Namespace="AWS/Bedrock")["Metrics"]

    assert len(endpoints) == 2
    assert models[0]["Dimensions"] == [{"Name": "ModelId", "Value": MODEL_ID}]


def test_a_bucket_reports_its_size_and_its_objects_of_the_day_before(account: EmbeddedAws) -> None:
    size = query(
        "size",
        {"BucketName": "loaded-models", "StorageType": "StandardStorage"},
        Namespace="AWS/S3",
        MetricName="BucketSizeBytes",
        Stat="Average",
    )
    objects = query(
        "objects",
        {"BucketName": "loaded-models", "StorageType": "AllStorageTypes"},
        Namespace="AWS/S3",
        MetricName="NumberOfObjects",
        Stat="Average",
    )

    answer = ask(account, size, objects, days=3)["MetricDataResults"]

    assert [each["Values"] for each in answer] == [[10 * 2**30], [90]]
    assert answer[0]["Timestamps"] == [MIDNIGHT - timedelta(days=1)]


def test_what_is_put_is_read_beside_the_file(account: EmbeddedAws) -> None:
    cloudwatch = account.client("cloudwatch")
    cloudwatch.put_metric_data(
        Namespace="Audit",
        MetricData=[
            {"MetricName": "Findings", "Value": value, "Timestamp": NOW} for value in (1.0, 9.0)
        ],
    )

    found = [
        query(name.lower(), {}, Namespace="Audit", MetricName="Findings", Stat=name)
        for name in ("Sum", "SampleCount", "Average", "Minimum", "Maximum", "p90")
    ]

    assert values(account, *found, EndTime=NOW + timedelta(hours=1)) == [
        *([10.0], [2.0], [5.0], [1.0], [9.0], [9.0]),
    ]


def test_nobody_puts_metrics_for_aws(account: EmbeddedAws) -> None:
    with pytest.raises(ClientError, match="Namespace is invalid"):
        account.client("cloudwatch").put_metric_data(
            Namespace="AWS/SageMaker", MetricData=[{"MetricName": "Invocations", "Value": 1}]
        )


def test_a_service_of_aws_goes_on_reporting(account: EmbeddedAws) -> None:
    dimensions = {"EndpointName": "serverless", "VariantName": "all"}
    for hours in (1, 2):
        account.put_metric(
            "AWS/SageMaker", "Invocations", dimensions, 3.0, at=NOW + timedelta(hours=hours)
        )

    found = query("a", dimensions)
    assert values(account, found, EndTime=NOW + timedelta(days=1)) == [[6.0]]
    assert values(account, found, EndTime=NOW) == [[]]


def test_expressions_are_refused_not_guessed(account: EmbeddedAws) -> None:
    with pytest.raises(ClientError, match="evaluates no expressions"):
        ask(account, {"Id": "sum", "Expression": "SUM(METRICS())"})
