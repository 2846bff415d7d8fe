"""Loads the buckets and log groups of an account file; objects have a size and no content."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from moto.logs.models import LogGroup, logs_backends
from moto.s3.models import FakeBucket, FakeKey, FakeMultipart, s3_backends
from moto.s3.utils import CaseInsensitiveDict

from local_aws.accounts import file
from local_aws.http.own_calls import AwsError
from local_aws.http.shape_constraints import input_shape, violations
from local_aws.services.s3_lifecycle import S3Lifecycle

# A bucket of millions would fill the memory: its objects are fewer here, and larger.
MAX_OBJECTS = 5_000
# What CloudWatch's names of storage types begin with, overheads too.
_CLASSES = (
    ("StandardIA", "STANDARD_IA"),
    ("OneZoneIA", "ONEZONE_IA"),
    ("IntelligentTiering", "INTELLIGENT_TIERING"),
    ("GlacierInstantRetrieval", "GLACIER_IR"),
    ("GlacierIR", "GLACIER_IR"),
    ("Glacier", "GLACIER"),
    ("DeepArchive", "DEEP_ARCHIVE"),
    ("ReducedRedundancy", "REDUCED_REDUNDANCY"),
)


class DeclaredObject(FakeKey):  # type: ignore[misc]
    """An object of a declared size; nobody can read it."""

    def __init__(self, name: str, size: int, modified: datetime, bucket: FakeBucket, **more: Any):
        super().__init__(
            name, b"", bucket.account_id, bucket.region_name, bucket_name=bucket.name, **more
        )
        self._value_buffer = None
        self.contentsize = size
        self.last_modified = modified.astimezone(UTC).replace(tzinfo=None)

    @property
    def value(self) -> bytes:
        """Refuse to make up what an account file does not hold."""
        raise NotImplementedError(f"{self.name} is out of an account file and has no content")

    @value.setter
    def value(self, _: bytes) -> None:
        """Keep nothing."""

    def __deepcopy__(self, _: Any) -> "DeclaredObject":
        # moto copies every object, with its content, to list versions.
        clone = object.__new__(type(self))
        clone.__dict__.update(self.__dict__)
        return clone

    def dispose(self, garbage: bool = False) -> None:
        """Do nothing: there is nothing to close."""


class LoadedLogGroup(LogGroup):  # type: ignore[misc]
    """A log group that holds bytes without lines."""

    loaded_bytes = 0

    def to_describe_dict(self) -> dict[str, Any]:
        """Return the answer of DescribeLogGroups."""
        described: dict[str, Any] = super().to_describe_dict()
        return described | {"storedBytes": described["storedBytes"] + self.loaded_bytes}


def load_storage(account: file.AccountFile, lifecycle: S3Lifecycle) -> None:
    """Make the buckets with their objects and uploads, and the log groups."""
    for bucket in account.buckets:
        _load_bucket(account, bucket, lifecycle)
    backend = logs_backends[account.account_id][account.region]
    for each in account.log_groups:
        group = LoadedLogGroup(account.account_id, account.region, each.name)
        group.loaded_bytes = each.bytes
        group.retention_in_days = each.retention_days
        backend.groups[each.name] = group


def _load_bucket(account: file.AccountFile, bucket: file.Bucket, lifecycle: S3Lifecycle) -> None:
    place = f"account {account.account_id}: the bucket {bucket.name}"
    owner = s3_backends.bucket_accounts.get(bucket.name)
    if owner is not None:
        raise file.AccountFileError(
            f"{place} belongs to account {owner[1]} already; names of buckets are unique in the "
            "world"
        )
    made = FakeBucket(bucket.name, account.account_id, account.region)
    s3_backends[account.account_id]["aws"].buckets[bucket.name] = made
    made.creation_date = _oldest(account, bucket)
    if bucket.versioning:
        made.versioning_status = "Enabled" if bucket.versioning is True else bucket.versioning
    if bucket.lifecycle_rules:
        _load_lifecycle(place, bucket, made, lifecycle)
    for key in _objects(account, bucket, made):
        made.keys[key.name] = key
    for upload in bucket.incomplete_uploads:
        _load_upload(upload, made)


def _load_lifecycle(
    place: str, bucket: file.Bucket, made: FakeBucket, lifecycle: S3Lifecycle
) -> None:
    shape = input_shape("s3", "PutBucketLifecycleConfiguration")
    rule_shape = shape.members["LifecycleConfiguration"].members["Rules"].member
    for index, rule in enumerate(bucket.lifecycle_rules):
        unknown = sorted(set(rule) - set(rule_shape.members))
        broken = [f"{name} is no field of a rule" for name in unknown]
        broken += violations(rule_shape, rule)
        if broken:
            raise file.AccountFileError(
                f"{place}: lifecycle_rules[{index}]: {'; '.join(broken)} "
                "(write rules as PutBucketLifecycleConfiguration takes them)"
            )
    try:
        lifecycle.set(made, bucket.lifecycle_rules)
    except AwsError as error:
        raise file.AccountFileError(f"{place}: lifecycle_rules: {error}") from error


def _oldest(account: file.AccountFile, bucket: file.Bucket) -> datetime:
    times = [each.last_modified for each in bucket.prefixes]
    times += [each.initiated for each in bucket.incomplete_uploads]
    return min(times, default=account.now)


def _objects(
    account: file.AccountFile, bucket: file.Bucket, made: FakeBucket
) -> Iterator[DeclaredObject]:
    """Share out the bucket's number of objects between its prefixes, by their bytes."""
    told = sum(each.bytes for each in bucket.prefixes)
    rest = max(0, sum(bucket.bytes.values()) - told)
    shares = [
        (each.prefix, each.bytes, each.last_modified, each.storage_class)
        for each in bucket.prefixes
    ]
    if rest and bucket.objects > len(shares):
        shares.append(("", rest, account.now, None))
    whole = sum(size for _, size, _, _ in shares)
    count = min(max(bucket.objects, len(shares)), MAX_OBJECTS)
    left = _bytes_by_class(bucket)
    version = "null" if bucket.versioning else None
    for prefix, size, modified, named in shares:
        storage = named or _class_with_most(left)
        left[storage] -= size
        number = max(1, round(count * size / whole)) if whole else 1
        for index, part in enumerate(_parts(size, number)):
            name = f"{prefix}part-{index:06d}"
            yield DeclaredObject(
                name,
                part,
                modified,
                made,
                storage=storage,
                etag=f"{index:032x}",
                version_id=version,
            )


def _parts(size: int, number: int) -> Iterator[int]:
    """Cut `size` into parts as equal as whole bytes allow."""
    part, more = divmod(size, number)
    for index in range(number):
        yield part + (index < more)


def _bytes_by_class(bucket: file.Bucket) -> Counter[str]:
    """Return the bucket's bytes by the class that a listing names."""
    sizes: Counter[str] = Counter()
    for kind, size in bucket.bytes.items():
        name = next((name for start, name in _CLASSES if kind.startswith(start)), "STANDARD")
        sizes[name] += size
    return sizes


def _class_with_most(left: Counter[str]) -> str:
    """Return the class of most bytes that no prefix has yet: a file need not name one."""
    return max(left, key=lambda each: left[each], default="STANDARD")


def _load_upload(upload: file.IncompleteUpload, made: FakeBucket) -> None:
    multipart = FakeMultipart(
        upload.key, CaseInsensitiveDict(), made.account_id, made.region_name, storage="STANDARD"
    )
    multipart.initiated = upload.initiated
    part = DeclaredObject("1", upload.bytes, upload.initiated, made, etag="0" * 32)
    part.name = 1
    multipart.parts[1] = part
    multipart.partlist.append(1)
    made.multiparts[multipart.id] = multipart
