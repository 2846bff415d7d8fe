from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

from tests.integration.local_aws.aws import Aws

SPECIFICATION = {
    "Containers": [{"Image": "image", "ModelDataUrl": "s3://b/model.tar.gz"}],
    "SupportedContentTypes": ["application/json"],
    "SupportedResponseMIMETypes": ["application/json"],
}
METRICS = {
    "ModelQuality": {
        "Statistics": {"ContentType": "application/json", "S3Uri": "s3://b/evaluation.json"}
    }
}


@pytest.fixture
def group(aws: Aws) -> str:
    name = f"group-{uuid4()}"
    aws.client("sagemaker").create_model_package_group(
        ModelPackageGroupName=name, Tags=[{"Key": "project", "Value": "p"}]
    )
    return name


def register(aws: Aws, group: str, approval: str, **more: Any) -> str:
    answer = aws.client("sagemaker").create_model_package(
        ModelPackageGroupName=group,
        ModelApprovalStatus=approval,
        InferenceSpecification=SPECIFICATION,
        ModelMetrics=METRICS,
        CustomerMetadataProperties={"run_id": approval, "cost_usd": "0.12"},
        **more,
    )
    return str(answer["ModelPackageArn"])


def test_what_was_registered_comes_back(aws: Aws, group: str) -> None:
    arn = register(aws, group, "Approved", ModelPackageDescription="text")

    package = aws.client("sagemaker").describe_model_package(ModelPackageName=arn)

    assert arn.endswith(f":model-package/{group}/1")
    assert package["ModelPackageVersion"] == 1
    assert package["ModelPackageGroupName"] == group
    assert package["ModelApprovalStatus"] == "Approved"
    assert package["ModelPackageStatus"] == "Completed"
    assert package["ModelPackageDescription"] == "text"
    assert package["CustomerMetadataProperties"] == {"run_id": "Approved", "cost_usd": "0.12"}
    assert package["InferenceSpecification"] == SPECIFICATION
    assert package["ModelMetrics"] == METRICS


def test_the_newest_approved_version_is_the_first_of_the_list(aws: Aws, group: str) -> None:
    register(aws, group, "Approved")
    second = register(aws, group, "Approved")
    register(aws, group, "Rejected")
    sagemaker = aws.client("sagemaker")

    approved = sagemaker.list_model_packages(
        ModelPackageGroupName=group,
        ModelApprovalStatus="Approved",
        SortBy="CreationTime",
        SortOrder="Descending",
    )["ModelPackageSummaryList"]
    everything = sagemaker.list_model_packages(
        ModelPackageGroupName=group, SortOrder="Ascending", MaxResults=2
    )

    assert [each["ModelPackageVersion"] for each in approved] == [2, 1]
    assert approved[0]["ModelPackageArn"] == second
    versions = [each["ModelPackageVersion"] for each in everything["ModelPackageSummaryList"]]
    assert versions == [1, 2]
    assert everything["NextToken"]


def test_an_update_changes_the_approval_and_merges_the_metadata(aws: Aws, group: str) -> None:
    sagemaker, arn = aws.client("sagemaker"), register(aws, group, "PendingManualApproval")

    sagemaker.update_model_package(
        ModelPackageArn=arn,
        ModelApprovalStatus="Approved",
        ApprovalDescription="seen",
        CustomerMetadataProperties={"by": "me"},
        CustomerMetadataPropertiesToRemove=["cost_usd"],
    )

    package = sagemaker.describe_model_package(ModelPackageName=arn)
    assert package["ModelApprovalStatus"] == "Approved"
    assert package["CustomerMetadataProperties"] == {
        "run_id": "PendingManualApproval",
        "by": "me",
    }


def test_a_group_that_exists_is_refused_and_its_tags_are_kept(aws: Aws, group: str) -> None:
    sagemaker = aws.client("sagemaker")
    described = sagemaker.describe_model_package_group(ModelPackageGroupName=group)

    with pytest.raises(ClientError, match="already exists"):
        sagemaker.create_model_package_group(ModelPackageGroupName=group)

    tags = sagemaker.list_tags(ResourceArn=described["ModelPackageGroupArn"])["Tags"]
    assert tags == [{"Key": "project", "Value": "p"}]


def test_a_version_number_is_never_given_twice(aws: Aws, group: str) -> None:
    sagemaker, first = aws.client("sagemaker"), register(aws, group, "Rejected")

    sagemaker.delete_model_package(ModelPackageName=first)

    assert register(aws, group, "Approved").endswith("/2")
    with pytest.raises(ClientError, match="does not exist"):
        sagemaker.describe_model_package(ModelPackageName=first)


def test_a_version_in_a_group_that_is_not_there_is_refused(aws: Aws) -> None:
    with pytest.raises(ClientError, match="does not exist"):
        register(aws, "no-such-group", "Approved")
