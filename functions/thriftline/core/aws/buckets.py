"""Objects in S3: whole documents, byte ranges, prefixes."""

import json
from collections.abc import Iterator
from datetime import datetime
from typing import IO, TYPE_CHECKING, Any

from botocore.exceptions import ClientError, ConnectionError

from thriftline.core.aws.clients import code_of, translated
from thriftline.core.dataclass import dataclass
from thriftline.core.errors import (
    AccessDeniedError,
    AwsRequestError,
    DatasetChangedError,
    ServiceUnavailableError,
)

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# Which request made a copy: one that comes again after a lost answer makes no other.
_ASKED = "thriftline-asked"
_GONE = {"NoSuchKey", "NoSuchVersion", "404", "NotFound", "MethodNotAllowed"}
_DELETE_BATCH = 1000


@dataclass(frozen=True)
class StoredObject:
    """One current object as ListObjectsV2 shows it. ``size`` is in bytes."""

    key: str
    size: int
    modified: datetime | None = None


@dataclass(frozen=True)
class StoredVersion:
    """The current version of an object as ListObjectVersions shows it."""

    key: str
    version_id: str
    size: int
    etag: str
    modified: datetime


@dataclass(frozen=True)
class CurrentObject:
    """What an object holds now, and which version that is."""

    version_id: str
    body: bytes


@dataclass(frozen=True)
class PostForm:
    """Where a file is posted to, and the fields that go with it."""

    url: str
    fields: dict[str, str]


class Bucket:
    """One bucket, through one client."""

    def __init__(self, client: "S3Client", name: str) -> None:
        self._client = client
        self.name = name

    def uri(self, key: str) -> str:
        """Returns ``s3://bucket/key``."""
        return f"s3://{self.name}/{key}"

    def list(self, prefix: str, after: str | None = None) -> Iterator[StoredObject]:
        """Yields every current object under a prefix, in order of key, those ``after`` a key."""
        more: Any = {} if after is None else {"StartAfter": after}
        with translated(f"listing s3://{self.name}/{prefix}"):
            for page in self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self.name, Prefix=prefix, **more
            ):
                for found in page.get("Contents", []):
                    yield StoredObject(found["Key"], found["Size"], found.get("LastModified"))

    def list_current(self, prefix: str) -> Iterator[StoredVersion]:
        """Yields the current version of every object under a prefix, in order of key."""
        with translated(f"listing s3://{self.name}/{prefix}"):
            for page in self._client.get_paginator("list_object_versions").paginate(
                Bucket=self.name, Prefix=prefix
            ):
                for found in page.get("Versions", []):
                    if found["IsLatest"]:
                        yield StoredVersion(
                            found["Key"],
                            found["VersionId"],
                            found["Size"],
                            found["ETag"],
                            found["LastModified"],
                        )

    def read_current(self, key: str, length: int) -> CurrentObject | None:
        """Returns an object's first ``length`` bytes and its version, None when there is none."""
        with translated(f"reading {self.uri(key)}"):
            try:
                # A range cannot be had of an empty object.
                found = self._client.get_object(Bucket=self.name, Key=key)
            except ClientError as error:
                if code_of(error) in _GONE:
                    return None
                raise
            with found["Body"] as body:
                return CurrentObject(found.get("VersionId", "null"), body.read(length))

    def current_version(self, key: str) -> tuple[str, int] | None:
        """Returns version id and size of the current object, None when there is none."""
        with translated(f"looking at {self.uri(key)}"):
            try:
                found = self._client.head_object(Bucket=self.name, Key=key)
            except ClientError as error:
                if code_of(error) in _GONE:
                    return None
                raise
        return found.get("VersionId", "null"), found["ContentLength"]

    def size_of_version(self, key: str, version_id: str) -> int:
        """Returns the size in bytes of one version of an object.

        Raises:
            DatasetChangedError: this version of the object is gone.
        """
        with translated(f"looking at {self.uri(key)}"):
            try:
                found = self._client.head_object(Bucket=self.name, Key=key, VersionId=version_id)
            except ClientError as error:
                if code_of(error) in _GONE:
                    raise self._changed(key, version_id) from error
                raise
        return found["ContentLength"]

    def _changed(self, key: str, version_id: str) -> DatasetChangedError:
        return DatasetChangedError(
            f"{self.uri(key)} version {version_id} was deleted while the run reads it; "
            "upload it again to start a new run."
        )

    def read(self, key: str, version_id: str | None = None) -> bytes | None:
        """Returns a whole (small) object, None when it does not exist."""
        return self._get(key, version_id, None)

    def read_required(self, key: str, earlier_step: str) -> bytes:
        """Returns a document that an earlier step writes.

        Raises:
            AwsRequestError: it is not there; the message names the step.
        """
        body = self.read(key)
        if body is None:
            raise AwsRequestError(f"{self.uri(key)} is missing; {earlier_step} writes it.")
        return body

    def read_range(self, key: str, version_id: str, offset: int, length: int) -> bytes:
        """Returns ``length`` bytes from ``offset``; fewer at the object's end, none beyond it.

        Raises:
            DatasetChangedError: this version of the object is gone.
        """
        body = self._get(key, version_id, f"bytes={offset}-{offset + length - 1}")
        if body is None:
            raise self._changed(key, version_id)
        return body

    def _get(self, key: str, version_id: str | None, byte_range: str | None) -> bytes | None:
        request: dict[str, Any] = {"Bucket": self.name, "Key": key}
        # Objects written before versioning have the literal version id "null".
        if version_id:
            request["VersionId"] = version_id
        if byte_range:
            request["Range"] = byte_range
        with translated(f"reading {self.uri(key)}"):
            try:
                return self._client.get_object(**request)["Body"].read()
            except ClientError as error:
                if code_of(error) in _GONE:
                    return None
                if code_of(error) == "InvalidRange":
                    return b""
                raise

    def read_json(self, key: str) -> Any:
        """Returns a JSON document, None when it does not exist."""
        body = self.read(key)
        return None if body is None else json.loads(body)

    def download(self, key: str, target: IO[bytes]) -> bool:
        """Streams an object into a file; returns False when it does not exist."""
        with translated(f"reading {self.uri(key)}"):
            try:
                self._client.download_fileobj(self.name, key, target)
            except ClientError as error:
                if code_of(error) in _GONE:
                    return False
                raise
        return True

    def write(self, key: str, body: bytes, content_type: str) -> None:
        """Writes a whole object; the bucket's default encryption applies."""
        with translated(f"writing {self.uri(key)}"):
            self._client.put_object(Bucket=self.name, Key=key, Body=body, ContentType=content_type)

    def write_json(self, key: str, document: str) -> None:
        """Writes a document that is JSON text already."""
        self.write(key, document.encode(), "application/json")

    def check(self, key: str, body: bytes) -> None:
        """Reads an object back.

        Raises:
            ServiceUnavailableError: it is not there, or not what was written.
        """
        if self.read(key) != body:
            raise ServiceUnavailableError(f"{self.uri(key)} does not hold what was written.")

    def delete(self, key: str) -> None:
        """Deletes one object; one that is not there is no error."""
        with translated(f"deleting {self.uri(key)}"):
            self._client.delete_object(Bucket=self.name, Key=key)

    def write_again(self, key: str, version_id: str, token: str) -> str:
        """Makes a version of an object the newest once more; returns the id of the new version.

        With the token of the newest version, that is what was asked for before.

        Raises:
            DatasetChangedError: this version of the object is gone.
            ServiceUnavailableError: with ``may_go_on`` where the copy was asked for, and S3 did not
                say what became of it.
        """
        with translated(f"looking at {self.uri(key)}"):
            if (made := self._made_for(key, token)) is not None:
                return made
        try:
            with translated(f"copying {self.uri(key)}"):
                return self._copied(key, version_id, token)
        except ServiceUnavailableError as error:
            # Not where it was never sent: the deadline refused it, or there was no connection.
            error.may_go_on = not isinstance(error.__cause__, ConnectionError | None)
            raise

    def _copied(self, key: str, version_id: str, token: str) -> str:
        try:
            answer = self._client.copy_object(
                Bucket=self.name,
                Key=key,
                CopySource={"Bucket": self.name, "Key": key, "VersionId": version_id},
                # S3 refuses a copy onto itself that changes nothing.
                MetadataDirective="REPLACE",
                Metadata={_ASKED: token},
            )
        except ClientError as error:
            if code_of(error) in _GONE:
                raise self._changed(key, version_id) from error
            raise
        return answer.get("VersionId", "null")

    def _made_for(self, key: str, token: str) -> str | None:
        """Returns the newest version's id if a request made it, None for any other."""
        try:
            newest = self._client.head_object(Bucket=self.name, Key=key)
        except ClientError as error:
            if code_of(error) in _GONE:
                return None
            raise
        return newest.get("VersionId", "null") if newest["Metadata"].get(_ASKED) == token else None

    def form_for(
        self, key: str, most_bytes: int, seconds: int, *, may_be_empty: bool = False
    ) -> PostForm:
        """Returns the form by which somebody without keys may write this one object."""
        with translated(f"signing an upload to {self.uri(key)}"):
            form = self._client.generate_presigned_post(
                self.name,
                key,
                Conditions=[["content-length-range", 0 if may_be_empty else 1, most_bytes]],
                ExpiresIn=seconds,
            )
        return PostForm(form["url"], dict(form["fields"]))

    def folders(self, prefix: str) -> tuple[str, ...]:
        """Returns the names of the folders right under a prefix, in order."""
        with translated(f"listing s3://{self.name}/{prefix}"):
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self.name, Prefix=prefix, Delimiter="/"
            )
            found = [one["Prefix"] for page in pages for one in page.get("CommonPrefixes", ())]
        return tuple(one.removeprefix(prefix).rstrip("/") for one in found)

    def upload(self, key: str, source: IO[bytes]) -> None:
        """Streams a file into an object, in parts when it is large."""
        with translated(f"writing {self.uri(key)}"):
            self._client.upload_fileobj(source, self.name, key)

    def delete_prefix(self, prefix: str, *, but: str | None = None) -> int:
        """Deletes every current object under a prefix and returns how many.

        What lies under the prefix ``but`` stays.

        Raises:
            AccessDeniedError, ServiceUnavailableError: an object could not be deleted.
        """
        keys = [
            found.key for found in self.list(prefix) if but is None or not found.key.startswith(but)
        ]
        for start in range(0, len(keys), _DELETE_BATCH):
            batch = keys[start : start + _DELETE_BATCH]
            with translated(f"deleting s3://{self.name}/{prefix}"):
                answer = self._client.delete_objects(
                    Bucket=self.name,
                    Delete={"Objects": [{"Key": key} for key in batch], "Quiet": True},
                )
            # The call itself succeeds when single keys do not.
            for refused in answer.get("Errors", []):
                reason = f"deleting {self.uri(refused.get('Key', ''))}: {refused.get('Code', '')}"
                if refused.get("Code") == "AccessDenied":
                    raise AccessDeniedError(reason)
                raise ServiceUnavailableError(reason)
        return len(keys)
