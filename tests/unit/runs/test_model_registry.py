"""The model registry's adapter."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import boto3
import pytest
from botocore import session
from botocore.validate import ParamValidator
from hypothesis import given
from hypothesis import strategies as st
from moto import mock_aws

from tests.unit.runs.registry_fakes import FakeRegistryClient, refusal
from thriftline.core.errors import AccessDeniedError
from thriftline.runs.aws.model_registry import (
    ModelRegistry,
    ModelVersion,
    RegisteredModel,
    create_request,
    group_name_of,
)

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
VERSION = ModelVersion(
    run_id="reviews-0123456789abcdef",
    project="reviews",
    opened_at=NOW - timedelta(hours=1),
    image_uri="123456789012.dkr.ecr.eu-west-1.amazonaws.com/thriftline:1",
    trainer="sagemaker",
    model_uri="s3://artifacts/training/r/r-01/output/model.tar.gz",
    document_url="s3://artifacts/runs/r/model.json",
    evaluation_url="s3://artifacts/runs/r/evaluation.json",
    promotion="approved",
    reason="Its accuracy is 0.86.",
    lineage={"seed": "42", "dataset_uri": "s3://data/datasets/reviews/a b.csv"},
)
BEDROCK = replace(
    VERSION,
    trainer="bedrock",
    image_uri=None,
    model_uri="arn:aws:bedrock:us-east-1:123456789012:custom-model/amazon.nova-micro-v1:0/0123456789ab",
    lineage={"job_name": "r-01"},
)
TAGS = {"thriftline:stack": "thriftline"}
SAGEMAKER = session.get_session().get_service_model("sagemaker")
INPUT: Any = SAGEMAKER.operation_model("CreateModelPackage").input_shape


def _registry(client: FakeRegistryClient) -> ModelRegistry:
    return ModelRegistry(cast("Any", client), "thriftline")


def _package(status: str, project: str = "reviews", url: str = "s3://b/m") -> dict[str, Any]:
    return {
        "ModelPackageGroupName": group_name_of("thriftline", project),
        "ModelApprovalStatus": status,
        "InferenceSpecification": {"Containers": [{"Image": "i", "ModelDataUrl": url}]},
    }


def _allowed(value: str) -> bool:
    """The pattern of metadata values in SageMaker's service model."""
    return all(c.isalnum() or c.isspace() or c in "_.:/=+-@" for c in value)


@pytest.mark.parametrize("promotion", ["approved", "pending", "rejected"])
def test_botocore_accepts_the_request(promotion: Any) -> None:
    request = create_request(replace(VERSION, promotion=promotion), "thriftline-reviews")
    assert ParamValidator().validate(request, INPUT).generate_report() == ""
    status = INPUT.members["ModelApprovalStatus"]
    assert request["ModelApprovalStatus"] in status.enum
    assert "Tags" not in request
    assert re.fullmatch(r"[a-zA-Z0-9-]{1,36}", request["ClientToken"])


def test_a_model_without_a_container_is_registered_by_its_document() -> None:
    request = create_request(BEDROCK, "thriftline-reviews")
    assert ParamValidator().validate(request, INPUT).generate_report() == ""
    # A specification of inference needs a container, and there is none.
    assert "InferenceSpecification" not in request
    source = INPUT.members["SourceUri"]
    assert request["SourceUri"] == "s3://artifacts/runs/r/model.json"
    assert len(request["SourceUri"]) <= source.metadata["max"]
    assert request["CustomerMetadataProperties"]["model_uri"] == BEDROCK.model_uri


def test_the_request_points_at_model_image_and_evaluation() -> None:
    request = create_request(VERSION, "thriftline-reviews")
    (container,) = request["InferenceSpecification"]["Containers"]
    assert container == {"Image": VERSION.image_uri, "ModelDataUrl": VERSION.model_uri}
    assert request["ModelMetrics"]["ModelQuality"]["Statistics"] == {
        "ContentType": "application/json",
        "S3Uri": VERSION.evaluation_url,
    }
    assert request["CustomerMetadataProperties"]["run_id"] == VERSION.run_id


@given(
    st.dictionaries(
        st.from_regex(r"[a-z_]{1,40}", fullmatch=True), st.text(max_size=400), max_size=80
    )
)
def test_any_lineage_is_cut_to_what_the_registry_takes(lineage: dict[str, str]) -> None:
    metadata = create_request(replace(VERSION, lineage=lineage), "thriftline-reviews")[
        "CustomerMetadataProperties"
    ]
    assert 1 <= len(metadata) <= 50
    assert all(1 <= len(value) <= 256 for value in metadata.values())


def test_what_the_registry_does_not_take_in_a_value_becomes_an_underscore() -> None:
    lineage = {"champion": "a,b(c)|d", "key": "datasets/reviews/größe +1.csv"}
    metadata = create_request(replace(VERSION, lineage=lineage), "thriftline-reviews")[
        "CustomerMetadataProperties"
    ]
    assert metadata["champion"] == "a_b_c__d"
    assert metadata["key"] == "datasets/reviews/größe +1.csv"
    assert all(_allowed(value) for value in metadata.values())


def test_a_long_reason_is_cut_to_the_description() -> None:
    request = create_request(replace(VERSION, reason="x" * 3000), "thriftline-reviews")
    assert len(request["ModelPackageDescription"]) == 1024


def test_a_first_version_makes_the_group_with_its_tags() -> None:
    client = FakeRegistryClient()
    _registry(client).register(VERSION, TAGS)
    assert client.groups["thriftline-reviews"]["Tags"] == [
        {"Key": "thriftline:stack", "Value": "thriftline"}
    ]


def test_the_same_run_is_registered_once() -> None:
    client = FakeRegistryClient()
    first = _registry(client).register(VERSION, TAGS)
    again = _registry(client).register(VERSION, TAGS)
    other = _registry(client).register(replace(VERSION, run_id="reviews-other"), TAGS)
    assert first == again
    assert other != first
    assert client.calls.count("create_model_package") == 2
    assert client.calls.count("create_model_package_group") == 1


def test_two_first_runs_at_once_both_register() -> None:
    client = FakeRegistryClient()
    client.faster_run = True
    registry = _registry(client)
    registry.ensure_group("reviews", TAGS)
    assert client.groups == {}


def test_a_refused_call_is_not_taken_for_a_missing_group() -> None:
    class Denied(FakeRegistryClient):
        def describe_model_package_group(self, **request: Any) -> dict[str, Any]:
            raise refusal("AccessDeniedException", "not authorized", "Describe")

    with pytest.raises(AccessDeniedError):
        _registry(Denied()).ensure_group("reviews", TAGS)


def test_a_project_without_a_group_has_no_champion() -> None:
    assert _registry(FakeRegistryClient()).champion("reviews") is None


def test_the_champion_is_the_newest_approved_version_that_is_complete() -> None:
    client = FakeRegistryClient()
    registry = _registry(client)
    registry.ensure_group("reviews", TAGS)
    client.add(_package("Approved", url="s3://old"), NOW)
    wanted = client.add(_package("Approved", url="s3://wanted"), NOW + timedelta(hours=1))
    client.add(_package("Approved"), NOW + timedelta(hours=2), status="Failed")
    for hours in range(3, 8):
        client.add(_package("Rejected"), NOW + timedelta(hours=hours))
    client.add(_package("PendingManualApproval"), NOW + timedelta(hours=9))
    assert registry.champion("reviews") == RegisteredModel(wanted, "s3://wanted", "sagemaker")


def test_the_champion_says_which_way_to_train_made_it_and_where() -> None:
    client = FakeRegistryClient()
    registry = _registry(client)
    arn = registry.register(BEDROCK, TAGS)
    registry.note(arn, deployment_arn="arn:deployment")
    assert registry.champion("reviews") == RegisteredModel(
        arn, BEDROCK.model_uri, "bedrock", BEDROCK.run_id, "r-01", "arn:deployment"
    )


def test_a_group_without_an_approved_version_has_no_champion() -> None:
    client = FakeRegistryClient()
    registry = _registry(client)
    registry.ensure_group("reviews", TAGS)
    client.add(_package("Rejected"), NOW)
    assert registry.champion("reviews") is None


def test_it_also_works_against_moto() -> None:
    with mock_aws():
        registry = ModelRegistry(boto3.client("sagemaker", region_name="us-east-1"), "thriftline")
        assert registry.champion("reviews") is None
        rejected = registry.register(
            replace(VERSION, run_id="r0", promotion="rejected", opened_at=datetime.now(UTC)), TAGS
        )
        approved = registry.register(replace(VERSION, opened_at=datetime.now(UTC)), TAGS)
        again = registry.register(replace(VERSION, opened_at=datetime.now(UTC)), TAGS)
        assert approved == again != rejected
        assert registry.champion("reviews") == RegisteredModel(
            approved, VERSION.model_uri, "sagemaker", VERSION.run_id
        )
        assert registry.champion("others") is None
