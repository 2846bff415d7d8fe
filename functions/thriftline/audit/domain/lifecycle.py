"""Lifecycle rules of a bucket: what they already do, and ours beside them, never instead."""

import json
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any

from thriftline.audit.domain.findings import ApiCall
from thriftline.audit.domain.resources.storage import Bucket

_PREFIX = "thriftline-"
# The one member of a configuration beside its rules.
SIZE_DEFAULT = "TransitionDefaultMinimumObjectSize"
GOES_ON = (
    "The rule goes on until it is taken away: it expires what is written there later too, a day "
    "after."
)


def abort_rule(days: int) -> dict[str, Any]:
    """Returns the rule that ends incomplete uploads."""
    return {
        "ID": f"{_PREFIX}abort-incomplete-uploads",
        "Status": "Enabled",
        "Filter": {"Prefix": ""},
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": days},
    }


def noncurrent_rule(days: int) -> dict[str, Any]:
    """Returns the rule that expires old versions."""
    return {
        "ID": f"{_PREFIX}expire-noncurrent-versions",
        "Status": "Enabled",
        "Filter": {"Prefix": ""},
        "NoncurrentVersionExpiration": {"NoncurrentDays": days},
    }


def expiration_rule(prefix: str, days: int = 1) -> dict[str, Any]:
    """Returns the rule that expires everything under one prefix."""
    return {
        "ID": _named("expire", prefix),
        "Status": "Enabled",
        "Filter": {"Prefix": prefix},
        "Expiration": {"Days": days},
    }


def transition_rule(prefix: str, storage_class: str, days: int) -> dict[str, Any]:
    """Returns the rule that moves objects of 128 KiB and more; smaller ones would cost more."""
    smallest = {"Prefix": prefix, "ObjectSizeGreaterThan": 128 * 1024}
    return {
        "ID": _named("tier", prefix),
        "Status": "Enabled",
        "Filter": {"And": smallest},
        "Transitions": [{"Days": days, "StorageClass": storage_class}],
    }


def _named(what: str, prefix: str) -> str:
    # An ID has 255 characters at most; the end of a prefix tells more than its beginning, and the
    # digest tells prefixes with the same end apart.
    digest = sha256(prefix.encode()).hexdigest()[:8]
    return f"{_PREFIX}{what}-{prefix.strip('/')[-200:]}-{digest}"


def merged(existing: Sequence[str], ours: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Returns all rules of the bucket (JSON texts) with ours added, or renewed by their ID."""
    return merge_rules([json.loads(text) for text in existing], ours)


def merge_rules(
    existing: Sequence[Mapping[str, Any]], ours: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Returns existing rules with ours added, or renewed, by their ID.

    Ours have a Filter, and S3 takes no such rule beside one with the old top-level Prefix: such
    a Prefix becomes the Filter that says the same.
    """
    if not ours:
        return [dict(rule) for rule in existing]
    ids = {rule["ID"] for rule in ours}
    kept = [with_filter(rule) for rule in existing if rule.get("ID") not in ids]
    return [*kept, *(dict(rule) for rule in ours)]


def with_filter(rule: Mapping[str, Any]) -> dict[str, Any]:
    """Returns a rule with the Filter that says what its top-level Prefix says."""
    if "Filter" in rule or "Prefix" not in rule:
        return dict(rule)
    own = {"Prefix": rule["Prefix"]}
    return dict(("Filter", own) if name == "Prefix" else (name, rule[name]) for name in rule)


def put_rules(
    bucket: Bucket, existing: Sequence[str], ours: Sequence[Mapping[str, Any]]
) -> ApiCall:
    """Returns the call that sets the merged rules; S3 replaces the whole configuration."""
    return _put(bucket, merged(existing, ours))


def _put(bucket: Bucket, rules: Sequence[Mapping[str, Any]]) -> ApiCall:
    configuration = {"Bucket": bucket.name, "LifecycleConfiguration": {"Rules": list(rules)}}
    if bucket.lifecycle_size_default is not None:
        configuration[SIZE_DEFAULT] = bucket.lifecycle_size_default
    return ApiCall("s3", "PutBucketLifecycleConfiguration", configuration)


def expiring_prefix(rule: Mapping[str, Any]) -> str | None:
    """Returns the prefix that a rule of ours expires, None for any other rule."""
    prefix = rule.get("Filter", {}).get("Prefix")
    if not prefix or "Expiration" not in rule:
        return None
    return str(prefix) if rule.get("ID") == expiration_rule(prefix)["ID"] else None


def without_rule(bucket: Bucket, rules: Sequence[Mapping[str, Any]], prefix: str) -> ApiCall:
    """Returns the call that takes our expiry rule of a prefix away, and leaves all others."""
    name = expiration_rule(prefix)["ID"]
    kept = [dict(rule) for rule in rules if rule.get("ID") != name]
    if not kept:
        return ApiCall("s3", "DeleteBucketLifecycle", {"Bucket": bucket.name})
    return _put(bucket, kept)


def has(existing: Sequence[str], member: str) -> bool:
    """Whether an enabled rule of the bucket has a member such as AbortIncompleteMultipartUpload."""
    rules = [json.loads(text) for text in existing]
    return any(member in rule and rule.get("Status") == "Enabled" for rule in rules)


def has_everywhere(existing: Sequence[str], member: str) -> bool:
    """Whether an enabled rule with a member holds for the whole bucket, not for a part of it."""
    rules = (json.loads(text) for text in existing)
    return any(
        member in rule and rule.get("Status") == "Enabled" and _is_for_all(rule) for rule in rules
    )


def _is_for_all(rule: Mapping[str, Any]) -> bool:
    chosen = rule.get("Filter") or {}
    return not rule.get("Prefix") and not any(value for value in chosen.values())
