"""Each rule on a case of its own: that it speaks, what it counts, and when it is silent."""

import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import botocore.session
import pytest
from botocore.validate import ParamValidator
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.audit.accounts import (
    MIDNIGHT,
    NOW,
    bucket,
    component,
    days_ago,
    endpoint,
    inventory,
    measured,
    series,
    through_today,
    throughput,
    training_job,
    variant,
)
from tests.unit.audit.wasteful_account import SONNET, wasteful_account
from thriftline.audit.domain.audit import audit
from thriftline.audit.domain.facts import ResourceKind, Unread, UnreadResource
from thriftline.audit.domain.findings import ApiCall, Confidence, Finding
from thriftline.audit.domain.inventory import Inventory
from thriftline.audit.domain.metrics import HOUR, MetricKey
from thriftline.audit.domain.parameters import AuditParameters
from thriftline.audit.domain.questions import (
    CACHE_READ_TOKENS,
    GPU,
    GPU_MEMORY,
    bedrock_metric,
    utilisation_metric,
)
from thriftline.audit.domain.references import References
from thriftline.audit.domain.resources.bedrock import BedrockModelUse
from thriftline.audit.domain.resources.endpoints import ModelPackage, ScalableTarget
from thriftline.audit.domain.resources.spend import CostLine
from thriftline.audit.domain.resources.storage import BucketPrefix
from thriftline.audit.domain.rules.registry import RULES
from thriftline.audit.domain.rules.training import failure_group
from thriftline.audit.domain.use_signals import INVOCATIONS, variant_metric
from thriftline.money.price_catalogue import price_catalogue

_BUSY = [500.0] * 30


def _found(found: Inventory, rule: str, **parameters: Any) -> list[Finding]:
    told = audit(found, price_catalogue(), AuditParameters(**parameters), {rule})
    return list(told.findings)


def _one(found: Inventory, rule: str, **parameters: Any) -> Finding:
    (finding,) = _found(found, rule, **parameters)
    return finding


def _calls() -> list[ApiCall]:
    told = audit(wasteful_account(), price_catalogue(), AuditParameters())
    return [call for finding in told.findings for call in finding.change.calls]


def test_in_a_wasteful_account_every_rule_speaks() -> None:
    told = audit(wasteful_account(), price_catalogue(), AuditParameters())
    assert {finding.rule for finding in told.findings} == {rule.id for rule in RULES}
    assert told.gaps == ()
    for finding in told.findings:
        assert finding.summary
        assert finding.evidence.signals_used
        assert finding.change.calls
        assert finding.change.undo
        assert finding.monthly_usd is None or finding.monthly_usd >= 0


def test_in_an_empty_account_no_rule_speaks() -> None:
    told = audit(inventory(), price_catalogue(), AuditParameters())
    assert told.findings == ()


@pytest.mark.parametrize("call", _calls(), ids=lambda call: call.operation)
def test_every_change_is_a_call_that_botocore_takes(call: ApiCall) -> None:
    model = botocore.session.get_session().get_service_model(call.service)
    shape = model.operation_model(call.operation).input_shape
    assert shape is not None
    report = ParamValidator().validate(dict(call.parameters), shape)
    # A partial call lacks what only its user knows, and nothing else is wrong with it.
    lacks = "Missing required parameter"
    wrong = report.generate_report().splitlines()
    assert [line for line in wrong if not (call.is_partial and line.startswith(lacks))] == []


@pytest.mark.parametrize("call", _calls(), ids=lambda call: call.operation)
def test_every_change_is_one_line_of_the_cli(call: ApiCall) -> None:
    line = call.cli("us-west-2")
    assert line.isprintable()
    if call.is_partial:
        # Nothing that could be run: it is not whole.
        assert line.startswith("# for your next `aws ")
        assert json.loads(line.partition("`: ")[2]) == call.parameters
        return
    words = shlex.split(line)
    assert words[0] == "aws"
    assert words[3:5] == ["--region", "us-west-2"]


def test_the_cli_has_its_own_names_for_services_and_options() -> None:
    call = ApiCall("s3", "AbortMultipartUpload", {"Bucket": "b", "Key": "a b", "UploadId": "u"})
    assert call.cli("us-east-1") == (
        "aws s3api abort-multipart-upload --region us-east-1 --bucket b --key 'a b' --upload-id u"
    )
    arn = ApiCall("bedrock", "TagResource", {"resourceARN": "arn", "tags": []})
    assert arn.cli("us-east-1").startswith(
        "aws bedrock tag-resource --region us-east-1 --resource-arn arn"
    )


# Endpoints.


def _used(name: str = "chat", **facts: Any) -> Inventory:
    return _with_use(inventory(endpoints=(endpoint(name, **facts),)))


def _with_use(
    found: Inventory, told: Mapping[MetricKey, Sequence[float | None]] | None = None
) -> Inventory:
    busy: dict[MetricKey, Sequence[float | None]] = {
        variant_metric(one.name, part.name, INVOCATIONS): _BUSY
        for one in found.endpoints
        for part in one.variants
    }
    hours: dict[MetricKey, Sequence[float | None]] = {
        variant_metric(one.name, part.name, INVOCATIONS, period_seconds=HOUR): [20.0] * 168
        for one in found.endpoints
        for part in one.variants
    }
    return measured(found, busy | hours | dict(told or {}))


def test_gpu_use_is_divided_by_the_gpus_of_the_instance() -> None:
    big = endpoint(variants=(variant(instance_type="ml.g5.12xlarge"),))
    rule = "ml.sagemaker.endpoint.gpu-under-used"

    def told(percent: float) -> list[Finding]:
        busy = {
            utilisation_metric("chat", "AllTraffic", GPU, "Average"): [percent] * 30,
            utilisation_metric("chat", "AllTraffic", GPU_MEMORY, "Maximum"): [percent] * 30,
        }
        return _found(_with_use(inventory(endpoints=(big,)), busy), rule)

    # Of 400: 76 is 19 % of each of four, 84 is 21 %.
    (finding,) = told(76)
    assert finding.evidence.signals_used[0].value == "19.0 %"
    assert told(84) == []


def test_gpu_use_that_was_not_measured_is_not_zero() -> None:
    found = _used()
    dark = {
        key: Unread("GetMetricData", "AccessDenied") if key.name == GPU else value
        for key, value in found.metrics.items()
    }
    rule = "ml.sagemaker.endpoint.gpu-under-used"
    assert _found(found, rule)
    assert _found(replace(found, metrics=dark), rule) == []


def test_a_variant_with_a_policy_or_unread_scaling_is_not_called_unscaled() -> None:
    rule = "ml.sagemaker.endpoint.no-scaling"
    target = ScalableTarget(
        resource_id="endpoint/chat/variant/AllTraffic",
        dimension="sagemaker:variant:DesiredInstanceCount",
        minimum=1,
        maximum=3,
        policies=("{}",),
    )
    assert _found(_used(), rule)
    assert _found(_used(scaling=(replace(target, policies=()),)), rule)
    assert _found(_used(scaling=(target,)), rule) == []
    assert _found(_used(scaling=Unread("DescribeScalableTargets", "AccessDenied")), rule) == []


def test_hours_without_a_request_are_counted_only_if_most_hours_were_measured() -> None:
    rule = "ml.sagemaker.endpoint.scale-to-zero"
    key = variant_metric("chat", "AllTraffic", INVOCATIONS, period_seconds=HOUR)
    found = inventory(endpoints=(endpoint(),))
    nights: Sequence[float | None] = ([0.0] * 18 + [9.0] * 6) * 7
    (finding,) = _found(_with_use(found, {key: nights}), rule)
    assert finding.monthly_usd == Decimal("1.515") * 730 * Decimal("0.75")
    # Sums of a day that are stamped at midnight are no evidence of silent hours.
    stamped: Sequence[float | None] = ([500.0] + [None] * 23) * 7
    assert _found(_with_use(found, {key: stamped}), rule) == []


# Training.


def test_failures_differ_by_kind_and_not_by_number() -> None:
    assert failure_group("AlgorithmError: step 17 at s3://a/b") == failure_group(
        "AlgorithmError: step 9 at s3://c/d\nTraceback"
    )
    assert failure_group("ClientError: x") != failure_group("AlgorithmError: x")
    assert failure_group(None) == ""


def test_a_few_failures_among_many_jobs_are_no_finding() -> None:
    rule = "ml.sagemaker.training.failure-rate"
    good = [training_job(f"good-{index}") for index in range(8)]
    bad = [training_job(f"bad-{index}", status="Failed") for index in range(3)]
    assert _found(inventory(training_jobs=(*good, *bad[:2])), rule) == []
    finding = _one(inventory(training_jobs=(*good, *bad)), rule)
    # Two hours each at 1.515, in 30 days of a month of 730 hours.
    assert finding.monthly_usd == Decimal("1.515") * 6 * 730 / 720


def test_waste_on_an_unpriced_type_is_unknown_not_zero() -> None:
    jobs = [training_job(f"b{index}", status="Failed") for index in range(4)]
    odd = training_job("odd", status="Failed", instance_type="ml.p5.48xlarge")
    found = inventory(training_jobs=(*jobs, odd), region="eu-west-1")
    assert _one(found, "ml.sagemaker.training.failure-rate").monthly_usd is None


def test_what_spot_saves_is_measured_here_or_unknown() -> None:
    rule = "ml.sagemaker.training.no-spot"
    job = training_job(checkpoint_s3_uri="s3://models/ckpt/")
    assert _one(inventory(training_jobs=(job,)), rule).monthly_usd is None
    spot = training_job("spot", managed_spot=True, billable_seconds=1800)
    found = inventory(training_jobs=(job, spot))
    assert _one(found, rule).monthly_usd == Decimal("1.515") * 2 * Decimal("0.75") * 730 / 720


@pytest.mark.parametrize(
    ("facts", "told"),
    [
        ({"started": NOW - timedelta(hours=23)}, False),
        ({"started": NOW - timedelta(hours=25)}, True),
        ({"started": NOW - timedelta(hours=5), "max_runtime_seconds": 14_400}, True),
        ({"started": None, "created": NOW - timedelta(hours=3)}, True),
        (
            {
                "started": None,
                "created": NOW - timedelta(hours=3),
                "managed_spot": True,
                "max_wait_seconds": 144_000 + 86_400,
            },
            False,
        ),
    ],
)
def test_a_job_is_stuck_by_its_age_its_limit_and_its_patience(
    facts: dict[str, Any], told: bool
) -> None:
    running = {"status": "InProgress", "ended": None, "max_runtime_seconds": 144_000}
    job = training_job(**(running | facts))
    found = _found(inventory(training_jobs=(job,)), "ml.sagemaker.training.stuck")
    assert bool(found) == told


# Bedrock.


def test_units_that_were_never_called_have_no_metric_and_are_found() -> None:
    bought = throughput(commitment="OneMonth", commitment_end=days_ago(-12))
    found = measured(
        inventory(bedrock=replace(inventory().bedrock, provisioned_throughputs=(bought,)))
    )
    dark = dict.fromkeys(found.metrics, through_today(series([None] * 30), None))
    finding = _one(replace(found, metrics=dark), "ml.bedrock.throughput.idle")
    assert "until 2026-12-03" in finding.summary
    denied = dict.fromkeys(found.metrics, Unread("GetMetricData", "AccessDenied"))
    assert _found(replace(found, metrics=denied), "ml.bedrock.throughput.idle") == []


def test_a_custom_model_is_an_orphan_only_if_all_that_serves_was_read() -> None:
    rule = "ml.bedrock.custom-model.orphaned"
    found = wasteful_account()
    assert _one(found, rule).monthly_usd == Decimal("1.95")
    gap = UnreadResource(
        ResourceKind.CUSTOM_MODEL_DEPLOYMENT, "*", "ListCustomModelDeployments", "AccessDenied"
    )
    told = audit(replace(found, unread=(gap,)), price_catalogue(), AuditParameters(), {rule})
    assert told.findings == ()
    (missing,) = told.gaps
    assert not missing.evaluated
    assert "AccessDenied" in missing.reasons[0]


def test_a_model_that_caches_already_is_no_candidate() -> None:
    rule = "ml.bedrock.tokens.prompt-caching"
    bedrock = replace(inventory().bedrock, models=(BedrockModelUse(model_id=SONNET),))
    found = inventory(bedrock=bedrock)
    use: dict[MetricKey, Sequence[float | None]] = {
        bedrock_metric(SONNET, "Invocations"): [10.0] * 30,
        bedrock_metric(SONNET, "InputTokenCount"): [90_000.0] * 30,
    }
    assert _found(measured(found, use), rule)
    cached = use | {bedrock_metric(SONNET, CACHE_READ_TOKENS): [5.0] * 30}
    assert _found(measured(found, cached), rule) == []


# Storage.


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
    orphans = _found(found, "ml.s3.artifacts.orphaned-checkpoints")
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
    return [one for rule in rules for one in _found(found, rule)]


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
        assert _found(found, rule)
        assert _found(replace(found, unread=(gap,)), rule) == []


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
        assert _found(_with_endpoint(inference_components=(dull,)), rule)
        assert _found(_with_endpoint(inference_components=(loading,)), rule) == []


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
    finding = _one(found, "ml.s3.bucket.noncurrent-versions")
    rules = finding.change.calls[0].parameters["LifecycleConfiguration"]["Rules"]
    assert rules[0] == theirs
    assert rules[1]["NoncurrentVersionExpiration"] == {"NoncurrentDays": 30}


def test_a_disabled_rule_is_no_rule() -> None:
    off = {"ID": "x", "Status": "Disabled", "NoncurrentVersionExpiration": {"NoncurrentDays": 1}}
    found = inventory(buckets=(bucket(versioning="Enabled", lifecycle_rules=(json.dumps(off),)),))
    assert _found(found, "ml.s3.bucket.noncurrent-versions")


# The bill.


def _days(usd: list[int]) -> tuple[CostLine, ...]:
    first = MIDNIGHT.date() - timedelta(days=len(usd))
    return tuple(
        CostLine(
            service="Amazon SageMaker",
            usage_type=None,
            start=first + timedelta(days=index),
            end=first + timedelta(days=index + 1),
            usd=Decimal(value),
            is_estimated=False,
        )
        for index, value in enumerate(usd)
    )


def test_a_spike_is_thirty_percent_more_than_the_week_before() -> None:
    rule = "ml.spend.spike"
    assert _found(inventory(costs=_days([100] * 7 + [129] * 7)), rule) == []
    finding = _one(inventory(costs=_days([100] * 7 + [130] * 7)), rule)
    assert "910.00 USD in seven days after 700.00 USD" in finding.summary
    assert _found(inventory(costs=_days([1] * 7 + [2] * 7)), rule) == []
    assert _found(inventory(costs=_days([130] * 13)), rule) == []


def test_the_steady_floor_has_neither_idle_endpoints_nor_dear_days_in_it() -> None:
    rule = "ml.spend.savings-plan"
    both = inventory(endpoints=(endpoint("used"), endpoint("idle")))
    silent: dict[MetricKey, Sequence[float | None]] = {
        variant_metric("idle", "AllTraffic", INVOCATIONS): [0.0] * 30
    }
    found = _with_use(both, silent)
    assert "1.515 USD an hour" in _one(found, rule).summary
    cheap = replace(found, costs=_days([100] * 20 + [24] * 10))
    finding = _one(cheap, rule)
    assert "At least 1.000 USD an hour" in finding.summary
    assert finding.confidence is Confidence.MEDIUM


def test_tags_of_aws_are_not_tags_of_yours() -> None:
    rule = "ml.tags.missing"
    own = endpoint("a", tags=(("team", "x"),))
    aws = endpoint("b", tags=(("sagemaker:project", "x"), ("aws:cloudformation", "y")))
    dark = endpoint("c", tags=Unread("ListTags", "AccessDenied"))
    finding = _one(inventory(endpoints=(own, aws, dark)), rule)
    assert finding.summary == "1 without any tag of yours: b."
    assert finding.evidence.signals_missing == ("The tags of 1 more could not be read.",)
    required = _one(inventory(endpoints=(own,)), rule, required_tags=("owner",))
    assert required.summary == "1 without owner: a."
