"""S3 as a program of Spark reaches it: by the role of its run."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from boto3.s3.transfer import TransferConfig
from botocore.exceptions import BotoCoreError, ClientError

from local_aws.iam.service_roles import ServiceRole
from local_aws.training.container import stays_inside
from local_aws.training.storage import split_uri

_MIB = 1024 * 1024
_TRANSFER = TransferConfig(
    multipart_threshold=32 * _MIB, multipart_chunksize=16 * _MIB, max_concurrency=2
)
MOST_MIRRORED_BYTES = 20 * 1024**3


class DataError(Exception):
    """S3 did not have, or did not take, what a program needs; the message names it."""


@dataclass(frozen=True)
class Place:
    """Where objects of a bucket lie below the folder of a program."""

    bucket: str
    key: str

    @property
    def uri(self) -> str:
        """As the program names it."""
        return f"s3://{self.bucket}/{self.key}"

    def file(self, folder: Path) -> Path:
        """Return where it lies.

        Raises:
            DataError: the key leads out of the folder.
        """
        found = folder / self.bucket / self.key
        if not stays_inside(found, folder / self.bucket):
            raise DataError(f"{self.uri}: the key leads out of its bucket's folder")
        return found


class RoleStorage:
    """What a role may read and write of S3."""

    def __init__(self, s3: Any, account: str, region: str, role_arn: str | None) -> None:
        self._s3 = s3
        self._account = account
        self._region = region
        # None judges nothing: roles need not exist where options say so.
        self._role = None if role_arn is None else ServiceRole(account, role_arn)

    def list(self, uri: str) -> Iterator[tuple[Place, int]]:
        """Yield the objects that a URI names, as an object or as a folder, with their sizes.

        Raises:
            DataError: the role may not list them, or S3 does not.
        """
        bucket, key = split_uri(uri)
        self._check("s3:ListBucket", f"arn:aws:s3:::{bucket}", uri, {"s3:prefix": key})
        try:
            pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=key)
            for page in pages:
                for each in page.get("Contents", ()):
                    if _names(key, each["Key"]) and not each["Key"].endswith("/"):
                        yield Place(bucket, each["Key"]), each["Size"]
        except (ClientError, BotoCoreError) as error:
            raise DataError(f"{uri}: {error}") from error

    def download(self, place: Place, folder: Path) -> Path:
        """Copy one object below a folder.

        Raises:
            DataError: the role may not read it, or there is none.
        """
        file = place.file(folder)
        self._check("s3:GetObject", f"arn:aws:s3:::{place.bucket}/{place.key}", place.uri)
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            self._s3.download_file(place.bucket, place.key, str(file), Config=_TRANSFER)
        except (ClientError, BotoCoreError, OSError, ValueError) as error:
            raise DataError(f"{place.uri}: {error}") from error
        return file

    def upload(self, file: Path, place: Place) -> None:
        """Copy one file to S3.

        Raises:
            DataError: the role may not write it, or the bucket did not take it.
        """
        self._check("s3:PutObject", f"arn:aws:s3:::{place.bucket}/{place.key}", place.uri)
        try:
            self._s3.upload_file(str(file), place.bucket, place.key, Config=_TRANSFER)
        except Exception as error:
            # boto3 wraps the cause in errors of three unrelated families.
            raise DataError(f"{place.uri}: {error}") from error

    def write(self, place: Place, body: bytes) -> None:
        """Write one object.

        Raises:
            DataError: the role may not, or the bucket did not take it.
        """
        self._check("s3:PutObject", f"arn:aws:s3:::{place.bucket}/{place.key}", place.uri)
        try:
            self._s3.put_object(Bucket=place.bucket, Key=place.key, Body=body)
        except (ClientError, BotoCoreError) as error:
            raise DataError(f"{place.uri}: {error}") from error

    def _check(
        self, action: str, resource: str, uri: str, more: Mapping[str, str] | None = None
    ) -> None:
        context = {
            "aws:ResourceAccount": self._account,
            "aws:PrincipalAccount": self._account,
            "aws:RequestedRegion": self._region,
            "aws:SecureTransport": "true",
            "s3:ResourceAccount": self._account,
            **(more or {}),
        }
        if self._role is not None and not self._role.allows(action, resource, context):
            raise DataError(f"{uri}: Access Denied: the run's role may not do {action} there")


# Makes the storage of a run's role, for an account and a region.
StorageOf = Callable[[str, str, str], RoleStorage]


def _names(wanted: str, key: str) -> bool:
    """Whether a key is the object that is named, or lies in the folder that is."""
    folder = wanted if not wanted or wanted.endswith("/") else f"{wanted}/"
    return key == wanted or key.startswith(folder)
