"""Captured requests, and labels, in the artifacts bucket: read line by line, never logged."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Protocol

from thriftline.core.aws.clients import translated

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# The largest body is 6 MiB, 8 in base64; a line has two.
LONGEST_LINE = 24 * 1024**2
_CHUNK = 256 * 1024


class Stream(Protocol):
    """What is read a piece at a time."""

    def read(self, size: int, /) -> bytes:
        """Returns at most so many bytes, none at the end."""


class Captured:
    """Objects of lines under prefixes of one bucket."""

    def __init__(self, client: "S3Client", bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def folders(self, prefix: str) -> tuple[str, ...]:
        """Returns the names of the folders that lie under a prefix."""
        with translated(f"listing s3://{self._bucket}/{prefix}"):
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self._bucket, Prefix=prefix, Delimiter="/"
            )
            found = [one["Prefix"] for page in pages for one in page.get("CommonPrefixes", ())]
        return tuple(one.removeprefix(prefix).rstrip("/") for one in found)

    def keys(self, prefix: str, after: str | None = None) -> Iterator[str]:
        """Yields the keys under a prefix in their order, those after ``after`` alone."""
        with translated(f"listing s3://{self._bucket}/{prefix}"):
            # The empty text is before every key.
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self._bucket, Prefix=prefix, StartAfter=after or ""
            )
            for page in pages:
                yield from (one["Key"] for one in page.get("Contents", ()))

    def lines(self, key: str) -> Iterator[bytes | None]:
        """Yields an object's lines that are not empty, None for one that is too long to be one.

        Memory is one line's, whatever the object's size.
        """
        with translated(f"reading s3://{self._bucket}/{key}"):
            body = self._client.get_object(Bucket=self._bucket, Key=key)["Body"]
            with body as source:
                yield from lines_of(source)


def lines_of(source: Stream) -> Iterator[bytes | None]:
    """Yields the lines of a stream; see ``Captured.lines``."""
    pending = bytearray()
    skipping = False
    while chunk := source.read(_CHUNK):
        first, *more = chunk.split(b"\n")
        pending += first
        for piece in more:
            if skipping:
                yield None
            elif pending.strip():
                yield bytes(pending)
            pending, skipping = bytearray(piece), False
        if len(pending) > LONGEST_LINE:
            pending, skipping = bytearray(), True
    if skipping:
        yield None
    elif pending.strip():
        yield bytes(pending)
