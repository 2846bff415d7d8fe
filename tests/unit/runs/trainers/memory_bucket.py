"""A bucket in memory: hundreds of cases then take a second."""

from collections.abc import Iterator
from typing import IO, Any, cast

from thriftline.core.aws.buckets import Bucket, StoredObject


class MemoryBucket(Bucket):
    """The artifacts bucket, without a client."""

    def __init__(self, name: str = "artifacts") -> None:
        super().__init__(cast("Any", None), name)
        self.objects: dict[str, bytes] = {}

    def list(self, prefix: str, after: str | None = None) -> Iterator[StoredObject]:
        for key in sorted(self.objects):
            if key.startswith(prefix) and key > (after or ""):
                yield StoredObject(key, len(self.objects[key]))

    def read(self, key: str, version_id: str | None = None) -> bytes | None:
        return self.objects.get(key)

    def download(self, key: str, target: IO[bytes]) -> bool:
        if key not in self.objects:
            return False
        target.write(self.objects[key])
        return True

    def write(self, key: str, body: bytes, content_type: str) -> None:
        self.objects[key] = body

    def upload(self, key: str, source: IO[bytes]) -> None:
        self.objects[key] = source.read()

    def delete(self, key: str) -> None:
        self.objects.pop(key, None)

    def delete_prefix(self, prefix: str, *, but: str | None = None) -> int:
        keys = [found.key for found in self.list(prefix)]
        gone = [key for key in keys if but is None or not key.startswith(but)]
        for key in gone:
            del self.objects[key]
        return len(gone)
