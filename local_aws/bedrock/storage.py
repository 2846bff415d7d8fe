"""S3 as Bedrock reaches it for a job: by the job's own role, in the job's own region."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from local_aws.bedrock.roles import ServiceRole
from local_aws.bedrock.training_data import JobFailure

_PROBE = ".write_access_check_file.tmp"


class StoredJob(Protocol):
    """A job that reads and writes in S3 by a role of its own."""

    @property
    def request(self) -> Mapping[str, Any]:
        """What was asked for, with `roleArn` and `outputDataConfig`."""

    @property
    def account(self) -> str:
        """Whose it is."""

    @property
    def region(self) -> str:
        """Where it runs."""

    @property
    def identifier(self) -> str:
        """The end of its ARN."""


class JobStorage:
    """Reads and writes what a job names; refuses what its role or region does not allow."""

    def __init__(self, s3: Any, job: StoredJob) -> None:
        self._s3 = s3
        self._job = job
        self._role = ServiceRole(job.account, job.request["roleArn"])

    def read(self, uri: str) -> bytes:
        """Return an object.

        Raises:
            JobFailure: the role may not read it, or there is none in this region.
        """
        bucket, key = split_uri(uri)
        failure = JobFailure(
            "Could not validate GetObject permissions to access Amazon S3 bucket: "
            f"{bucket} at key {key}"
        )
        allowed = self._may("s3:GetObject", f"arn:aws:s3:::{bucket}/{key}") and self._may(
            "s3:ListBucket", f"arn:aws:s3:::{bucket}", key
        )
        if not allowed or not self._is_here(bucket):
            raise failure
        try:
            body: bytes = self._s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        except (ClientError, BotoCoreError) as error:
            raise failure from error
        return body

    def check_output(self) -> None:
        """Write and delete a probe, as Bedrock does.

        Raises:
            JobFailure: the role may not write there, or the bucket is not in this region.
        """
        self._write(_PROBE, b"")
        bucket, prefix = split_uri(self._output)
        self._s3.delete_object(Bucket=bucket, Key=f"{prefix}{_PROBE}")

    def write_csv(self, name: str, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        """Write one of the job's tables."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
        folder = f"model-customization-job-{self._job.identifier}"
        self._write(f"{folder}/{name}", text.getvalue().encode())

    def write(self, name: str, body: bytes) -> None:
        """Write an object below the job's output.

        Raises:
            JobFailure: the role may not write there, or the bucket is not in this region.
        """
        self._write(name, body)

    @property
    def _output(self) -> str:
        return f"{self._job.request['outputDataConfig']['s3Uri'].rstrip('/')}/"

    def _write(self, name: str, body: bytes) -> None:
        bucket, prefix = split_uri(self._output)
        key = f"{prefix}{name}"
        failure = JobFailure(
            "Amazon S3 perms missing (PutObject): Could not validate PutObject permissions to "
            f"access S3 bucket: {bucket} at key {key}"
        )
        allowed = self._may("s3:PutObject", f"arn:aws:s3:::{bucket}/{key}")
        if not allowed or not self._is_here(bucket):
            raise failure
        try:
            self._s3.put_object(Bucket=bucket, Key=key, Body=body)
        except (ClientError, BotoCoreError) as error:
            raise failure from error

    def _may(self, action: str, resource: str, prefix: str = "") -> bool:
        context: Mapping[str, str] = {
            "aws:ResourceAccount": self._job.account,
            "aws:PrincipalAccount": self._job.account,
            "aws:RequestedRegion": self._job.region,
            "aws:SecureTransport": "true",
            "s3:prefix": prefix,
        }
        return self._role.allows(action, resource, context)

    def _is_here(self, bucket: str) -> bool:
        try:
            place = self._s3.get_bucket_location(Bucket=bucket)["LocationConstraint"]
        except (ClientError, BotoCoreError):
            return False
        return (place or "us-east-1") == self._job.region


def split_uri(uri: str) -> tuple[str, str]:
    """Return the bucket and the key of an s3:// URI."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return bucket, key
