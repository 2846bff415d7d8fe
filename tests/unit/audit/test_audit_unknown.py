"""Unknown is told, and never acted on: each fact of an account is made unreadable in turn."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from decimal import Decimal
from typing import Any, get_args

import pytest

from tests.unit.audit.accounts import days_ago, endpoint, inventory, measured
from tests.unit.audit.wasteful_account import wasteful_account
from thriftline.audit.domain.action_plan import plan_actions
from thriftline.audit.domain.audit import audit
from thriftline.audit.domain.facts import ResourceKind, Unread, UnreadResource
from thriftline.audit.domain.findings import ActionKind
from thriftline.audit.domain.inventory import Inventory
from thriftline.audit.domain.parameters import AuditParameters, Mode
from thriftline.audit.domain.resources.spend import CostLine
from thriftline.audit.domain.unknowns import has_unread, unread_facts
from thriftline.money.price_catalogue import price_catalogue

DENIED = Unread("Anything", "AccessDeniedException: no")
_LISTS = ("endpoints", "training_jobs", "models", "notebooks", "studio_apps", "buckets")


def _facts_of(resource: Any) -> Iterator[str]:
    for field in fields(resource):
        if Unread in get_args(field.type):
            yield field.name


def _cases() -> Iterator[tuple[str, str]]:
    found = wasteful_account()
    for name in (*_LISTS, "log_groups"):
        first = getattr(found, name)[0]
        assert is_dataclass(first)
        for fact in _facts_of(first):
            yield name, fact


def _blinded(found: Inventory, name: str, fact: str) -> Inventory:
    resources = tuple(replace(one, **{fact: DENIED}) for one in getattr(found, name))
    facts: dict[str, Any] = {name: resources}
    return replace(found, **facts)


@pytest.mark.parametrize(("name", "fact"), tuple(_cases()))
def test_a_fact_that_cannot_be_read_is_told_and_leads_to_no_termination(
    name: str, fact: str
) -> None:
    found = _blinded(wasteful_account(), name, fact)
    told = audit(found, price_catalogue(), AuditParameters())
    assert any(one.operation == "Anything" for one in told.unknown)
    plan = plan_actions(told.findings, found, AuditParameters(), Mode.ACT)
    blinded = {one.name for one in getattr(found, name)}
    acted = {one.resource.split("/")[0] for one in plan.actions}
    if fact == "tags":
        assert not acted & blinded
    if name == "endpoints":
        assert not [one for one in plan.actions if one.action is ActionKind.TERMINATE_ENDPOINT]


@pytest.mark.parametrize("kind", ResourceKind)
def test_a_kind_that_cannot_be_listed_is_told_and_its_absence_proves_nothing(
    kind: ResourceKind,
) -> None:
    gap = UnreadResource(kind, "*", "List", "ThrottlingException: slow down")
    found = replace(wasteful_account(), unread=(gap,))
    told = audit(found, price_catalogue(), AuditParameters())
    assert gap in told.unknown
    seeing = {
        finding.id
        for finding in audit(wasteful_account(), price_catalogue(), AuditParameters()).findings
    }
    assert {finding.id for finding in told.findings} <= seeing


@pytest.mark.parametrize("kind", ResourceKind)
def test_a_kind_that_was_not_collected_silences_its_rules_with_a_reason(
    kind: ResourceKind,
) -> None:
    found = replace(wasteful_account(), collected=frozenset(ResourceKind) - {kind})
    told = audit(found, price_catalogue(), AuditParameters())
    silent = {gap.rule for gap in told.gaps if not gap.evaluated}
    assert not {finding.rule for finding in told.findings} & silent


def test_a_bill_that_cannot_be_read_leaves_the_residual_unknown() -> None:
    gap = UnreadResource(ResourceKind.COST, "*", "GetCostAndUsage", "AccessDenied")
    told = audit(replace(wasteful_account(), unread=(gap,)), price_catalogue(), AuditParameters())
    assert told.reconciliation.explained_usd > 0
    assert told.reconciliation.billed_usd is None
    assert told.reconciliation.residual_usd is None


def test_a_resource_is_told_once_though_all_its_metrics_failed() -> None:
    found = measured(inventory(endpoints=(endpoint(),)))
    denied = dict.fromkeys(found.metrics, DENIED)
    (one,) = unread_facts(replace(found, metrics=denied))
    assert (one.kind, one.resource) == (ResourceKind.METRIC, "chat/AllTraffic")


def test_an_unread_fact_is_seen_at_any_depth() -> None:
    one = endpoint()
    assert not has_unread(one)
    hidden = replace(one.variants[0], model=DENIED)
    assert has_unread(replace(one, variants=(hidden,)))


def test_a_bill_of_bedrock_that_nothing_explains_names_the_use_that_cloudwatch_forgot() -> None:
    line = CostLine(
        service="Amazon Bedrock",
        usage_type=None,
        start=days_ago(20).date(),
        end=days_ago(19).date(),
        usd=Decimal(90),
        is_estimated=False,
    )
    (finding,) = [
        one
        for one in audit(inventory(costs=(line,)), price_catalogue(), AuditParameters()).findings
        if one.rule == "ml.spend.residual"
    ]
    assert any("lists a metric for two weeks" in text for text in finding.evidence.signals_missing)
