"""Dollars and verdicts by what a resource is: classes of storage, versions, apps, profiles."""

import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from tests.unit.audit.accounts import (
    NO_BEDROCK,
    NOW,
    bucket,
    days_ago,
    endpoint,
    inventory,
    measured,
    throughput,
    training_job,
    variant,
)
from thriftline.audit.aws.collectors.bucket_sizes import BucketSizes
from thriftline.audit.aws.collectors.buckets import bucket_holds
from thriftline.audit.aws.collectors.training_jobs import training_job as read_training_job
from thriftline.audit.domain.audit import audit
from thriftline.audit.domain.costs import training_cost, training_costs
from thriftline.audit.domain.facts import Unread
from thriftline.audit.domain.findings import Confidence, Finding
from thriftline.audit.domain.inventory import Inventory
from thriftline.audit.domain.parameters import AuditParameters
from thriftline.audit.domain.questions import bedrock_metric
from thriftline.audit.domain.resources.bedrock import BedrockModelUse
from thriftline.audit.domain.resources.notebooks import StudioApp
from thriftline.audit.domain.resources.storage import BucketPrefix
from thriftline.audit.domain.use_signals import INVOCATIONS, variant_metric
from thriftline.money.price_catalogue import price_catalogue


def _found(found: Inventory, rule: str) -> list[Finding]:
    return list(audit(found, price_catalogue(), AuditParameters(), {rule}).findings)


def _one(found: Inventory, rule: str) -> Finding:
    (finding,) = _found(found, rule)
    return finding


def _stored(classes: dict[str, int], types: dict[str, int], **facts: Any) -> Inventory:
    prefix = BucketPrefix(
        prefix="old-checkpoints/",
        size_bytes=sum(classes.values()),
        bytes_by_class=tuple(sorted(classes.items())),
        objects=100,
        last_modified=days_ago(120),
        written_by=None,
        is_whole=True,
    )
    return inventory(
        region="us-east-1",
        buckets=(bucket(bytes_by_storage_type=types, prefixes=(prefix,), **facts),),
    )


_TB = 2**40


@pytest.mark.parametrize(
    ("storage_class", "storage_type", "usd"),
    [
        ("STANDARD", "StandardStorage", "23.55"),
        ("GLACIER_IR", "GlacierInstantRetrievalStorage", "4.10"),
        ("DEEP_ARCHIVE", "DeepArchiveStorage", "1.01"),
        ("INTELLIGENT_TIERING", "IntelligentTieringIAStorage", "12.80"),
        ("INTELLIGENT_TIERING", "IntelligentTieringAIAStorage", None),
        ("EXPRESS_ONEZONE", "ExpressOneZoneStorage", "112.64"),
    ],
)
def test_an_orphan_costs_what_its_storage_class_costs(
    storage_class: str, storage_type: str, usd: str | None
) -> None:
    found = _stored({storage_class: _TB}, {storage_type: _TB})
    orphan = _one(found, "ml.s3.artifacts.orphaned-checkpoints")
    expected = None if usd is None else Decimal(usd)
    assert (orphan.monthly_usd and round(orphan.monthly_usd, 2)) == expected
    cold = _found(found, "ml.s3.bucket.storage-class")
    assert bool(cold) is (storage_class == "STANDARD")


def test_of_a_mixed_prefix_only_the_standard_bytes_can_move() -> None:
    found = _stored(
        {"STANDARD": _TB, "DEEP_ARCHIVE": 9 * _TB},
        {"StandardStorage": _TB, "DeepArchiveStorage": 9 * _TB},
    )
    cold = _one(found, "ml.s3.bucket.storage-class")
    assert cold.monthly_usd == Decimal(1024) * (Decimal("0.023") - Decimal("0.0125"))


_EXPIRE = {"NoncurrentVersionExpiration": {"NoncurrentDays": 3}, "Status": "Enabled"}


@pytest.mark.parametrize(
    ("versioning", "rule", "told"),
    [
        ("Enabled", None, True),
        ("Suspended", None, True),
        (None, None, False),
        ("Enabled", {**_EXPIRE, "Filter": {"Prefix": ""}}, False),
        ("Suspended", {**_EXPIRE, "Filter": {}}, False),
        ("Enabled", {**_EXPIRE, "Prefix": ""}, False),
        ("Enabled", {**_EXPIRE, "Filter": {"Prefix": "logs/"}}, True),
        ("Enabled", {**_EXPIRE, "Prefix": "logs/"}, True),
        ("Enabled", {**_EXPIRE, "Filter": {"Tag": {"Key": "a", "Value": "b"}}}, True),
        ("Enabled", {**_EXPIRE, "Filter": {"ObjectSizeGreaterThan": 9}}, True),
        ("Enabled", {**_EXPIRE, "Filter": {"Prefix": ""}, "Status": "Disabled"}, True),
    ],
)
def test_old_versions_are_found_unless_a_rule_for_the_whole_bucket_expires_them(
    versioning: str | None, rule: dict[str, Any] | None, told: bool
) -> None:
    found = inventory(
        buckets=(
            bucket(
                versioning=versioning,
                noncurrent_bytes=10**12,
                lifecycle_rules=() if rule is None else (json.dumps(rule),),
            ),
        )
    )
    assert bool(_found(found, "ml.s3.bucket.noncurrent-versions")) is told


def _app(**facts: Any) -> StudioApp:
    dull: dict[str, Any] = {
        "domain_id": "d-1",
        "owner": "team",
        "owner_is_space": True,
        "app_type": "JupyterLab",
        "name": "default",
        "arn": "arn:app",
        "status": "InService",
        "instance_type": "ml.g5.12xlarge",
        "created": days_ago(40),
        "last_user_activity": days_ago(2),
        "last_health_check": days_ago(0),
        "idle_timeout_minutes": None,
        "tags": (),
    }
    return StudioApp(**(dull | facts))


@pytest.mark.parametrize(
    ("facts", "confidence"),
    [
        ({}, Confidence.MEDIUM),
        ({"last_user_activity": days_ago(0.3)}, None),
        # Studio's health check wrote both times: nobody knows when a person worked last.
        ({"last_user_activity": days_ago(0)}, Confidence.LOW),
        ({"last_user_activity": None}, Confidence.LOW),
        ({"last_user_activity": days_ago(0), "created": days_ago(1)}, None),
    ],
)
def test_a_health_check_is_no_user_of_a_studio_app(
    facts: dict[str, Any], confidence: Confidence | None
) -> None:
    found = _found(inventory(studio_apps=(_app(**facts),)), "ml.sagemaker.studio-app.idle")
    assert [one.confidence for one in found] == ([] if confidence is None else [confidence])
    for one in found:
        # The hosting rate stands in where the list has no notebook rate, and the finding says so.
        assert one.monthly_usd == Decimal("7.09") * 730
        assert any("hosting price" in missing for missing in one.evidence.signals_missing)


def test_a_failed_endpoint_costs_what_it_still_runs() -> None:
    facts: dict[str, Any] = {"status": "Failed", "last_modified": days_ago(30)}
    alive = endpoint(**facts, variants=(variant(instance_type="ml.g5.2xlarge"),))
    calls = variant_metric("chat", "AllTraffic", INVOCATIONS)
    found = measured(inventory(endpoints=(alive,)), {calls: [50.0] * 30})
    one = _one(found, "ml.sagemaker.endpoint.failed")
    assert one.monthly_usd == Decimal("1.515") * 730
    assert one.confidence is Confidence.LOW
    assert "1 instance still runs" in one.summary
    assert "350 requests" in one.summary
    dead = endpoint(**facts, variants=(variant(instance_count=0),))
    gone = _one(measured(inventory(endpoints=(dead,))), "ml.sagemaker.endpoint.failed")
    assert (gone.monthly_usd, gone.confidence) == (Decimal(0), Confidence.HIGH)


def test_tokens_through_bedrock_mantle_are_reported_and_have_no_price() -> None:
    model_id = "bedrock-mantle/default/openai.gpt-oss-120b"
    found = inventory(
        bedrock=replace(NO_BEDROCK, models=(BedrockModelUse(model_id=model_id),)),
    )
    told = {
        bedrock_metric(model_id, "Inferences"): [4000.0] * 30,
        bedrock_metric(model_id, "InputTokens"): [2e6] * 30,
        bedrock_metric(model_id, "OutputTokens"): [1e5] * 30,
    }
    one = _one(measured(found, told), "ml.bedrock.tokens.use")
    assert "120,000 invocations, 60,000,000 tokens in, 3,000,000 out" in one.summary
    assert "an unknown amount" in one.summary
    (key, *_) = told
    assert (key.namespace, dict(key.dimensions)) == (
        "AWS/BedrockMantle",
        {"Model": "openai.gpt-oss-120b", "Project": "default"},
    )


@pytest.mark.parametrize(
    "name",
    [
        "Invocations",
        "InvocationClientErrors",
        "InvocationServerErrors",
        "InvocationThrottles",
    ],
)
def test_model_units_whose_callers_only_get_errors_are_not_idle(name: str) -> None:
    bought = throughput()
    found = inventory(bedrock=replace(NO_BEDROCK, provisioned_throughputs=(bought,)))
    rule = "ml.bedrock.throughput.idle"
    assert _found(measured(found), rule)
    assert not _found(measured(found, {bedrock_metric(bought.arn, name): [0.0] * 29 + [1.0]}), rule)


def test_a_job_on_a_training_plan_costs_nothing_more() -> None:
    region, prices = "us-east-1", price_catalogue()
    assert training_cost(training_job(), region, prices)
    assert training_cost(training_job(is_prepaid=True), region, prices) == 0
    (cost,) = training_costs(
        inventory(region=region, training_jobs=(training_job(is_prepaid=True),)), prices
    )
    assert "training plan" in cost.basis


@pytest.mark.parametrize(
    ("resources", "is_prepaid"),
    [
        ({"InstanceType": "ml.p5.48xlarge", "InstanceCount": 1}, False),
        ({"InstanceType": "ml.p5.48xlarge", "TrainingPlanArn": "arn:plan"}, True),
        (
            {
                "InstancePreferences": [
                    {"InstanceType": "ml.p5.48xlarge", "TrainingPlanArns": ["arn:plan"]},
                    {"InstanceType": "ml.g5.xlarge"},
                ],
                "SelectedInstanceType": "ml.g5.xlarge",
            },
            False,
        ),
        (
            {
                "InstancePreferences": [
                    {"InstanceType": "ml.p5.48xlarge", "TrainingPlanArns": ["arn:plan"]},
                    {"InstanceType": "ml.g5.xlarge"},
                ],
                "SelectedInstanceType": "ml.p5.48xlarge",
            },
            True,
        ),
    ],
)
def test_a_plan_counts_only_for_the_instances_that_a_job_got(
    resources: dict[str, Any], is_prepaid: bool
) -> None:
    answer = {
        "TrainingJobName": "job",
        "TrainingJobArn": "arn:job",
        "TrainingJobStatus": "Completed",
        "SecondaryStatus": "Completed",
        "CreationTime": days_ago(2),
        "LastModifiedTime": days_ago(1),
        "ResourceConfig": resources,
    }
    assert read_training_job(answer, ()).is_prepaid is is_prepaid


class _Listing:
    """Stands for S3's client: a bucket with two objects that CloudWatch does not know yet."""

    def __init__(self, *, is_cut: bool = False) -> None:
        self._pages = [
            {
                "Contents": [
                    {"Key": "a", "Size": 10, "LastModified": days_ago(0)},
                    {
                        "Key": "b",
                        "Size": 5,
                        "LastModified": days_ago(0),
                        "StorageClass": "GLACIER_IR",
                    },
                ],
                "IsTruncated": is_cut,
            }
        ]

    def get_paginator(self, _: str) -> "_Listing":
        return self

    def paginate(self, **_: Any) -> list[dict[str, Any]]:
        return self._pages


def test_a_new_bucket_is_listed_until_s3_reports_its_size() -> None:
    sizes = BucketSizes({}, {}, None, NOW)
    new = {"Name": "new", "CreationDate": days_ago(1)}
    held, objects = bucket_holds(_Listing(), new, sizes, None)
    assert held == {"StandardStorage": 10, "GlacierInstantRetrievalStorage": 5}
    assert objects == 2
    cut, _ = bucket_holds(_Listing(is_cut=True), new, sizes, None)
    assert isinstance(cut, Unread)
    old, _ = bucket_holds(_Listing(), {**new, "CreationDate": days_ago(9)}, sizes, None)
    assert old == {}
