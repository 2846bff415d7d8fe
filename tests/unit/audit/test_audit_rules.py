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

from tests.unit.audit.accounts import (
    MIDNIGHT,
    NOW,
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
from tests.unit.audit.rule_findings import finding_of, findings_of
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
from thriftline.audit.domain.resources.bedrock import BedrockModelUse
from thriftline.audit.domain.resources.endpoints import ScalableTarget
from thriftline.audit.domain.resources.spend import CostLine
from thriftline.audit.domain.rules.registry import RULES
from thriftline.audit.domain.rules.training import failure_group
from thriftline.audit.domain.use_signals import INVOCATIONS, variant_metric
from thriftline.money.price_catalogue import price_catalogue
from thriftline.money.prices import PriceList, UnitRates
from thriftline.money.savings_plans import rate_name
from thriftline.money.tiers import TieredRate

_BUSY = [500.0] * 30


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
        return findings_of(_with_use(inventory(endpoints=(big,)), busy), rule)

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
    assert findings_of(found, rule)
    assert findings_of(replace(found, metrics=dark), rule) == []


def test_a_variant_with_a_policy_or_unread_scaling_is_not_called_unscaled() -> None:
    rule = "ml.sagemaker.endpoint.no-scaling"
    target = ScalableTarget(
        resource_id="endpoint/chat/variant/AllTraffic",
        dimension="sagemaker:variant:DesiredInstanceCount",
        minimum=1,
        maximum=3,
        policies=("{}",),
    )
    assert findings_of(_used(), rule)
    assert findings_of(_used(scaling=(replace(target, policies=()),)), rule)
    assert findings_of(_used(scaling=(target,)), rule) == []
    assert findings_of(_used(scaling=Unread("DescribeScalableTargets", "AccessDenied")), rule) == []


def test_hours_without_a_request_are_counted_only_if_most_hours_were_measured() -> None:
    rule = "ml.sagemaker.endpoint.scale-to-zero"
    key = variant_metric("chat", "AllTraffic", INVOCATIONS, period_seconds=HOUR)
    found = inventory(endpoints=(endpoint(),))
    nights: Sequence[float | None] = ([0.0] * 18 + [9.0] * 6) * 7
    (finding,) = findings_of(_with_use(found, {key: nights}), rule)
    assert finding.monthly_usd == Decimal("1.515") * 730 * Decimal("0.75")
    # Sums of a day that are stamped at midnight are no evidence of silent hours.
    stamped: Sequence[float | None] = ([500.0] + [None] * 23) * 7
    assert findings_of(_with_use(found, {key: stamped}), rule) == []


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
    assert findings_of(inventory(training_jobs=(*good, *bad[:2])), rule) == []
    finding = finding_of(inventory(training_jobs=(*good, *bad)), rule)
    # Two hours each at 1.515, in 30 days of a month of 730 hours.
    assert finding.monthly_usd == Decimal("1.515") * 6 * 730 / 720


def test_waste_on_an_unpriced_type_is_unknown_not_zero() -> None:
    jobs = [training_job(f"b{index}", status="Failed") for index in range(4)]
    odd = training_job("odd", status="Failed", instance_type="ml.p5.48xlarge")
    found = inventory(training_jobs=(*jobs, odd), region="eu-west-1")
    assert finding_of(found, "ml.sagemaker.training.failure-rate").monthly_usd is None


def test_what_spot_saves_is_measured_here_or_unknown() -> None:
    rule = "ml.sagemaker.training.no-spot"
    job = training_job(checkpoint_s3_uri="s3://models/ckpt/")
    assert finding_of(inventory(training_jobs=(job,)), rule).monthly_usd is None
    spot = training_job("spot", managed_spot=True, billable_seconds=1800)
    found = inventory(training_jobs=(job, spot))
    assert finding_of(found, rule).monthly_usd == Decimal("1.515") * 2 * Decimal("0.75") * 730 / 720


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
    found = findings_of(inventory(training_jobs=(job,)), "ml.sagemaker.training.stuck")
    assert bool(found) == told


# Bedrock.


def test_units_that_were_never_called_have_no_metric_and_are_found() -> None:
    bought = throughput(commitment="OneMonth", commitment_end=days_ago(-12))
    found = measured(
        inventory(bedrock=replace(inventory().bedrock, provisioned_throughputs=(bought,)))
    )
    dark = dict.fromkeys(found.metrics, through_today(series([None] * 30), None))
    finding = finding_of(replace(found, metrics=dark), "ml.bedrock.throughput.idle")
    assert "until 2026-12-03" in finding.summary
    denied = dict.fromkeys(found.metrics, Unread("GetMetricData", "AccessDenied"))
    assert findings_of(replace(found, metrics=denied), "ml.bedrock.throughput.idle") == []


def test_a_custom_model_is_an_orphan_only_if_all_that_serves_was_read() -> None:
    rule = "ml.bedrock.custom-model.orphaned"
    found = wasteful_account()
    assert finding_of(found, rule).monthly_usd == Decimal("1.95")
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
    assert findings_of(measured(found, use), rule)
    cached = use | {bedrock_metric(SONNET, CACHE_READ_TOKENS): [5.0] * 30}
    assert findings_of(measured(found, cached), rule) == []


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
    assert findings_of(inventory(costs=_days([100] * 7 + [129] * 7)), rule) == []
    finding = finding_of(inventory(costs=_days([100] * 7 + [130] * 7)), rule)
    assert "910.00 USD in seven days after 700.00 USD" in finding.summary
    assert findings_of(inventory(costs=_days([1] * 7 + [2] * 7)), rule) == []
    assert findings_of(inventory(costs=_days([130] * 13)), rule) == []


def test_the_steady_floor_has_neither_idle_endpoints_nor_dear_days_in_it() -> None:
    rule = "ml.spend.savings-plan"
    both = inventory(endpoints=(endpoint("used"), endpoint("idle")))
    silent: dict[MetricKey, Sequence[float | None]] = {
        variant_metric("idle", "AllTraffic", INVOCATIONS): [0.0] * 30
    }
    found = _with_use(both, silent)
    assert "1.515 USD an hour" in finding_of(found, rule).summary
    cheap = replace(found, costs=_days([100] * 20 + [24] * 10))
    finding = finding_of(cheap, rule)
    assert "At least 1.000 USD an hour" in finding.summary
    assert finding.confidence is Confidence.MEDIUM


def test_a_savings_plan_is_a_what_if_by_its_rates_and_unpriced_without_them() -> None:
    rule = "ml.spend.savings-plan"
    found = _with_use(inventory(endpoints=(endpoint("used"),)), {})
    without = finding_of(found, rule)
    assert "unpriced until" in without.evidence.signals_missing[0]
    name = rate_name("Hosting", "ml.g5.2xlarge", 1, "No Upfront")
    listed = PriceList("a list", NOW.date(), {"us-west-2": {name: TieredRate.flat(Decimal(1))}})
    prices = replace(price_catalogue(), savings_plans=UnitRates("instance-hour", (listed,)))
    (finding,) = audit(found, prices, AuditParameters(), {rule}).findings
    assert finding.monthly_usd is None
    (offer,) = [one for one in finding.evidence.signals_used if one.name.startswith("What if")]
    assert (offer.name, offer.value) == (
        "What if: 1 year, No Upfront",
        # 0.515 USD an hour and 730 hours.
        "commit to 1.000 USD an hour, save 375.95 USD a month while use goes on",
    )


def test_tags_of_aws_are_not_tags_of_yours() -> None:
    rule = "ml.tags.missing"
    own = endpoint("a", tags=(("team", "x"),))
    aws = endpoint("b", tags=(("sagemaker:project", "x"), ("aws:cloudformation", "y")))
    dark = endpoint("c", tags=Unread("ListTags", "AccessDenied"))
    finding = finding_of(inventory(endpoints=(own, aws, dark)), rule)
    assert finding.summary == "1 without any tag of yours: b."
    assert finding.evidence.signals_missing == ("The tags of 1 more could not be read.",)
    required = finding_of(inventory(endpoints=(own,)), rule, required_tags=("owner",))
    assert required.summary == "1 without owner: a."
