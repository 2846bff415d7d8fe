"""How large the training image is, which says how long an instance needs to fetch it."""

import re
from typing import Any, Protocol

from botocore.exceptions import BotoCoreError, ClientError

_URI = re.compile(
    r"(?P<registry>\d{12})\.dkr\.ecr\.[a-z0-9-]+\.[a-z.]+/(?P<repository>.+):(?P<tag>[^:/]+)"
)
_BYTES_PER_GB = 1e9


class Registry(Protocol):
    """What is asked of ECR's client."""

    def describe_images(self, **arguments: Any) -> Any:
        """Returns what ECR says of images."""


def image_gb(client: Registry, uri: str) -> float | None:
    """Returns the image's size as it is fetched, compressed.

    None where it is not known: an image that is not pushed yet, another registry, a call that
    failed. Nobody's run depends on it, so no error is worth one.
    """
    found = _URI.fullmatch(uri)
    if found is None:
        return None
    try:
        answer = client.describe_images(
            registryId=found["registry"],
            repositoryName=found["repository"],
            imageIds=[{"imageTag": found["tag"]}],
        )
    except (ClientError, BotoCoreError):
        return None
    sizes = [details.get("imageSizeInBytes", 0) for details in answer["imageDetails"]]
    return max(sizes, default=0) / _BYTES_PER_GB or None
