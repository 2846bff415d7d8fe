"""How large the training image is, as ECR says, and None wherever it does not."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from thriftline.runs.trainers.sagemaker.training_image import image_gb

URI = "123456789012.dkr.ecr.us-east-1.amazonaws.com/thriftline-training:0.1.0"


class Ecr:
    """Answers like ECR."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.asked: list[dict[str, Any]] = []

    def describe_images(self, **arguments: Any) -> Any:
        self.asked.append(arguments)
        answer = self.answers.pop()
        if isinstance(answer, Exception):
            raise answer
        return answer


def test_the_size_is_what_an_instance_fetches() -> None:
    ecr = Ecr({"imageDetails": [{"imageSizeInBytes": 3_200_000_000}]})

    assert image_gb(ecr, URI) == 3.2
    assert ecr.asked == [
        {
            "registryId": "123456789012",
            "repositoryName": "thriftline-training",
            "imageIds": [{"imageTag": "0.1.0"}],
        }
    ]


@pytest.mark.parametrize(
    "answer",
    [
        {"imageDetails": []},
        {"imageDetails": [{}]},
        ClientError({"Error": {"Code": "AccessDeniedException"}}, "DescribeImages"),
        ClientError({"Error": {"Code": "ThrottlingException"}}, "DescribeImages"),
    ],
)
def test_what_ecr_does_not_say_is_not_known(answer: Any) -> None:
    assert image_gb(Ecr(answer), URI) is None


@pytest.mark.parametrize("uri", ["thriftline:local", "docker.io/someone/image:1", ""])
def test_an_image_of_another_registry_is_not_asked_for(uri: str) -> None:
    assert image_gb(Ecr(), uri) is None


@pytest.fixture
def ecr() -> Iterator[Any]:
    with mock_aws():
        yield boto3.client("ecr", region_name="us-east-1")


def test_an_image_that_nobody_has_pushed_is_not_known(ecr: Any) -> None:
    assert image_gb(ecr, URI) is None
    ecr.create_repository(repositoryName="thriftline-training")
    assert image_gb(ecr, URI) is None
