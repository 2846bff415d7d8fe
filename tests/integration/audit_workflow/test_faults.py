"""Whatever AWS refuses, the report comes, says what is missing, and nothing follows from it."""

from collections.abc import Iterator

import pytest

from local_aws.http.faults import AwsFault
from tests.integration.audit_workflow.conftest import Start
from tests.integration.audit_workflow.world import AuditWorld

IDLE = "llama3-endpoint-1"
LISTS = (
    ("sagemaker", "ListEndpoints"),
    ("sagemaker", "Search"),
    ("sagemaker", "ListTrainingJobs"),
    ("sagemaker", "ListModelPackageGroups"),
    ("sagemaker", "ListNotebookInstances"),
    ("bedrock", "ListCustomModels"),
    ("logs", "DescribeLogGroups"),
    ("ce", "GetCostAndUsage"),
    ("s3", "ListBuckets"),
)


@pytest.fixture(scope="module")
def world(start: Start) -> AuditWorld:
    return start("act")


@pytest.fixture
def faults(world: AuditWorld) -> Iterator[None]:
    yield
    world.aws.faults.clear()


def deny(world: AuditWorld, service: str, operation: str) -> None:
    world.aws.faults.add(AwsFault(service, operation, "AccessDeniedException", times=None))


@pytest.mark.usefixtures("faults")
def test_a_report_of_nothing_but_refusals_still_comes(world: AuditWorld) -> None:
    for service, operation in LISTS:
        deny(world, service, operation)
    ended = world.audit()
    assert ended.status == "SUCCEEDED", ended.cause
    refused = {one["operation"] for one in ended.told["unknown"]}
    assert {operation for _, operation in LISTS} - {"Search"} <= refused
    assert ended.told["reconciliation"]["billed_usd"] is None
    assert ended.planned("terminate_endpoint") == []
    assert ended.done() == []


@pytest.mark.usefixtures("faults")
def test_an_endpoint_without_readable_metrics_is_left_alone(world: AuditWorld) -> None:
    deny(world, "cloudwatch", "GetMetricData")
    ended = world.audit_endpoints()
    assert ended.status == "SUCCEEDED", ended.cause
    assert "GetMetricData" in {one["operation"] for one in ended.told["unknown"]}
    assert ended.told["planned_actions"] == []


def test_the_same_endpoint_is_found_when_the_refusal_is_over(world: AuditWorld) -> None:
    assert world.audit_endpoints().planned("terminate_endpoint") == [IDLE]
