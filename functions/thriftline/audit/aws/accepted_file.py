"""The list of accepted findings in S3, written only over what was read."""

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from thriftline.audit.domain.layout import ACCEPTED_FINDINGS
from thriftline.core.aws.clients import code_of, translated
from thriftline.core.dataclass import dataclass

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_MISSING = {"NoSuchKey", "404"}
_CHANGED = {"PreconditionFailed", "ConditionalRequestConflict", "412", "409"}


@dataclass(frozen=True)
class StoredFile:
    """The file as it is; ``etag`` is None where there is none."""

    text: bytes
    etag: str | None


class AcceptedFile:
    """``audits/accepted_findings.yaml``; people edit it too."""

    def __init__(self, client: "S3Client", bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def read(self) -> StoredFile:
        """Returns the file, empty where there is none."""
        with translated(f"reading {ACCEPTED_FINDINGS}"):
            try:
                answer = self._client.get_object(Bucket=self._bucket, Key=ACCEPTED_FINDINGS)
                return StoredFile(answer["Body"].read(), answer["ETag"])
            except ClientError as error:
                if code_of(error) not in _MISSING:
                    raise
                return StoredFile(b"", None)

    def write(self, text: bytes, before: StoredFile) -> bool:
        """Writes the file; returns False where somebody else has written it since it was read."""
        with translated(f"writing {ACCEPTED_FINDINGS}"):
            try:
                if before.etag is None:
                    self._client.put_object(
                        Bucket=self._bucket,
                        Key=ACCEPTED_FINDINGS,
                        Body=text,
                        ContentType="application/yaml",
                        IfNoneMatch="*",
                    )
                else:
                    self._client.put_object(
                        Bucket=self._bucket,
                        Key=ACCEPTED_FINDINGS,
                        Body=text,
                        ContentType="application/yaml",
                        IfMatch=before.etag,
                    )
            except ClientError as error:
                if code_of(error) not in _CHANGED:
                    raise
                return False
        return True
