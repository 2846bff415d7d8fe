"""Buckets and log groups."""

from collections.abc import Mapping
from datetime import datetime

from thriftline.audit.domain.facts import Fact, Tags
from thriftline.core.dataclass import dataclass

# CloudWatch's names of the storage classes that a listing tells.
STORAGE_TYPES: Mapping[str, str] = {
    "STANDARD": "StandardStorage",
    "REDUCED_REDUNDANCY": "ReducedRedundancyStorage",
    "STANDARD_IA": "StandardIAStorage",
    "ONEZONE_IA": "OneZoneIAStorage",
    "GLACIER_IR": "GlacierInstantRetrievalStorage",
    "GLACIER": "GlacierStorage",
    "DEEP_ARCHIVE": "DeepArchiveStorage",
    "EXPRESS_ONEZONE": "ExpressOneZoneStorage",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class IncompleteUpload:
    """A multipart upload that never ended: billed, and invisible in a listing.

    ``size_bytes`` is None where its parts were not listed.
    """

    key: str
    upload_id: str
    initiated: datetime
    size_bytes: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BucketPrefix:
    """What lies under one prefix, and under no longer one of the same bucket's list.

    ``bytes_by_class`` are its bytes by the storage class that the listing names. ``written_by``
    names the training job that wrote it, or is None. ``is_whole`` is false where
    the listing was cut short: then the size is a lower bound.
    """

    prefix: str
    size_bytes: int
    bytes_by_class: tuple[tuple[str, int], ...]
    objects: int | None
    last_modified: datetime | None
    written_by: str | None
    is_whole: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """One bucket. ``bytes_by_storage_type`` has CloudWatch's names, such as StandardStorage.

    ``lifecycle_rules`` are those of GetBucketLifecycleConfiguration, JSON text each: empty when
    the bucket has none. ``lifecycle_size_default`` is their TransitionDefaultMinimumObjectSize,
    which S3 resets when new rules come without it. ``versioning`` is Enabled, Suspended or None.
    ``noncurrent_bytes`` is None where AWS does not tell (only a listing of versions does).
    """

    name: str
    created: datetime | None
    bytes_by_storage_type: Fact[Mapping[str, int]]
    objects: Fact[int | None]
    versioning: Fact[str | None]
    noncurrent_bytes: Fact[int | None]
    lifecycle_rules: Fact[tuple[str, ...]]
    incomplete_uploads: Fact[tuple[IncompleteUpload, ...]]
    prefixes: Fact[tuple[BucketPrefix, ...]]
    tags: Fact[Tags]
    lifecycle_size_default: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LogGroup:
    """A log group; ``retention_days`` is None when its events never expire."""

    name: str
    arn: str
    retention_days: int | None
    stored_bytes: int
    created: datetime | None
    tags: Fact[Tags]
