"""Our own expiry rules: taken away when spent or in the way, and never a rule of anybody else."""

import json
from dataclasses import replace
from typing import Any

import pytest

from tests.unit.audit.accounts import NOW, bucket, days_ago, inventory, training_job
from thriftline.audit.domain.action_plan import plan_actions
from thriftline.audit.domain.audit import audit
from thriftline.audit.domain.facts import Unread
from thriftline.audit.domain.findings import ActionKind, Finding
from thriftline.audit.domain.inventory import Inventory
from thriftline.audit.domain.lifecycle import expiration_rule
from thriftline.audit.domain.parameters import AuditParameters, Mode
from thriftline.audit.domain.resources.storage import BucketPrefix
from thriftline.money.price_catalogue import price_catalogue

OURS = expiration_rule("ckpt/run/")
THEIRS = {**OURS, "ID": "thriftline-expire-by-hand"}
FULL = BucketPrefix(
    prefix="ckpt/run/",
    size_bytes=10**9,
    bytes_by_class=(("STANDARD", 10**9),),
    objects=4,
    last_modified=days_ago(60),
    written_by=None,
    is_whole=True,
)


def _account(*prefixes: BucketPrefix, rules: Any = (THEIRS, OURS), **facts: Any) -> Inventory:
    texts = tuple(json.dumps(rule) for rule in rules)
    return inventory(buckets=(bucket(lifecycle_rules=texts, prefixes=prefixes),), **facts)


def _found(found: Inventory) -> tuple[Finding, ...]:
    rule = {"ml.s3.bucket.spent-expiry-rule"}
    return audit(found, price_catalogue(), AuditParameters(), rule).findings


EMPTY = replace(FULL, size_bytes=0, objects=0)


@pytest.mark.parametrize("prefixes", [(), (EMPTY,), (replace(FULL, prefix="ckpt/"), EMPTY)])
def test_the_rule_of_an_empty_prefix_is_spent_and_those_of_others_stay(prefixes: Any) -> None:
    found = _account(*prefixes)
    (finding,) = _found(found)
    assert "empty" in finding.summary
    (call,) = finding.change.calls
    assert call.parameters["LifecycleConfiguration"]["Rules"] == [THEIRS]
    (action,) = plan_actions([finding], found, AuditParameters(), Mode.ACT).actions
    assert (action.action, action.executes) == (ActionKind.TAKE_EXPIRY_AWAY, True)


def test_the_last_rule_of_a_bucket_is_taken_away_with_its_configuration() -> None:
    (finding,) = _found(_account(rules=(OURS,)))
    assert [call.operation for call in finding.change.calls] == ["DeleteBucketLifecycle"]


@pytest.mark.parametrize(
    "around", [FULL, replace(FULL, prefix="ckpt/"), replace(FULL, objects=0, is_whole=False)]
)
def test_a_rule_that_has_work_to_do_stays(around: BucketPrefix) -> None:
    assert _found(_account(around)) == ()


def test_a_rule_of_which_nobody_knows_whether_it_is_spent_stays() -> None:
    dark = Unread("ListObjectsV2", "AccessDenied")
    found = _account()
    assert _found(replace(found, buckets=(replace(found.buckets[0], prefixes=dark),))) == ()


@pytest.mark.parametrize("status", ["InProgress", "Completed"])
def test_a_job_that_names_the_prefix_again_ends_the_rule(status: str) -> None:
    own = {"checkpoint_s3_uri": "s3://models/ckpt/run/", "status": status}
    new = training_job("new", created=days_ago(1), ended=NOW, **own)
    (finding,) = _found(_account(FULL, training_jobs=(new,)))
    assert "used again: new" in finding.summary
    old = training_job("old", created=days_ago(60), ended=days_ago(59), **own)
    ended = replace(old, status="Completed")
    assert _found(_account(FULL, training_jobs=(ended,))) == ()
