"""Model data: looked for in S3, and brought to a folder of this machine."""

import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local_aws.serving.container import ContainerError
from local_aws.training.container import stays_inside
from local_aws.training.storage import DataError, JobStorage, split_uri

_READABLE_CLASSES = frozenset(
    {
        "STANDARD",
        "STANDARD_IA",
        "ONEZONE_IA",
        "INTELLIGENT_TIERING",
        "GLACIER_IR",
        "EXPRESS_ONEZONE",
    }
)


@dataclass(frozen=True)
class Artifact:
    """Model data at one instant; `revision` changes with its content."""

    uri: str
    is_archive: bool
    revision: str


def look(s3: Any, uri: str, *, is_archive: bool) -> Artifact:
    """Find model data.

    Raises:
        ContainerError: it is not there, or in a storage class that nobody can read at once.
    """
    bucket, key = split_uri(uri)
    try:
        if is_archive:
            return Artifact(uri, is_archive, _object_revision(s3, bucket, key))
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=key)
        tags = [
            f"{each['Key']}={each['ETag']}" for page in pages for each in page.get("Contents", ())
        ]
    except (ClientError, BotoCoreError) as error:
        raise missing(uri) from error
    if not tags:
        raise missing(uri)
    return Artifact(uri, is_archive, " ".join(tags))


def _object_revision(s3: Any, bucket: str, key: str) -> str:
    found = s3.head_object(Bucket=bucket, Key=key)
    storage_class = found.get("StorageClass", "STANDARD")
    if storage_class not in _READABLE_CLASSES and "ongoing-request" not in found.get("Restore", ""):
        raise missing(f"s3://{bucket}/{key}")
    return str(found["ETag"])


def fetch(s3: Any, artifact: Artifact, folder: Path, scratch: Path) -> None:
    """Bring model data to a folder, unpacked.

    Raises:
        ContainerError: it cannot be read or unpacked.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if not artifact.is_archive:
        try:
            JobStorage(s3).download(artifact.uri, folder)
        except DataError as error:
            raise missing(artifact.uri) from error
        return
    archive = scratch / "model.tar.gz"
    bucket, key = split_uri(artifact.uri)
    try:
        s3.download_file(bucket, key, str(archive))
    except (ClientError, BotoCoreError, OSError) as error:
        raise missing(artifact.uri) from error
    unpack(archive, artifact.uri, folder)
    archive.unlink()


def unpack(archive: Path, uri: str, folder: Path) -> None:
    """Unpack an archive into a folder; what would leave the folder refuses the whole.

    Raises:
        ContainerError: it is no tar.gz, or leads out of the folder.
    """
    try:
        with tarfile.open(archive, "r:gz") as tar:
            tar.extractall(folder, filter="data")
    except (tarfile.TarError, OSError, EOFError, ValueError) as error:
        raise ContainerError(
            f'Failed to extract model data archive from URL "{uri}" for container "container_1". '
            "Please ensure that the object located at the URL is a valid tar.gz archive."
        ) from error
    if not all(stays_inside(each, folder) for each in folder.rglob("*")):
        raise ContainerError(f'The archive at URL "{uri}" holds a link out of its folder.')


def missing(uri: str) -> ContainerError:
    """Return SageMaker's sentence about model data that cannot be downloaded."""
    return ContainerError(
        f'Failed to download model data for container "container_1" from URL: "{uri}". Please '
        "ensure that there is an object located at the URL and that the role passed to "
        "CreateModel has permissions to download the object."
    )
