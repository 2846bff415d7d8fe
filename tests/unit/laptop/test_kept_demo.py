"""What the demo leaves for the page comes back as it was."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from laptop import demo, kept_demo, page

ITEM = {
    "run_id": {"S": "reviews-1"},
    "plan": {"M": {"B": {"S": "a member called B"}, "body": {"B": b"\x00\x01zip"}}},
    "attempts": {"L": [{"N": "1"}, {"B": b"\xff"}]},
}


class Stack:
    """A stack of one run on moto."""

    def __init__(self) -> None:
        self.outputs = {
            "RunsTableName": "runs",
            "LedgerTableName": "ledger",
            "ArtifactsBucketName": "artifacts",
        }
        for name in ("runs", "ledger"):
            self.client("dynamodb").create_table(
                TableName=name,
                KeySchema=[{"AttributeName": "run_id", "KeyType": "HASH"}],
                AttributeDefinitions=[{"AttributeName": "run_id", "AttributeType": "S"}],
                BillingMode="PAY_PER_REQUEST",
            )
        self.client("s3").create_bucket(Bucket="artifacts")

    def client(self, service: str) -> Any:
        """Returns a boto3 client."""
        make: Any = boto3.client
        return make(service, region_name="us-east-1")

    def fill(self) -> None:
        """Does what a run does."""
        self.client("dynamodb").put_item(TableName="runs", Item=ITEM)
        for key in ("runs/reviews-1/result.json", "training/weights.tar.gz"):
            self.client("s3").put_object(Bucket="artifacts", Key=key, Body=b"{}")
        sagemaker = self.client("sagemaker")
        sagemaker.create_model_package_group(ModelPackageGroupName="thriftline-reviews")
        for status in ("Approved", "Rejected"):
            sagemaker.create_model_package(
                ModelPackageGroupName="thriftline-reviews", ModelApprovalStatus=status
            )

    def seen(self) -> list[Any]:
        """Returns what there is of it."""
        versions = self.client("sagemaker").list_model_packages(
            ModelPackageGroupName="thriftline-reviews"
        )["ModelPackageSummaryList"]
        objects = self.client("s3").list_objects_v2(Bucket="artifacts").get("Contents", [])
        return [
            self.client("dynamodb").scan(TableName="runs")["Items"],
            [one["Key"] for one in objects if one["Key"].startswith("runs/")],
            sorted((one["ModelPackageVersion"], one["ModelApprovalStatus"]) for one in versions),
        ]


@pytest.fixture
def aws() -> Iterator[None]:
    with mock_aws():
        yield


def test_it_comes_back_as_it_was(tmp_path: Path) -> None:
    with mock_aws():
        former = Stack()
        former.fill()
        seen = former.seen()
        kept_demo.keep(former, tmp_path)
    with mock_aws():
        fresh = Stack()
        assert kept_demo.put_back(fresh, tmp_path) == 1
        assert fresh.seen() == seen


def test_weights_are_not_kept(tmp_path: Path, aws: None) -> None:
    del aws
    stack = Stack()
    stack.fill()
    kept_demo.keep(stack, tmp_path)

    assert [one for one in tmp_path.rglob("*") if "weights" in one.name] == []


def test_without_a_demo_nothing_is_put_back(tmp_path: Path, aws: None) -> None:
    del aws
    assert kept_demo.put_back(Stack(), tmp_path) == 0


def test_the_demo_names_the_command_and_the_address_that_it_serves(tmp_path: Path) -> None:
    file = tmp_path / "page-token"
    first = page.address(file)

    assert first == page.address(file)
    assert file.stat().st_mode & 0o777 == 0o600
    assert first.startswith("http://127.0.0.1:4567/?token=")
    assert any("make ui" in line for line in demo.page_lines())
