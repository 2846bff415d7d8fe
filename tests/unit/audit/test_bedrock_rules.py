"""Rules on what Bedrock keeps: deployments, custom models, provisioned throughput."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.unit.audit.accounts import (
    NO_BEDROCK,
    NOW,
    custom_model,
    deployment,
    inventory,
    measured,
    throughput,
)
from tests.unit.audit.rule_findings import finding_of, findings_of
from thriftline.audit.domain.audit import audit
from thriftline.audit.domain.facts import ResourceKind, UnreadResource
from thriftline.audit.domain.inventory import Inventory
from thriftline.audit.domain.parameters import AuditParameters
from thriftline.audit.domain.questions import bedrock_metric
from thriftline.audit.domain.resource_kinds import resource_costs
from thriftline.audit.domain.resources.endpoints import ModelPackage
from thriftline.money.price_catalogue import price_catalogue

_IDLE = "ml.bedrock.deployment.idle"
_OVERDUE = "ml.bedrock.throughput.overdue"
_UNITS = "ml.bedrock.throughput.idle"
_ORPHAN = "ml.bedrock.custom-model.orphaned"


def _kept(**lists: Any) -> Inventory:
    return measured(inventory(bedrock=replace(NO_BEDROCK, **lists)))


def test_a_deployment_that_nobody_asked_frees_the_storage_of_its_model() -> None:
    served = deployment()
    found = _kept(custom_models=(custom_model(),), deployments=(served,))

    finding = finding_of(found, _IDLE)

    assert finding.monthly_usd == Decimal("1.95")
    assert finding.pools == {"custom_model:tuned"}
    (call,) = finding.change.calls
    assert call.parameters == {"customModelDeploymentIdentifier": served.arn}
    told = {one.name: one.value for one in finding.evidence.signals_used}
    assert told["Made by"] == "run run-7 of project letters"


@pytest.mark.parametrize(
    "name",
    ["Invocations", "InvocationClientErrors", "InvocationServerErrors", "InvocationThrottles"],
)
def test_a_deployment_that_anybody_called_is_not_idle(name: str) -> None:
    served = deployment()
    found = inventory(bedrock=replace(NO_BEDROCK, deployments=(served,)))

    called = measured(found, {bedrock_metric(served.arn, name): [0.0] * 29 + [1.0]})

    assert findings_of(called, _IDLE) == []


def test_a_new_deployment_or_one_whose_calls_were_not_read_is_not_idle() -> None:
    assert findings_of(_kept(deployments=(deployment(created=NOW),)), _IDLE) == []
    unread = inventory(bedrock=replace(NO_BEDROCK, deployments=(deployment(),)))
    assert findings_of(unread, _IDLE) == []


def test_the_storage_of_a_model_that_is_served_elsewhere_is_not_saved() -> None:
    twice = _kept(custom_models=(custom_model(),), deployments=(deployment(), deployment("two")))

    assert {one.monthly_usd for one in findings_of(twice, _IDLE)} == {Decimal(0)}


def test_whether_units_serve_a_model_is_unknown_when_their_list_failed() -> None:
    gap = UnreadResource(
        ResourceKind.PROVISIONED_THROUGHPUT, "*", "ListProvisionedModelThroughputs", "Denied"
    )
    found = replace(
        _kept(custom_models=(custom_model(),), deployments=(deployment(),)), unread=(gap,)
    )

    assert finding_of(found, _IDLE).monthly_usd is None


def _due(when: str, **facts: Any) -> Inventory:
    bought = throughput(
        base_model="meta.llama3-1-70b-instruct-v1:0",
        tags=(("thriftline:delete-after", when),),
        created=NOW - timedelta(days=2),
        units=2,
        **facts,
    )
    return _kept(provisioned_throughputs=(bought,))


def test_a_throughput_past_its_deadline_costs_its_units_by_the_hour() -> None:
    finding = finding_of(_due((NOW - timedelta(hours=1)).isoformat()), _OVERDUE)

    assert finding.monthly_usd == Decimal(24) * 2 * 730
    assert finding.confidence.name == "HIGH"
    assert not finding.change.calls[0].is_partial
    assert findings_of(_due((NOW + timedelta(hours=1)).isoformat()), _OVERDUE) == []
    assert findings_of(_kept(provisioned_throughputs=(throughput(),)), _OVERDUE) == []


def test_a_deadline_that_is_no_instant_is_told_with_low_confidence() -> None:
    for text in ("soon", "2026-11-20", ""):
        finding = finding_of(_due(text), _OVERDUE)
        assert finding.confidence.name == "LOW"
        assert "is no instant" in finding.summary


def test_what_a_commitment_binds_is_in_no_sure_sum() -> None:
    bound = {"commitment": "OneMonth", "commitment_end": NOW + timedelta(days=9)}
    late = finding_of(_due((NOW - timedelta(days=1)).isoformat(), **bound), _OVERDUE)

    assert late.confidence.name == "LOW"
    assert late.change.calls[0].is_partial
    idle = finding_of(
        _kept(provisioned_throughputs=(throughput(base_model="meta.llama3-1-70b-instruct-v1:0"),)),
        _UNITS,
    )
    assert (idle.monthly_usd, idle.confidence.name) == (Decimal(24) * 730, "MEDIUM")


def test_units_cost_their_hours_in_the_bill_and_are_unknown_without_a_price() -> None:
    found = _due(NOW.isoformat())
    (cost,) = resource_costs(found, price_catalogue())
    assert cost.usd == Decimal(24) * 2 * 36
    (unpriced,) = resource_costs(_kept(provisioned_throughputs=(throughput(),)), price_catalogue())
    assert unpriced.usd is None


def test_a_custom_model_that_the_registry_keeps_may_be_what_a_release_goes_back_to() -> None:
    model = custom_model()
    facts: dict[str, Any] = {
        "arn": "arn:aws:sagemaker:us-west-2:1:model-package/letters/3",
        "group": "letters",
        "artifact_s3_uris": (),
        "custom_model_arns": (model.arn,),
    }
    found = _kept(custom_models=(model,))
    alone = finding_of(found, _ORPHAN)
    approved = ModelPackage(**facts, approval_status="Approved")
    kept = finding_of(replace(found, model_packages=(approved,)), _ORPHAN)
    refused = ModelPackage(**facts, approval_status="Rejected")
    rejected = finding_of(replace(found, model_packages=(refused,)), _ORPHAN)

    assert [one.confidence.name for one in (alone, kept, rejected)] == ["MEDIUM", "LOW", "MEDIUM"]
    assert {one.monthly_usd for one in (alone, kept, rejected)} == {Decimal("1.95")}
    assert "letters/3" in kept.summary
    gap = UnreadResource(ResourceKind.MODEL_PACKAGE, "*", "ListModelPackages", "Denied")
    assert finding_of(replace(found, unread=(gap,)), _ORPHAN).confidence.name == "LOW"


@pytest.mark.parametrize(
    ("kind", "rules"),
    [
        (ResourceKind.CUSTOM_MODEL, {_ORPHAN}),
        (ResourceKind.CUSTOM_MODEL_DEPLOYMENT, {_ORPHAN, _IDLE}),
        (ResourceKind.PROVISIONED_THROUGHPUT, {_ORPHAN, _UNITS, _OVERDUE}),
    ],
)
def test_a_list_that_failed_was_not_looked_at_and_is_never_none(
    kind: ResourceKind, rules: set[str]
) -> None:
    gap = UnreadResource(kind, "*", "List", "AccessDeniedException: no")
    told = audit(
        replace(measured(inventory()), unread=(gap,)), price_catalogue(), AuditParameters()
    )

    assert {one.rule for one in told.gaps if any("no" in why for why in one.reasons)} >= rules
    assert gap in told.unknown
