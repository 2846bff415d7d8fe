"""What deployments tell the image, and what the image makes of it: the sizes of bodies."""

import pytest

from thriftline.serving.domain.endpoint_requests import Places, Version, target_of
from thriftline.serving.domain.kinds import Kind, ServingWish
from training_image.serving_http import Limits

VERSION = Version("shop", 3, "image@sha256:0", "s3://artifacts/training/r-1/model.tar.gz")
PLACES = Places("arn:aws:iam::123456789012:role/serving", "artifacts", "shop")


@pytest.mark.parametrize(
    ("kind", "megabytes"), [(Kind.REAL_TIME, 6), (Kind.ASYNCHRONOUS, 1024), (Kind.MULTI_MODEL, 6)]
)
def test_the_container_takes_bodies_as_large_as_the_endpoint_does(
    kind: Kind, megabytes: int
) -> None:
    target = target_of(ServingWish(kind=kind), VERSION, PLACES, "ml.m5.xlarge")
    environment = target.model["PrimaryContainer"].get("Environment", {})
    assert Limits.from_environment(environment).body_bytes == megabytes * 1024**2
