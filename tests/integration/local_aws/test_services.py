"""One call of each service that has no test of its own: the wire works."""

from datetime import UTC, datetime, timedelta
from typing import Any

import urllib3

from tests.integration.local_aws.aws import Aws


def test_metrics_are_put_and_summed(aws: Aws) -> None:
    cloudwatch, now = aws.client("cloudwatch"), datetime.now(UTC)
    cloudwatch.put_metric_data(
        Namespace="Thriftline",
        MetricData=[
            {"MetricName": "RunsOpened", "Value": value, "Unit": "Count"} for value in (1, 2)
        ],
    )

    points = cloudwatch.get_metric_statistics(
        Namespace="Thriftline",
        MetricName="RunsOpened",
        StartTime=now - timedelta(hours=1),
        EndTime=now + timedelta(hours=1),
        Period=3600,
        Statistics=["Sum"],
    )["Datapoints"]

    assert sum(point["Sum"] for point in points) == 3


def test_a_parameter_is_kept(aws: Aws) -> None:
    ssm = aws.client("ssm")
    ssm.put_parameter(Name="/a", Value="1", Type="String")

    assert ssm.get_parameter(Name="/a")["Parameter"]["Value"] == "1"


def test_the_caller_is_the_account_of_the_stack(aws: Aws) -> None:
    assert aws.client("sts").get_caller_identity()["Account"] == "123456789012"


def test_traces_are_taken(aws: Aws) -> None:
    answer = aws.client("xray").put_trace_segments(TraceSegmentDocuments=["{}"])

    assert "UnprocessedTraceSegments" in answer


def test_the_roles_of_the_stack_exist(aws: Aws) -> None:
    names = [role["RoleName"] for role in aws.client("iam").list_roles()["Roles"]]

    assert any("MachineRole" in name for name in names)


def test_the_resources_of_the_stack_are_listed(aws: Aws) -> None:
    answer = aws.client("cloudformation").list_stack_resources(StackName="fixture")

    found = {each["LogicalResourceId"]: each for each in answer["StackResourceSummaries"]}
    assert found["Machine"]["PhysicalResourceId"] == aws.outputs["MachineArn"]
    assert found["UploadsPolicy"]["PhysicalResourceId"] == aws.outputs["UploadsName"]


def test_items_are_queried_and_updated(aws: Aws) -> None:
    dynamodb, table = aws.client("dynamodb"), aws.outputs["TableName"]
    dynamodb.put_item(TableName=table, Item={"id": {"S": "q"}, "n": {"N": "1"}})

    dynamodb.update_item(
        TableName=table,
        Key={"id": {"S": "q"}},
        UpdateExpression="ADD n :one",
        ExpressionAttributeValues={":one": {"N": "1"}},
    )

    item = dynamodb.query(
        TableName=table,
        KeyConditionExpression="id = :id",
        ExpressionAttributeValues={":id": {"S": "q"}},
    )["Items"][0]
    assert item["n"] == {"N": "2"}


def test_an_upload_by_a_form_is_held_to_its_policy(aws: Aws) -> None:
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="forms")
    made = s3.generate_presigned_post("forms", "a", Conditions=[["content-length-range", 1, 3]])
    answers = [_post(made, body) for body in (b"1234", b"123")]
    assert [status for status, _ in answers] == [400, 204]
    assert b"<Code>EntityTooLarge</Code>" in answers[0][1]
    assert s3.get_object(Bucket="forms", Key="a")["Body"].read() == b"123"


def _post(form: dict[str, Any], body: bytes) -> tuple[int, bytes]:
    fields = {**form["fields"], "file": ("a", body)}
    answer = urllib3.request("POST", form["url"], fields=fields)
    return answer.status, answer.data
