"""Buckets that lie in a region: sizes, versioning, lifecycle, incomplete uploads, prefixes."""

import json
from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from thriftline.audit.aws.collectors.bucket_sizes import BucketSizes, read_bucket_sizes
from thriftline.audit.aws.collectors.prefixes import read_prefix, read_top_prefixes
from thriftline.audit.aws.collectors.reading import Answer, Collected, attempt, in_threads, list_all
from thriftline.audit.aws.collectors.tags import BulkTags, read_bulk_tags
from thriftline.audit.domain.facts import Fact, ResourceKind, Unread
from thriftline.audit.domain.lifecycle import SIZE_DEFAULT
from thriftline.audit.domain.resources.storage import STORAGE_TYPES, Bucket, IncompleteUpload
from thriftline.core.aws.clients import code_of
from thriftline.core.aws.target_clients import TargetClients

_PAGE = 1000
# Stands for the size of an upload that ended while it was looked at.
_ENDED = -1
# The parts of an upload are listed one by one: those of the oldest, which the rules end first.
_MOST_UPLOADS_SIZED = 50
# A thousand versions to a page; beyond this the bytes of old versions stay unknown.
_MOST_VERSION_PAGES = 10


def collect_buckets(clients: TargetClients, now: datetime) -> Collected[Bucket]:
    """Returns the buckets of the region, in order of name."""
    client = clients.client("s3")
    kind = ResourceKind.BUCKET
    listed = list_all(
        client, "ListBuckets", "Buckets", MaxBuckets=_PAGE, BucketRegion=clients.region
    )
    # A server that does not know the filter answers for all regions.
    rows = [row for row in listed.rows if row.get("BucketRegion") in (None, clients.region)]
    if not rows:
        return Collected((), listed.gap(kind))
    sizes = read_bucket_sizes(clients, now)
    tags = read_bulk_tags(clients, "s3")
    found = in_threads(lambda row: _bucket(client, row, sizes, tags), rows)
    return Collected(tuple(sorted(found, key=lambda one: one.name)), listed.gap(kind))


def _bucket(client: Any, row: Answer, sizes: BucketSizes, tags: BulkTags) -> Bucket:
    name: str = row["Name"]
    versioning = _versioning(client, name)
    noncurrent = _noncurrent_bytes(client, name, versioning)
    rules = read_lifecycle(client, name)
    size, objects = bucket_holds(client, row, sizes, noncurrent)
    return Bucket(
        name=name,
        created=row.get("CreationDate"),
        bytes_by_storage_type=size,
        objects=objects,
        versioning=versioning,
        noncurrent_bytes=noncurrent,
        lifecycle_rules=rules if isinstance(rules, Unread) else rules[0],
        lifecycle_size_default=None if isinstance(rules, Unread) else rules[1],
        incomplete_uploads=_uploads(client, name),
        prefixes=read_top_prefixes(client, name),
        tags=tags.of(f"arn:{client.meta.partition}:s3:::{name}"),
    )


def bucket_holds(
    client: Any, row: Answer, sizes: BucketSizes, noncurrent: Fact[int | None]
) -> tuple[Fact[Mapping[str, int]], Fact[int | None]]:
    """Returns the bytes by storage type and the number of objects.

    S3 reports them to CloudWatch once a day. Until then a new bucket is listed, if it is small.
    """
    name, created = row["Name"], row.get("CreationDate")
    told = sizes.bytes_of(name, created)
    if not isinstance(told, Unread) or sizes.unread is not None or not sizes.is_new(created):
        return told, sizes.objects_of(name)
    listed = read_prefix(client, name, "", None)
    if isinstance(listed, Unread) or not listed.is_whole or isinstance(noncurrent, Unread):
        return told, sizes.objects_of(name)
    found = Counter({"StandardStorage": noncurrent or 0})
    for storage_class, size in listed.bytes_by_class:
        found[STORAGE_TYPES.get(storage_class, storage_class)] += size
    return {one: size for one, size in found.items() if size}, listed.objects


def _versioning(client: Any, bucket: str) -> Fact[str | None]:
    return attempt(
        "GetBucketVersioning", lambda: client.get_bucket_versioning(Bucket=bucket).get("Status")
    )


def read_lifecycle(client: Any, bucket: str) -> Fact[tuple[tuple[str, ...], str | None]]:
    """Returns the lifecycle rules of a bucket, JSON text each, and their default of size."""

    def read() -> tuple[tuple[str, ...], str | None]:
        try:
            answer = client.get_bucket_lifecycle_configuration(Bucket=bucket)
        except ClientError as error:
            if code_of(error) == "NoSuchLifecycleConfiguration":
                return (), None
            raise
        rules = (json.dumps(rule, default=_iso, sort_keys=True) for rule in answer.get("Rules", ()))
        return tuple(rules), answer.get(SIZE_DEFAULT)

    return attempt("GetBucketLifecycleConfiguration", read)


def _iso(value: datetime) -> str:
    return value.isoformat()


def _uploads(client: Any, bucket: str) -> Fact[tuple[IncompleteUpload, ...]]:
    listed = list_all(client, "ListMultipartUploads", "Uploads", Bucket=bucket)
    if listed.unread is not None:
        return listed.unread
    oldest = sorted(listed.rows, key=lambda row: (row["Initiated"], row["Key"], row["UploadId"]))
    uploads = []
    for index, row in enumerate(oldest):
        size = _parts_size(client, bucket, row) if index < _MOST_UPLOADS_SIZED else None
        if isinstance(size, Unread):
            return size
        if size != _ENDED:
            uploads.append(_upload(row, size))
    return tuple(uploads)


def _upload(row: Answer, size: int | None) -> IncompleteUpload:
    return IncompleteUpload(
        key=row["Key"], upload_id=row["UploadId"], initiated=row["Initiated"], size_bytes=size
    )


def _parts_size(client: Any, bucket: str, upload: Answer) -> Fact[int]:
    """Returns the bytes of an upload's parts, -1 when it has ended meanwhile."""
    parts = client.get_paginator("list_parts").paginate(
        Bucket=bucket, Key=upload["Key"], UploadId=upload["UploadId"]
    )

    def read() -> int:
        try:
            return sum(part["Size"] for page in parts for part in page.get("Parts", ()))
        except ClientError as error:
            if code_of(error) == "NoSuchUpload":
                return _ENDED
            raise

    return attempt("ListParts", read)


def _noncurrent_bytes(client: Any, bucket: str, versioning: Fact[str | None]) -> Fact[int | None]:
    """Returns the bytes of old versions; None when there are none, or too many to be listed."""
    if versioning is None or isinstance(versioning, Unread):
        return versioning

    def read() -> int | None:
        size = 0
        pages = client.get_paginator("list_object_versions").paginate(Bucket=bucket)
        for number, page in enumerate(pages, start=1):
            size += sum(one["Size"] for one in page.get("Versions", ()) if not one["IsLatest"])
            if number == _MOST_VERSION_PAGES and page.get("IsTruncated"):
                return None
        return size

    return attempt("ListObjectVersions", read)
