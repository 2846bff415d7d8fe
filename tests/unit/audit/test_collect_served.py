"""What deployments write of endpoints is what the audit reads of them."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from moto import mock_aws

from tests.unit.audit.canned_aws import REGION
from thriftline.audit.aws.collectors.served_endpoints import collect_served_endpoints
from thriftline.audit.domain.facts import ResourceKind
from thriftline.audit.domain.resources.served import GONE
from thriftline.core.aws.target_clients import TargetClients
from thriftline.serving.aws.endpoints_table import EndpointsTable
from thriftline.serving.domain.versions import EndpointVersion

TABLE, ENDPOINT = "endpoints", "thriftline-reviews"


@pytest.fixture
def table() -> Iterator[EndpointsTable]:
    with mock_aws():
        client = boto3.client("dynamodb", region_name=REGION)
        names = ("endpoint", "HASH"), ("item", "RANGE")
        client.create_table(
            TableName=TABLE,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": one, "AttributeType": "S"} for one, _ in names],
            KeySchema=[{"AttributeName": one, "KeyType": kind} for one, kind in names],
        )
        yield EndpointsTable(client, TABLE)


def _version(number: int) -> EndpointVersion:
    return EndpointVersion(
        number=number,
        config=f"e-v{number}",
        model_name=f"m-v{number}",
        model_package_arn="arn:aws:sagemaker:us-east-1:123456789012:model-package/reviews/1",
        registry_version=number,
        image="image",
        artifact_uri=f"s3://artifacts/training/run-{number}/model.tar.gz",
        who="somebody",
        when=datetime(2026, 11, 1, tzinfo=UTC),
        why="",
        deployment_id="d",
    )


def _collect() -> Any:
    return collect_served_endpoints(TargetClients(REGION), TABLE)


def test_versions_come_with_the_state_of_their_artifacts(table: EndpointsTable) -> None:
    s3 = boto3.client("s3", region_name=REGION)
    s3.create_bucket(
        Bucket="artifacts",
        CreateBucketConfiguration={"LocationConstraint": REGION},
    )
    for number in range(1, 14):
        table.add_version(ENDPOINT, _version(number))
    for number, storage in ((12, "GLACIER"), (13, "STANDARD")):
        key = f"training/run-{number}/model.tar.gz"
        s3.put_object(Bucket="artifacts", Key=key, Body=b"x", StorageClass=storage)
    table.update(ENDPOINT, "endpoint", project="reviews", kind="real-time", in_use=13, asleep=True)
    since = "2026-11-20T00:00:00+00:00"
    table.update(
        ENDPOINT, "quality", breaches={"main:drift:labels": since}, last_window="serving/x.json"
    )
    found = _collect()

    assert found.unread == ()
    (one,) = found.found
    assert (one.name, one.project, one.in_use, one.is_asleep) == (ENDPOINT, "reviews", 13, True)
    assert one.breaches == (("main:drift:labels", since),)
    assert one.quality_document == "serving/x.json"
    # The last ten are looked at, of the others nothing is known.
    artifacts = {version.number: version.artifact for version in one.versions}
    assert artifacts == {
        **dict.fromkeys(range(1, 4)),
        **dict.fromkeys(range(4, 12), GONE),
        12: "GLACIER",
        13: "STANDARD",
    }


def test_an_item_that_cannot_be_read_is_unknown_and_the_others_are_read(
    table: EndpointsTable,
) -> None:
    table.update("broken", "version#000001", number="x")
    table.update(ENDPOINT, "endpoint", project="reviews", kind="real-time")
    found = _collect()
    assert [one.name for one in found.found] == [ENDPOINT]
    (gap,) = found.unread
    assert (gap.kind, gap.resource) == (ResourceKind.SERVED_ENDPOINT, "broken")


def test_elsewhere_than_where_the_stack_lies_there_are_none() -> None:
    found = collect_served_endpoints(TargetClients(REGION), None)
    assert (found.found, found.unread) == ((), ())
