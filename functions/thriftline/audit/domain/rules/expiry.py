"""The rule on expiry rules of our own that have done their work, or are in somebody's way."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

from thriftline.audit.domain.facts import ResourceKind, Unread
from thriftline.audit.domain.findings import (
    ActionKind,
    Change,
    Confidence,
    Effort,
    Severity,
    Signal,
)
from thriftline.audit.domain.job_places import JobPlaces
from thriftline.audit.domain.lifecycle import GOES_ON, expiring_prefix, without_rule
from thriftline.audit.domain.references import REFERRING_KINDS, references_of
from thriftline.audit.domain.resources.storage import Bucket
from thriftline.audit.domain.rules.rule import Observation, Rule, Subject, pool

_Rules = list[dict[str, Any]]


def _spent(subject: Subject) -> Iterator[Observation]:
    since = subject.inventory.now - timedelta(days=subject.parameters.checkpoint_max_age_days)
    fresh = [job for job in subject.inventory.training_jobs if job.created > since]
    places = JobPlaces.of(replace(subject.inventory, training_jobs=tuple(fresh)))
    references = references_of(subject.inventory)
    for bucket in subject.inventory.buckets:
        if isinstance(bucket.lifecycle_rules, Unread):
            continue
        rules: _Rules = [json.loads(text) for text in bucket.lifecycle_rules]
        for prefix in filter(None, map(expiring_prefix, rules)):
            users = sorted(places.users(bucket.name, prefix))
            if users or references.hold(bucket.name, prefix):
                who = ", ".join(users) or "a model, the registry, an endpoint or a job"
                yield _taken_away(bucket, prefix, rules, f"It is used again: {who}.")
            elif _is_empty(bucket, prefix):
                yield _taken_away(bucket, prefix, rules, "Its prefix is empty.")


def _is_empty(bucket: Bucket, prefix: str) -> bool:
    """Whether a prefix is known to be empty: listed so, or in no part of the list."""
    if isinstance(bucket.prefixes, Unread):
        return False
    asked = [one for one in bucket.prefixes if one.prefix.startswith(prefix)]
    if prefix not in {one.prefix for one in asked}:
        # Not listed by itself, it is part of what the folders above it are said to hold.
        asked += [one for one in bucket.prefixes if prefix.startswith(one.prefix)]
    return all(one.objects == 0 and one.is_whole for one in asked)


def _taken_away(bucket: Bucket, prefix: str, rules: _Rules, why: str) -> Observation:
    place = f"{bucket.name}/{prefix}"
    return Observation(
        resource=place,
        summary=f"{why} The rule that Thriftline set to expire it is still there.",
        used=(Signal("Expiry rule", "set by Thriftline"), Signal("Why it may go", why)),
        confidence=Confidence.HIGH,
        monthly_usd=None,
        change=Change(
            f"Take the expiry rule away; all others stay. {GOES_ON}",
            (without_rule(bucket, rules, prefix),),
            "Set the rule again: the saved configuration has it.",
        ),
        pools=frozenset({pool(ResourceKind.BUCKET, f"{place}?expiry")}),
    )


RULES = (
    Rule(
        id="ml.s3.bucket.spent-expiry-rule",
        title="Spent expiry rule of Thriftline",
        resource_type=ResourceKind.BUCKET,
        severity=Severity.INFO,
        effort=Effort.CALL,
        rationale="An expiry rule goes on for ever: once its prefix is empty it saves nothing, "
        "and a job that writes there later loses what it wrote.",
        how="A rule whose ID Thriftline made for exactly its prefix, and either the prefix is "
        "empty, or a job created within `checkpoint_max_age_days`, a running job, a model, the "
        "registry or an endpoint names it. Rules of anybody else are never looked at.",
        evidence="The lifecycle configuration, prefixes, jobs, models, registry, endpoints.",
        change="Take that rule away; every other one stays.",
        undo="Set the rule again.",
        thresholds=("checkpoint_max_age_days",),
        needs=REFERRING_KINDS | {ResourceKind.BUCKET},
        look=_spent,
        action=ActionKind.TAKE_EXPIRY_AWAY,
    ),
)
