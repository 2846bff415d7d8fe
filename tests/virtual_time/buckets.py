"""S3 in memory: versioned buckets, as far as the functions of a run call them."""

import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tests.virtual_time.refusals import refusal
from tests.virtual_time.timeline import Timeline


@dataclass(frozen=True)
class Version:
    """One version; ``body`` is None for a delete marker."""

    name: str
    body: bytes | None
    modified: datetime


class MemoryS3:
    """The methods of boto3's client, without it."""

    def __init__(self, timeline: Timeline) -> None:
        self._timeline = timeline
        self._count = 0
        self.buckets: dict[str, dict[str, list[Version]]] = {}

    def put_object(self, *, Bucket: str, Key: str, Body: Any, **_: Any) -> dict[str, Any]:
        body = Body if isinstance(Body, bytes) else Body.read()
        return {"VersionId": self._put(Bucket, Key, body).name, "ETag": _etag(body)}

    def upload_fileobj(self, Fileobj: Any, Bucket: str, Key: str) -> None:
        self._put(Bucket, Key, Fileobj.read())

    def get_object(
        self, *, Bucket: str, Key: str, VersionId: str | None = None, Range: str | None = None
    ) -> dict[str, Any]:
        found = self._found("GetObject", Bucket, Key, VersionId)
        body = found.body or b""
        if Range:
            first, _, last = Range.removeprefix("bytes=").partition("-")
            if int(first) >= len(body):
                raise refusal("GetObject", "InvalidRange", status=416)
            body = body[int(first) : int(last) + 1]
        return {
            "Body": _Stream(body),
            "VersionId": found.name,
            "ContentLength": len(body),
            "ETag": _etag(found.body or b""),
        }

    def download_fileobj(self, Bucket: str, Key: str, Fileobj: Any) -> None:
        Fileobj.write(self._found("HeadObject", Bucket, Key, None).body)

    def head_object(self, *, Bucket: str, Key: str, VersionId: str | None = None) -> dict[str, Any]:
        found = self._found("HeadObject", Bucket, Key, VersionId)
        return {"VersionId": found.name, "ContentLength": len(found.body or b"")}

    def delete_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:
        self._append(Bucket, Key, None)
        return {}

    def delete_objects(self, *, Bucket: str, Delete: Any) -> dict[str, Any]:
        for one in Delete["Objects"]:
            self._append(Bucket, one["Key"], None)
        return {}

    def list_objects_v2(
        self, *, Bucket: str, Prefix: str = "", StartAfter: str = "", Delimiter: str = ""
    ) -> dict[str, Any]:
        current = [one for one in self._current(Bucket, Prefix) if one[0] > StartAfter]
        if Delimiter:
            rest = [(key[len(Prefix) :], key, one) for key, one in current]
            folders = sorted({name.partition(Delimiter)[0] for name, _, _ in rest if "/" in name})
            current = [(key, one) for name, key, one in rest if Delimiter not in name]
            prefixes = [{"Prefix": f"{Prefix}{one}{Delimiter}"} for one in folders]
        else:
            prefixes = []
        return {"Contents": [_listed(*one) for one in current], "CommonPrefixes": prefixes}

    def list_object_versions(self, *, Bucket: str, Prefix: str = "") -> dict[str, Any]:
        found = []
        for key in sorted(self.buckets[Bucket]):
            if key.startswith(Prefix):
                versions = self.buckets[Bucket][key]
                for one in reversed(versions):
                    if one.body is not None:
                        latest = one is versions[-1]
                        found.append(
                            {**_listed(key, one), "VersionId": one.name, "IsLatest": latest}
                        )
        return {"Versions": found}

    def keys(self, bucket: str, prefix: str = "") -> list[str]:
        """The current objects, for whoever looks at the end."""
        return [key for key, _ in self._current(bucket, prefix)]

    def body(self, bucket: str, key: str) -> bytes | None:
        """What an object holds, for whoever looks at the end."""
        versions = self.buckets[bucket].get(key)
        return versions[-1].body if versions else None

    def _put(self, bucket: str, key: str, body: bytes) -> Version:
        return self._append(bucket, key, body)

    def _append(self, bucket: str, key: str, body: bytes | None) -> Version:
        self._count += 1
        version = Version(f"v{self._count:06d}", body, self._timeline.now)
        self.buckets[bucket].setdefault(key, []).append(version)
        return version

    def _found(self, operation: str, bucket: str, key: str, version: str | None) -> Version:
        versions = self.buckets[bucket].get(key, [])
        found = versions[-1] if versions else None
        if version:
            found = next((one for one in versions if one.name == version), None)
        if found is None or found.body is None:
            code = "404" if operation == "HeadObject" else "NoSuchKey"
            raise refusal(operation, code, key, 404)
        return found

    def _current(self, bucket: str, prefix: str) -> Iterator[tuple[str, Version]]:
        for key in sorted(self.buckets[bucket]):
            last = self.buckets[bucket][key][-1]
            if key.startswith(prefix) and last.body is not None:
                yield key, last


class _Stream(io.BytesIO):
    """What GetObject answers as the body."""


def _listed(key: str, version: Version) -> dict[str, Any]:
    body = version.body or b""
    return {
        "Key": key,
        "Size": len(body),
        "ETag": _etag(body),
        "LastModified": version.modified,
    }


def _etag(body: bytes) -> str:
    return f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"'
