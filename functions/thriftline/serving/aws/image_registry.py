"""Images in ECR: a tag's digest, and whether an image is there."""

import re
from typing import Any, Protocol

from botocore.exceptions import ClientError

from thriftline.core.aws.clients import code_of, translated
from thriftline.core.errors import AccessDeniedError
from thriftline.serving.domain.checks import Image

_URI = re.compile(
    r"(?P<name>(?P<registry>\d{12})\.dkr\.ecr\.[a-z0-9-]+\.[a-z.]+/(?P<repository>[^:@]+))"
    r"(?::(?P<tag>[^:@/]+))?(?:@(?P<digest>sha256:[0-9a-f]{64}))?"
)
_MISSING = {"ImageNotFoundException", "RepositoryNotFoundException"}


class Registry(Protocol):
    """What is asked of ECR's client."""

    def describe_images(self, **request: Any) -> Any:
        """Returns what ECR says of images."""


class ImageRegistry:
    """ECR in one region, through one client."""

    def __init__(self, client: Registry) -> None:
        self._client = client

    def look(self, uri: str) -> Image:
        """Returns an image by its digest, which a tag of today is resolved to.

        ``found`` is None where nobody could say: another registry, or no right to look.
        """
        parts = _URI.fullmatch(uri)
        if parts is None:
            return Image(uri, found=None)
        wanted: Any = (
            {"imageDigest": parts["digest"]}
            if parts["digest"]
            else {"imageTag": parts["tag"] or "latest"}
        )
        try:
            with translated(f"looking for the image {uri}"):
                try:
                    answer = self._client.describe_images(
                        registryId=parts["registry"],
                        repositoryName=parts["repository"],
                        imageIds=[wanted],
                    )
                except ClientError as error:
                    if code_of(error) not in _MISSING:
                        raise
                    return Image(uri, found=False)
        except AccessDeniedError:
            return Image(uri, found=None)
        details = answer["imageDetails"]
        if not details:
            return Image(uri, found=False)
        digest = details[0]["imageDigest"]
        return Image(f"{parts['name']}@{digest}", True, details[0].get("imageSizeInBytes"))
