"""The rules on buckets and artifacts: what is an orphan, and what is left alone."""

import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.audit.accounts import (
    bucket,
    component,
    days_ago,
    endpoint,
    inventory,
    training_job,
    variant,
)
from tests.unit.audit.rule_findings import finding_of, findings_of
from tests.unit.audit.wasteful_account import wasteful_account
from thriftline.audit.domain.audit import audit
from thriftline.audit.domain.facts import ResourceKind, Unread, UnreadResource
from thriftline.audit.domain.findings import Confidence, Finding
from thriftline.audit.domain.inventory import Inventory
from thriftline.audit.domain.parameters import AuditParameters
from thriftline.audit.domain.references import References
from thriftline.audit.domain.resources.endpoints import ModelPackage
from thriftline.audit.domain.resources.storage import BucketPrefix
from thriftline.money.price_catalogue import price_catalogue


def _prefix(name: str, job: str | None = None) -> BucketPrefix:
    return BucketPrefix(
        prefix=name,
        size_bytes=500 * 2**30,
        bytes_by_class=(("STANDARD", 500 * 2**30),),
        objects=100,
        last_modified=days_ago(120),
        written_by=job,
        is_whole=True,
    )


@pytest.mark.parametrize(
    ("uri", "prefix", "kept"),
    [
        ("s3://models/ckpt/a/model.tar.gz", "ckpt/a/", True),
        ("s3://models/ckpt/", "ckpt/a/", True),
        ("s3://models/ckpt/a", "ckpt/a/", True),
        ("s3://models/ckpt/ab/model.tar.gz", "ckpt/a", True),
        ("s3://models/ckpt/ab/model.tar.gz", "ckpt/a/", False),
        ("s3://other/ckpt/a/model.tar.gz", "ckpt/a/", False),
    ],
)
def test_what_the_registry_refers_to_is_never_an_orphan(uri: str, prefix: str, kept: bool) -> None:
    job = training_job(
        "a",
        status="Failed",
        created=days_ago(121),
        ended=days_ago(120),
        checkpoint_s3_uri="s3://models/ckpt/a/",
    )
    package = ModelPackage(
        arn="arn", group="g", approval_status="Rejected", artifact_s3_uris=(uri,)
    )
    found = inventory(
        training_jobs=(job,),
        model_packages=(package,),
        buckets=(bucket(prefixes=(_prefix(prefix, "a"),)),),
    )
    orphans = findings_of(found, "ml.s3.artifacts.orphaned-checkpoints")
    assert bool(orphans) is not kept
    assert all(one.monthly_usd == Decimal("0.023") * 500 for one in orphans)
    assert all(one.confidence is Confidence.HIGH for one in orphans)


def _shared(*others: Any, age: float = 60, **facts: Any) -> list[Finding]:
    """What is said of the checkpoints of an old job, beside jobs that may share them."""
    own = {"checkpoint_s3_uri": "s3://models/ckpt/run/"}
    old = training_job("old", created=days_ago(61), ended=days_ago(60), **(own | facts))
    prefix = replace(_prefix("ckpt/run/", "old"), last_modified=days_ago(age))
    found = inventory(training_jobs=(old, *others), buckets=(bucket(prefixes=(prefix,)),))
    rules = ("ml.s3.artifacts.orphaned-checkpoints", "ml.s3.artifacts.failed-jobs")
    return [one for rule in rules for one in findings_of(found, rule)]


@pytest.mark.parametrize(
    "facts",
    [
        {"checkpoint_s3_uri": "s3://models/ckpt/run"},
        {"checkpoint_s3_uri": "s3://models/ckpt/run/deeper/"},
        {"checkpoint_s3_uri": "s3://models/ckpt/"},
        {"output_s3_uri": "s3://models/ckpt/run/"},
    ],
)
def test_a_prefix_that_jobs_share_is_told_with_low_confidence(facts: dict[str, Any]) -> None:
    (finding,) = _shared(training_job("another", ended=days_ago(50), **facts))
    assert finding.confidence is Confidence.LOW
    assert "another" in [one.value for one in finding.evidence.signals_used]


def test_a_prefix_of_one_job_beside_those_of_others_is_told_with_high_confidence() -> None:
    beside = training_job(
        "beside", checkpoint_s3_uri="s3://models/ckpt/run2/", output_s3_uri="s3://models/ckpt/"
    )
    (finding,) = _shared(beside)
    assert finding.confidence is Confidence.HIGH
    assert "goes on until it is taken away" in finding.change.text
    assert "goes on until it is taken away" in finding.change.undo


@pytest.mark.parametrize(("age", "sure"), [(29, False), (31, True)])
def test_what_a_failed_job_left_is_sure_only_when_nobody_wrote_for_a_month(
    age: float, sure: bool
) -> None:
    (finding,) = _shared(
        age=age,
        status="Failed",
        checkpoint_s3_uri=None,
        output_s3_uri="s3://models/ckpt/",
    )
    assert finding.rule == "ml.s3.artifacts.failed-jobs"
    assert (finding.confidence is Confidence.HIGH) is sure


_paths = st.lists(st.sampled_from(["a", "ab", "b"]), max_size=3).map("/".join)


@given(st.lists(_paths, max_size=6), _paths, st.booleans(), st.booleans())
def test_references_are_found_as_a_search_through_all_would_find_them(
    paths: list[str], path: str, folder: bool, slash: bool
) -> None:
    uris = [f"s3://models/{one}{'/' if slash else ''}" for one in paths]
    prefix = f"{path}/" if folder else path
    place = f"s3://models/{prefix}"
    found = any(uri.startswith(place) or place.startswith(f"{uri.rstrip('/')}/") for uri in uris)
    assert References.of(uris).hold("models", prefix) == found


@pytest.mark.parametrize(
    "kind",
    [
        ResourceKind.MODEL,
        ResourceKind.MODEL_PACKAGE,
        ResourceKind.ENDPOINT,
        ResourceKind.TRAINING_JOB,
    ],
)
def test_no_orphan_is_named_while_something_that_could_refer_to_it_is_unread(
    kind: ResourceKind,
) -> None:
    found = wasteful_account()
    gap = UnreadResource(kind, "one", "Describe", "ThrottlingException")
    for rule in _ON_ARTIFACTS:
        assert findings_of(found, rule)
        assert findings_of(replace(found, unread=(gap,)), rule) == []


_ON_ARTIFACTS = (
    "ml.s3.artifacts.orphaned-checkpoints",
    "ml.s3.artifacts.failed-jobs",
    "ml.s3.bucket.storage-class",
)


def _with_endpoint(**facts: Any) -> Inventory:
    found = wasteful_account()
    return replace(found, endpoints=(*found.endpoints, endpoint("live", **facts)))


def test_what_an_inference_component_loads_by_itself_is_no_orphan() -> None:
    dull = component("part", models=())
    loading = replace(dull, artifact_s3_uris=("s3://models/",))
    for rule in _ON_ARTIFACTS:
        assert findings_of(_with_endpoint(inference_components=(dull,)), rule)
        assert findings_of(_with_endpoint(inference_components=(loading,)), rule) == []


@pytest.mark.parametrize(
    "facts",
    [
        {"variants": (variant(model="deleted"),)},
        {"shadow_variants": (variant(model="deleted"),)},
        {"variants": (variant(model=Unread("DescribeEndpointConfig", "AccessDenied")),)},
        {"inference_components": (component("part", models=("deleted",)),)},
        {"inference_components": (component("part", models=("part-model", "deleted")),)},
        {"inference_components": Unread("ListInferenceComponents", "AccessDenied")},
    ],
)
def test_while_it_is_not_known_what_an_endpoint_loads_the_rules_on_artifacts_are_not_evaluated(
    facts: dict[str, Any],
) -> None:
    told = audit(_with_endpoint(**facts), price_catalogue(), AuditParameters())
    assert not {one.rule for one in told.findings}.intersection(_ON_ARTIFACTS)
    gaps = {gap.rule: gap for gap in told.gaps}
    for rule in _ON_ARTIFACTS:
        assert not gaps[rule].evaluated
        assert "endpoint live: its" in " ".join(gaps[rule].reasons)


def test_lifecycle_rules_that_exist_are_kept_beside_ours() -> None:
    theirs = {"ID": "keep-logs", "Status": "Enabled", "Expiration": {"Days": 9}}
    found = inventory(
        buckets=(bucket(lifecycle_rules=(json.dumps(theirs),), versioning="Enabled"),)
    )
    finding = finding_of(found, "ml.s3.bucket.noncurrent-versions")
    rules = finding.change.calls[0].parameters["LifecycleConfiguration"]["Rules"]
    assert rules[0] == theirs
    assert rules[1]["NoncurrentVersionExpiration"] == {"NoncurrentDays": 30}


def test_a_disabled_rule_is_no_rule() -> None:
    off = {"ID": "x", "Status": "Disabled", "NoncurrentVersionExpiration": {"NoncurrentDays": 1}}
    found = inventory(buckets=(bucket(versioning="Enabled", lifecycle_rules=(json.dumps(off),)),))
    assert findings_of(found, "ml.s3.bucket.noncurrent-versions")
