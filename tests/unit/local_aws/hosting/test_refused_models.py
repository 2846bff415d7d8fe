"""What SageMaker refuses of a model."""

from typing import Any

import pytest

from tests.unit.local_aws.hosting.hosted import Hosted

ONE = {"Image": "image:1"}


@pytest.mark.parametrize(
    ("more", "rule"),
    [
        ({}, "needs a PrimaryContainer or Containers"),
        ({"PrimaryContainer": ONE, "Containers": [ONE]}, "not both"),
        ({"PrimaryContainer": {"ModelDataUrl": "s3://b/k"}}, "an Image or a ModelPackageName"),
        (
            {"PrimaryContainer": {**ONE, "Mode": "MultiModel", "ModelDataSource": {"S3": 1}}},
            "ModelDataSource is not supported for multi-model",
        ),
        ({"Containers": [{"ModelPackageName": "group/9"}]}, "group/9 does not exist"),
    ],
)
def test_a_model_that_cannot_be(more: dict[str, Any], rule: str) -> None:
    assert rule in Hosted().refusal("CreateModel", ModelName="m", **more)


def test_a_version_of_the_registry_is_a_model() -> None:
    hosted = Hosted()
    registry = hosted.registries.at("123456789012", "us-east-1")
    registry.create_group({"ModelPackageGroupName": "group"})
    made = registry.create_package({"ModelPackageGroupName": "group"})
    for number, name in enumerate((made["ModelPackageArn"], "group/1")):
        hosted("CreateModel", ModelName=f"m{number}", Containers=[{"ModelPackageName": name}])

    assert "m1" in hosted.store.models
