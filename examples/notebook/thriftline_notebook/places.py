"""URIs of S3, and where Thriftline keeps what."""

from typing import NamedTuple

RESULT = "result.json"
RETRAINING = "retraining.json"
TRAINED_ROWS = "trained_rows.bin"


class Place(NamedTuple):
    """An object, or a prefix, of a bucket."""

    bucket: str
    key: str

    @property
    def uri(self) -> str:
        """The place as S3's URI."""
        return f"s3://{self.bucket}/{self.key}"

    def arn(self, partition: str) -> str:
        """The place as IAM names it."""
        return f"arn:{partition}:s3:::{self.bucket}/{self.key}"


def place_of(uri: str) -> Place:
    """Return the bucket and the key of an S3 URI."""
    scheme, _, rest = uri.partition("://")
    bucket, _, key = rest.partition("/")
    if scheme != "s3" or not bucket:
        raise ValueError(f"{uri!r} is no URI of S3")
    return Place(bucket, key)


def document_place(bucket: str, run_id: str, name: str) -> Place:
    """Return where a document of a run, or of a retraining, lies."""
    return Place(bucket, f"runs/{run_id}/{name}")
