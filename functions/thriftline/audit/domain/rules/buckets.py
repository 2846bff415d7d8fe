"""Rules on buckets: lifecycle, storage class, incomplete uploads, old versions."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

from thriftline.audit.domain.costs import BYTES_A_GB
from thriftline.audit.domain.facts import ResourceKind, Unread
from thriftline.audit.domain.findings import (
    ActionKind,
    ApiCall,
    Change,
    Confidence,
    Effort,
    Severity,
    Signal,
)
from thriftline.audit.domain.lifecycle import (
    abort_rule,
    has,
    has_everywhere,
    noncurrent_rule,
    put_rules,
    transition_rule,
)
from thriftline.audit.domain.references import (
    REFERRING_KINDS,
    references_of,
    unknown_references,
)
from thriftline.audit.domain.resources.storage import (
    STORAGE_TYPES,
    Bucket,
    BucketPrefix,
    IncompleteUpload,
)
from thriftline.audit.domain.rules.rule import (
    Observation,
    Rule,
    Subject,
    dollars,
    pool,
    worth_telling,
)
from thriftline.core.wording import counted

_NEEDS = frozenset({ResourceKind.BUCKET})
_ABORT = "AbortIncompleteMultipartUpload"
_EXPIRES_VERSIONS = "NoncurrentVersionExpiration"
_VERSIONED = ("Enabled", "Suspended")
_GB = Decimal(10**9)
# S3 bills smaller objects in Standard-IA as if they had this size.
_SMALLEST = 128 * 1024
_MOST_CALLS = 20


def gigabytes(size: int) -> str:
    """Returns a size in GB of 10^9 bytes, as people count them."""
    return f"{size / _GB:,.2f} GB"


def stored_usd(size: int, name: str, subject: Subject) -> Decimal | None:
    """Returns what some bytes of a storage type cost a month, None when unpriced."""
    price = subject.prices.objects.rate(name, subject.inventory.region)
    return price.usd * size / BYTES_A_GB if price else None


_TIERED = "INTELLIGENT_TIERING"
_TIERS = "IntelligentTiering"


def prefix_usd(bucket: Bucket, one: BucketPrefix, subject: Subject) -> Decimal | None:
    """Returns what a prefix costs a month, each class at its own price; None when one has none."""
    total = Decimal(0)
    for name, size in one.bytes_by_class:
        usd = stored_usd(size, _stored_as(name, bucket), subject)
        if usd is None and size:
            return None
        total += usd or Decimal(0)
    return total


def _stored_as(storage_class: str, bucket: Bucket) -> str:
    """Returns CloudWatch's name of a class.

    The listing does not say in which tier of Intelligent-Tiering an object lies. Where all such
    bytes of a bucket lie in one tier, it is that one.
    """
    sizes = bucket.bytes_by_storage_type
    if storage_class == _TIERED and not isinstance(sizes, Unread):
        tiers = [name for name, size in sizes.items() if size and name.startswith(_TIERS)]
        return tiers[0] if len(tiers) == 1 else storage_class
    return STORAGE_TYPES.get(storage_class, storage_class)


def size_of(bucket: Bucket) -> int | None:
    """Returns the bytes of all storage types, None when unread."""
    if isinstance(bucket.bytes_by_storage_type, Unread):
        return None
    return sum(bucket.bytes_by_storage_type.values())


def _no_lifecycle(subject: Subject) -> Iterator[Observation]:
    for bucket in subject.inventory.buckets:
        size = size_of(bucket)
        if bucket.lifecycle_rules != () or size is None:
            continue
        if size < subject.parameters.lifecycle_min_gb * _GB:
            continue
        days = subject.parameters.upload_max_age_days
        yield Observation(
            resource=bucket.name,
            summary=f"{gigabytes(size)} and no lifecycle rule: nothing in it ever ends.",
            used=(Signal("Lifecycle rules", "none"), Signal("BucketSizeBytes", gigabytes(size))),
            missing=("What of it may expire: its owner decides that.",),
            confidence=Confidence.HIGH,
            monthly_usd=None,
            change=Change(
                "Begin with the rule that can hurt nobody: end incomplete uploads.",
                (put_rules(bucket, (), [abort_rule(days)]),),
                "Take the rule whose ID begins with thriftline- away.",
            ),
        )


def _storage_class(subject: Subject) -> Iterator[Observation]:
    before = subject.inventory.now - timedelta(days=subject.parameters.cold_after_days)
    references = references_of(subject.inventory)
    for bucket in subject.inventory.buckets:
        if isinstance(bucket.prefixes, Unread) or isinstance(bucket.lifecycle_rules, Unread):
            continue
        cold = [one for one in bucket.prefixes if one.last_modified and one.last_modified < before]
        cold = [one for one in cold if not references.hold(bucket.name, one.prefix)]
        cold = [one for one in cold if _is_large(one) and _standard(one)]
        size = sum(_standard(one) for one in cold)
        saved = _cheaper_by(size, subject)
        if not cold or has(bucket.lifecycle_rules, "Transitions"):
            continue
        if worth_telling(saved, subject.parameters):
            yield _tier(bucket, cold, saved, subject)


def _standard(one: BucketPrefix) -> int:
    """Returns the bytes that a transition to Standard-IA would move."""
    return dict(one.bytes_by_class).get("STANDARD", 0)


def _is_large(one: BucketPrefix) -> bool:
    return one.objects is None or one.size_bytes >= _SMALLEST * one.objects


def _cheaper_by(size: int, subject: Subject) -> Decimal | None:
    now = stored_usd(size, "StandardStorage", subject)
    then = stored_usd(size, "StandardIAStorage", subject)
    return None if now is None or then is None else now - then


def _tier(
    bucket: Bucket, cold: list[BucketPrefix], saved: Decimal | None, subject: Subject
) -> Observation:
    existing = () if isinstance(bucket.lifecycle_rules, Unread) else bucket.lifecycle_rules
    size = sum(_standard(one) for one in cold)
    rules = [transition_rule(one.prefix, "STANDARD_IA", 30) for one in cold]
    return Observation(
        resource=bucket.name,
        summary=f"{gigabytes(size)} in S3 Standard under "
        f"{', '.join(one.prefix for one in cold)} were last written more than "
        f"{counted(subject.parameters.cold_after_days, 'day')} ago.",
        used=tuple(
            Signal(one.prefix, f"{gigabytes(_standard(one))}, {one.last_modified:%Y-%m-%d}")
            for one in cold
        ),
        missing=("How often it is read: every GB read back from Standard-IA costs 0.01 USD.",),
        confidence=Confidence.LOW,
        monthly_usd=saved,
        change=Change(
            "Move it to Standard-IA, which is read at once; never to Glacier what an endpoint may "
            "load again.",
            (put_rules(bucket, existing, rules),),
            "Take the rules away; CopyObject brings objects back to Standard.",
        ),
        pools=frozenset(pool(ResourceKind.BUCKET, f"{bucket.name}/{one.prefix}") for one in cold),
    )


def _uploads(subject: Subject) -> Iterator[Observation]:
    days = subject.parameters.upload_max_age_days
    before = subject.inventory.now - timedelta(days=days)
    for bucket in subject.inventory.buckets:
        if isinstance(bucket.incomplete_uploads, Unread):
            continue
        old = [one for one in bucket.incomplete_uploads if one.initiated < before]
        if old:
            yield _incomplete(bucket, old, subject)


def _incomplete(bucket: Bucket, old: list[IncompleteUpload], subject: Subject) -> Observation:
    sizes = [one.size_bytes for one in old if one.size_bytes is not None]
    size = sum(sizes) if len(sizes) == len(old) else None
    saved = None if size is None else stored_usd(size, "StandardStorage", subject)
    aborts = tuple(
        ApiCall(
            "s3",
            "AbortMultipartUpload",
            {"Bucket": bucket.name, "Key": one.key, "UploadId": one.upload_id},
        )
        for one in old[:_MOST_CALLS]
    )
    rule: tuple[ApiCall, ...] = ()
    if not isinstance(bucket.lifecycle_rules, Unread) and not has(bucket.lifecycle_rules, _ABORT):
        ours = [abort_rule(subject.parameters.upload_max_age_days)]
        rule = (put_rules(bucket, bucket.lifecycle_rules, ours),)
    return Observation(
        resource=bucket.name,
        summary=f"Uploads that never ended: {len(old)}, the oldest of "
        f"{min(one.initiated for one in old):%Y-%m-%d}; no listing shows them"
        + ("." if size is None else f"; together {gigabytes(size)}: {dollars(saved)} a month."),
        used=tuple(Signal(one.key, f"begun {one.initiated:%Y-%m-%d}") for one in old[:_MOST_CALLS]),
        missing=() if size is not None else ("The bytes of some: their parts were not listed.",),
        confidence=Confidence.HIGH,
        monthly_usd=saved,
        change=Change(
            "Abort them, and let a lifecycle rule end the next ones.",
            (*aborts, *rule),
            "None: the parts are gone, and the file must be uploaded again.",
        ),
        pools=frozenset({pool(ResourceKind.BUCKET, f"{bucket.name}?uploads")}),
    )


def _noncurrent(subject: Subject) -> Iterator[Observation]:
    for bucket in subject.inventory.buckets:
        # A suspended bucket keeps the versions that it has, and bills them.
        if bucket.versioning not in _VERSIONED or isinstance(bucket.lifecycle_rules, Unread):
            continue
        size = None if isinstance(bucket.noncurrent_bytes, Unread) else bucket.noncurrent_bytes
        if has_everywhere(bucket.lifecycle_rules, _EXPIRES_VERSIONS) or size == 0:
            continue
        if bucket.versioning == "Suspended" and size is None and not _may_hold(bucket):
            continue
        yield _old_versions(bucket, bucket.lifecycle_rules, size, subject)


def _may_hold(bucket: Bucket) -> bool:
    return size_of(bucket) != 0


def _old_versions(
    bucket: Bucket, rules: tuple[str, ...], size: int | None, subject: Subject
) -> Observation:
    days = subject.parameters.noncurrent_days
    saved = None if size is None else stored_usd(size, "StandardStorage", subject)
    in_part = has(rules, _EXPIRES_VERSIONS)
    is_suspended = bucket.versioning == "Suspended"
    what = "It keeps the old versions from before its versioning was suspended"
    what = what if is_suspended else "It keeps every old version for ever"
    where = ", but for those under the prefixes or tags of its rules" if in_part else ""
    return Observation(
        resource=bucket.name,
        summary=f"{what}{where}"
        + ("." if size is None else f": {gigabytes(size)}, {dollars(saved)} a month."),
        used=(
            Signal("Versioning", str(bucket.versioning)),
            Signal("Expiry of old versions", "in a part of the bucket" if in_part else "none"),
        ),
        missing=() if size is not None else ("How much the old versions hold.",),
        confidence=Confidence.HIGH if size is not None or not is_suspended else Confidence.MEDIUM,
        monthly_usd=saved,
        change=Change(
            f"Expire versions {counted(days, 'day')} after a newer one came.",
            (put_rules(bucket, rules, [noncurrent_rule(days)]),),
            "Take the rule away before it acts; what it expired is gone.",
        ),
        pools=frozenset({pool(ResourceKind.BUCKET, f"{bucket.name}?noncurrent")}),
    )


RULES = (
    Rule(
        id="ml.s3.bucket.no-lifecycle",
        title="Bucket without lifecycle",
        resource_type=ResourceKind.BUCKET,
        severity=Severity.LOW,
        effort=Effort.CALL,
        rationale="What nothing ends grows for ever, incomplete uploads with it.",
        how="`lifecycle_min_gb` GB or more, and GetBucketLifecycleConfiguration has no rule.",
        evidence="`BucketSizeBytes` of all storage types, the lifecycle configuration.",
        change="A rule that aborts incomplete uploads, merged with the existing rules.",
        undo="Take the rule away.",
        thresholds=("lifecycle_min_gb", "upload_max_age_days"),
        needs=_NEEDS,
        look=_no_lifecycle,
        action=ActionKind.APPLY_LIFECYCLE_RULES,
    ),
    Rule(
        id="ml.s3.bucket.storage-class",
        title="Cold data in the standard class",
        resource_type=ResourceKind.BUCKET,
        severity=Severity.LOW,
        effort=Effort.CALL,
        rationale="Data that nobody touches costs half in Standard-IA; small or short-lived "
        "objects cost more there, and a restore from Glacier breaks a rollback.",
        how="Prefixes last written more than `cold_after_days` ago, of objects of 128 KiB and more "
        "on average, which no model, package, endpoint or running job refers to; no transition "
        "rule yet. Only bytes that the listing says lie in Standard count. Saved: GB x (Standard - "
        "Standard-IA), reported from `min_saving_usd` on.",
        evidence="Bytes of each storage class and last write of each prefix. Reads are not known.",
        change="A transition to STANDARD_IA for objects above 128 KiB, merged.",
        undo="Take the rule away and copy objects back.",
        thresholds=("cold_after_days", "min_saving_usd"),
        needs=_NEEDS | REFERRING_KINDS,
        needs_whole=REFERRING_KINDS,
        doubts=unknown_references,
        look=_storage_class,
    ),
    Rule(
        id="ml.s3.bucket.incomplete-uploads",
        title="Incomplete uploads",
        resource_type=ResourceKind.BUCKET,
        severity=Severity.LOW,
        effort=Effort.CALL,
        rationale="The parts of an upload that never ended are billed, and no listing shows them.",
        how="Multipart uploads begun more than `upload_max_age_days` ago. Saved: their bytes at "
        "the standard rate, where their parts were listed.",
        evidence="ListMultipartUploads, ListParts.",
        change="AbortMultipartUpload, and a lifecycle rule for the next ones.",
        undo="None: upload again.",
        thresholds=("upload_max_age_days",),
        needs=_NEEDS,
        look=_uploads,
        action=ActionKind.ABORT_UPLOADS,
    ),
    Rule(
        id="ml.s3.bucket.noncurrent-versions",
        title="Old versions that never expire",
        resource_type=ResourceKind.BUCKET,
        severity=Severity.LOW,
        effort=Effort.CALL,
        rationale="In a versioned bucket a deleted or replaced object is still billed.",
        how="Versioning is enabled or suspended, and no enabled rule for the whole bucket has "
        "NoncurrentVersionExpiration: one for a prefix, a tag or a size leaves the rest. Dollars "
        "only where the bytes of old versions are known.",
        evidence="GetBucketVersioning, the lifecycle configuration.",
        change="A rule that expires noncurrent versions, merged.",
        undo="Take the rule away before it acts.",
        thresholds=("noncurrent_days",),
        needs=_NEEDS,
        look=_noncurrent,
        action=ActionKind.APPLY_LIFECYCLE_RULES,
    ),
)
