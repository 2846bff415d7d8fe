"""How much lies under prefixes, by listing objects: up to a number of pages, and never more."""

from collections.abc import Iterable, Iterator
from dataclasses import field
from datetime import datetime
from typing import Any

from thriftline.audit.aws.collectors.reading import Answer, attempt
from thriftline.audit.domain.facts import Fact, Unread
from thriftline.audit.domain.resources.storage import BucketPrefix
from thriftline.core.dataclass import dataclass

# A thousand objects to a page. A bucket of millions is told by its CloudWatch metrics; what is
# listed of it is a lower bound.
MOST_PAGES = 20
# The largest of them; a bucket with a top-level prefix for each day has thousands.
_MOST_PREFIXES = 100


@dataclass(slots=True)
class _PrefixSize:
    classes: dict[str, int] = field(default_factory=dict)
    objects: int = 0
    modified: datetime | None = None

    @property
    def size(self) -> int:
        """The bytes of all classes."""
        return sum(self.classes.values())

    def add(self, row: Answer) -> None:
        # S3 leaves the class out of some listings of Standard objects.
        name = row.get("StorageClass", "STANDARD")
        self.classes[name] = self.classes.get(name, 0) + row["Size"]
        self.objects += 1
        when = row["LastModified"]
        if self.modified is None or when > self.modified:
            self.modified = when


@dataclass(slots=True)
class _Objects:
    """The objects of a listing; ``is_whole`` once it came to its end."""

    is_whole: bool = False


def read_top_prefixes(client: Any, bucket: str) -> Fact[tuple[BucketPrefix, ...]]:
    """Returns the largest top-level prefixes of a bucket, in order of name."""
    listing = _Objects()

    def read() -> dict[str, _PrefixSize]:
        sums: dict[str, _PrefixSize] = {}
        for row in _objects(client, bucket, "", listing):
            top, slash, _ = row["Key"].partition("/")
            if slash:
                sums.setdefault(f"{top}/", _PrefixSize()).add(row)
        return sums

    sums = attempt("ListObjectsV2", read)
    if isinstance(sums, Unread):
        return sums
    largest = sorted(sums, key=lambda name: (-sums[name].size, name))[:_MOST_PREFIXES]
    return tuple(_prefix(name, sums[name], listing.is_whole, None) for name in sorted(largest))


def read_prefix(
    client: Any, bucket: str, prefix: str, written_by: str | None
) -> Fact[BucketPrefix]:
    """Returns what lies under one prefix; that nothing does is worth knowing too."""
    listing = _Objects()

    def read() -> _PrefixSize:
        total = _PrefixSize()
        for row in _objects(client, bucket, prefix, listing):
            total.add(row)
        return total

    total = attempt("ListObjectsV2", read)
    if isinstance(total, Unread):
        return total
    return _prefix(prefix, total, listing.is_whole, written_by)


def _objects(client: Any, bucket: str, prefix: str, listing: _Objects) -> Iterator[Answer]:
    pages: Iterable[Answer] = client.get_paginator("list_objects_v2").paginate(
        Bucket=bucket, Prefix=prefix
    )
    for number, page in enumerate(pages, start=1):
        yield from page.get("Contents", ())
        listing.is_whole = not page.get("IsTruncated", False)
        if number == MOST_PAGES:
            return


def _prefix(name: str, total: _PrefixSize, is_whole: bool, written_by: str | None) -> BucketPrefix:
    return BucketPrefix(
        prefix=name,
        size_bytes=total.size,
        bytes_by_class=tuple(sorted(total.classes.items())),
        objects=total.objects,
        last_modified=total.modified,
        written_by=written_by,
        is_whole=is_whole,
    )
