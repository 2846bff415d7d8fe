"""What runs leave in an account: their items, their bills, their versions."""

from typing import Any

import pytest

from tests.unit.audit.canned_answers import day, run_day, settled
from tests.unit.audit.canned_aws import ARN, NOW, REGION, START, CannedClients
from thriftline.audit.aws.collectors.costs import collect_run_bills
from thriftline.audit.aws.collectors.models import collect_model_packages
from thriftline.audit.aws.collectors.settled_runs import collect_settled_runs
from thriftline.audit.domain.inventory import Window


def test_runs_of_a_stack_that_lies_elsewhere_are_not_asked_for() -> None:
    clients = CannedClients({})
    window = Window(START, NOW)

    assert collect_settled_runs(clients, None).found == ()
    assert collect_run_bills(clients, "123456789012", window, None).found == ()
    assert clients.calls == []


def test_the_bill_of_a_run_is_told_by_the_value_of_its_tag() -> None:
    empty = {**day(2), "Groups": [{**day(2)["Groups"][0], "Keys": ["thriftline:run-id$"]}]}
    clients = CannedClients({"GetCostAndUsage": [{"ResultsByTime": [run_day(1), empty]}]})

    found = collect_run_bills(clients, "123456789012", Window(START, NOW), "runs").found

    assert [one.run_id for one in found] == ["run-1", ""]


@pytest.mark.parametrize(
    "broken",
    [
        {"settled_usd": {"S": "a lot"}},
        {"settled_usd": {"BOOL": True}},
        {"settled_usd": {"S": "NaN"}},
        {"attempt_1": {"M": {}}},
        {"attempt_1": {"S": "done"}},
        {"attempt_1": {"M": {"job_name": {"S": "a-1"}, "ended_at": {"S": "yesterday"}}}},
    ],
)
def test_a_run_whose_item_cannot_be_read_is_named_and_the_others_are_read(
    broken: dict[str, Any],
) -> None:
    rows = [settled("a") | broken, settled("b")]

    found = collect_settled_runs(CannedClients({"Scan": [{"Items": rows}]}), "runs")

    assert [one.run_id for one in found.found] == ["b"]
    assert [one.resource for one in found.unread] == ["a"]


def test_a_version_of_a_bedrock_model_names_the_custom_model_that_it_keeps() -> None:
    model = "custom-model/amazon.nova-micro-v1:0:128k/a1b2c3d4e5f6"
    arn = f"arn:aws:bedrock:{REGION}:123456789012:{model}"
    package = {
        "ModelPackageArn": f"{ARN}:model-package/stack-letters/3",
        "ModelPackageGroupName": "stack-letters",
        "ModelApprovalStatus": "Approved",
        "SourceUri": "s3://artifacts/runs/letters-1/model.json",
        "CustomerMetadataProperties": {"trainer": "bedrock", "model_uri": arn},
    }
    clients = CannedClients(
        {
            "ListModelPackages": [{"ModelPackageSummaryList": [package]}],
            "DescribeModelPackage": lambda _: package,
        }
    )

    (found,) = collect_model_packages(clients).found

    assert found.custom_model_arns == (arn,)
    assert found.artifact_s3_uris == ("s3://artifacts/runs/letters-1/model.json",)
