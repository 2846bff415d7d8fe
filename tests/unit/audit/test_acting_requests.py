"""From descriptions to requests, by botocore's own models; no call is made."""

from datetime import UTC, datetime
from typing import Any

import boto3
import pytest

from thriftline.core.aws.endpoints.components import creation
from thriftline.core.aws.endpoints.definitions import with_models
from thriftline.core.aws.requests import plain, request_of
from thriftline.core.saved_endpoint import SavedEndpoint, SavedResource, SavedTarget

WHEN = datetime(2026, 11, 1, 12, tzinfo=UTC)


@pytest.fixture
def sagemaker() -> Any:
    return boto3.client("sagemaker", region_name="us-east-1")


def test_a_description_loses_what_its_creation_does_not_take(sagemaker: Any) -> None:
    described = {
        "EndpointConfigName": "c",
        "EndpointConfigArn": "arn",
        "CreationTime": WHEN,
        "ProductionVariants": [{"VariantName": "a", "ModelName": "m", "NewMember": 1}],
        "KmsKeyId": None,
        "ResponseMetadata": {},
    }
    assert request_of(sagemaker, "CreateEndpointConfig", described) == {
        "EndpointConfigName": "c",
        "ProductionVariants": [{"VariantName": "a", "ModelName": "m"}],
    }


def test_an_answer_becomes_json() -> None:
    answer = {"at": WHEN, "rows": ({"at": WHEN},), "ResponseMetadata": {"x": 1}}
    assert plain(answer) == {"at": WHEN.isoformat(), "rows": [{"at": WHEN.isoformat()}]}


def test_a_component_is_made_again_with_image_copies_and_tags(sagemaker: Any) -> None:
    saved = SavedResource(
        description={
            "InferenceComponentName": "llm",
            "EndpointName": "chat",
            "VariantName": "host",
            "InferenceComponentStatus": "InService",
            "CreationTime": WHEN.isoformat(),
            "Specification": {
                "Container": {
                    "DeployedImage": {"SpecifiedImage": "image:1", "ResolvedImage": "image@sha"},
                    "ArtifactUrl": "s3://models/llm.tar.gz",
                },
                "ComputeResourceRequirements": {"MinMemoryRequiredInMb": 1024},
            },
            "RuntimeConfig": {"DesiredCopyCount": 3, "CurrentCopyCount": 1},
        },
        tags={"team": "chat", "aws:cloudformation:stack-name": "x"},
    )
    assert creation(sagemaker, saved) == {
        "InferenceComponentName": "llm",
        "EndpointName": "chat",
        "VariantName": "host",
        "Specification": {
            "Container": {"Image": "image:1", "ArtifactUrl": "s3://models/llm.tar.gz"},
            "ComputeResourceRequirements": {"MinMemoryRequiredInMb": 1024},
        },
        "RuntimeConfig": {"CopyCount": 3},
        "Tags": [{"Key": "team", "Value": "chat"}],
    }


def test_models_that_got_another_name_are_called_by_it() -> None:
    described = {"ProductionVariants": [{"ModelName": "a"}, {"ModelName": "b"}], "X": "a"}
    assert with_models(described, {"a": "a-1"}) == {
        "ProductionVariants": [{"ModelName": "a-1"}, {"ModelName": "b"}],
        "X": "a",
    }


def _target(name: str, *policies: str, most: int = 4) -> SavedTarget:
    return SavedTarget(
        description={"ResourceId": name, "ScalableDimension": "d", "MaxCapacity": most},
        policies=tuple({"PolicyName": one, "PolicyARN": one} for one in policies),
        scheduled_actions=(),
        alarms=(),
    )


def _copy(components: tuple[str, ...], *targets: SavedTarget) -> SavedEndpoint:
    return SavedEndpoint(
        account="123456789012",
        region="us-east-1",
        role_arn=None,
        mark_tag="thriftline:marked-idle-at",
        name="chat",
        created=WHEN,
        saved_at=WHEN,
        audit_id="a",
        reason="idle",
        endpoint=SavedResource(description={"EndpointArn": "arn"}, tags={}),
        config=None,
        models=(),
        components=tuple(
            SavedResource(description={"InferenceComponentName": one}, tags={})
            for one in components
        ),
        targets=targets,
    )


def test_a_later_copy_keeps_what_only_the_earlier_one_could_read() -> None:
    earlier = _copy(("a", "b"), _target("v", "p", "q"), _target("w", "p"))
    later = _copy(("b",), _target("v", "p", most=9))

    whole = later.with_removed(earlier)

    names = [one.description["InferenceComponentName"] for one in whole.components]
    assert sorted(names) == ["a", "b"]
    first, second = whole.targets
    assert [one["PolicyName"] for one in first.policies] == ["p", "q"]
    assert first.description["MaxCapacity"] == 9
    assert second == _target("w", "p")


def test_a_copy_of_an_untouched_endpoint_stays_as_it_is() -> None:
    copy = _copy(("a",), _target("v", "p"))
    assert copy.with_removed(copy) == copy
