"""A model's artifact: whether it is there and can be read now."""

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from thriftline.core.aws.clients import code_of, translated
from thriftline.core.errors import AccessDeniedError, AwsRequestError
from thriftline.serving.domain.checks import Artifact

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_GONE = {"NoSuchKey", "NoSuchBucket", "404", "NotFound", "MethodNotAllowed"}


class ModelArtifacts:
    """Objects of S3 by their URIs, through one client."""

    def __init__(self, client: "S3Client") -> None:
        self._client = client

    def look(self, uri: str) -> Artifact:
        """Returns what S3 says of an artifact."""
        bucket, key = _place(uri)
        if not bucket or not key:
            return Artifact(uri, found=False)
        try:
            with translated(f"looking at {uri}"):
                try:
                    found = self._client.head_object(Bucket=bucket, Key=key)
                except ClientError as error:
                    if code_of(error) not in _GONE:
                        raise
                    return Artifact(uri, found=False)
        except AccessDeniedError:
            return Artifact(uri, found=None)
        restored = 'ongoing-request="false"' in found.get("Restore", "")
        return Artifact(uri, True, found.get("StorageClass", "STANDARD"), restored)

    def size(self, uri: str) -> int | None:
        """Returns an artifact's size in bytes, None where nobody could say."""
        bucket, key = _place(uri)
        try:
            with translated(f"looking at {uri}"):
                return self._client.head_object(Bucket=bucket, Key=key)["ContentLength"]
        except (AccessDeniedError, AwsRequestError):
            return None

    def copy(self, uri: str, bucket: str, key: str) -> None:
        """Copies an artifact to where a multi-model endpoint reads; what is there stays."""
        source, source_key = _place(uri)
        target = f"s3://{bucket}/{key}"
        if self.look(target).found:
            return
        with translated(f"copying {uri} to {target}"):
            self._client.copy({"Bucket": source, "Key": source_key}, bucket, key)


def _place(uri: str) -> tuple[str, str]:
    scheme, _, rest = uri.partition("://")
    bucket, _, key = rest.partition("/")
    return (bucket, key) if scheme == "s3" else ("", "")
