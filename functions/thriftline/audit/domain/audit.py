"""An audit of one inventory: costs, verdicts, findings, and what could not be evaluated."""

from collections.abc import Collection

from thriftline.audit.domain.costs import ResourceCost
from thriftline.audit.domain.facts import UnreadResource
from thriftline.audit.domain.findings import Finding
from thriftline.audit.domain.idle import Idleness, assess_endpoint
from thriftline.audit.domain.inventory import Inventory
from thriftline.audit.domain.overview import Overview, overview_of
from thriftline.audit.domain.parameters import AuditParameters
from thriftline.audit.domain.reconciliation import Reconciliation, reconcile
from thriftline.audit.domain.resource_kinds import resource_costs
from thriftline.audit.domain.rules.registry import RULES
from thriftline.audit.domain.rules.rule import Rule, Subject
from thriftline.audit.domain.savings import by_saving
from thriftline.audit.domain.unknowns import unread_facts
from thriftline.core.dataclass import dataclass
from thriftline.money.prices import PriceCatalogue


@dataclass(frozen=True, slots=True)
class Gap:
    """What a rule could not see. If it was not ``evaluated``, its silence means nothing."""

    rule: str
    evaluated: bool
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """All that one inventory tells. ``findings`` have the largest saving first."""

    account: str
    region: str
    overview: Overview
    idleness: tuple[Idleness, ...]
    costs: tuple[ResourceCost, ...]
    reconciliation: Reconciliation
    findings: tuple[Finding, ...]
    gaps: tuple[Gap, ...]
    unknown: tuple[UnreadResource, ...]


def audit(
    inventory: Inventory,
    prices: PriceCatalogue,
    parameters: AuditParameters,
    rule_ids: Collection[str] | None = None,
) -> Audit:
    """Applies the rules (all, or those that are named) to an inventory."""
    subject = _subject(inventory, prices, parameters)
    findings: list[Finding] = []
    gap_notes: list[Gap] = []
    for rule in RULES:
        if rule_ids is not None and rule.id not in rule_ids:
            continue
        gaps = _gaps(rule, inventory)
        evaluated = _can_tell(rule, inventory)
        if gaps:
            gap_notes.append(Gap(rule.id, evaluated, gaps))
        if evaluated:
            findings.extend(rule.findings(subject))
    return Audit(
        account=inventory.account,
        region=inventory.region,
        overview=overview_of(inventory, subject.idleness.values()),
        idleness=tuple(subject.idleness.values()),
        costs=subject.costs,
        reconciliation=subject.reconciliation,
        findings=tuple(sorted(findings, key=by_saving)),
        gaps=tuple(gap_notes),
        unknown=(*inventory.unread, *unread_facts(inventory)),
    )


def _subject(inventory: Inventory, prices: PriceCatalogue, parameters: AuditParameters) -> Subject:
    costs = resource_costs(inventory, prices)
    return Subject(
        inventory=inventory,
        prices=prices,
        parameters=parameters,
        idleness={
            endpoint.name: assess_endpoint(endpoint, inventory.metrics, inventory.now, parameters)
            for endpoint in inventory.endpoints
        },
        costs=costs,
        reconciliation=reconcile(inventory, costs),
    )


def _gaps(rule: Rule, inventory: Inventory) -> tuple[str, ...]:
    """Returns what of the rule's kinds is missing, as reasons."""
    never = sorted(rule.needs - inventory.collected)
    failed = inventory.unread_of(*rule.needs)
    return (
        *(f"{kind} was not collected" for kind in never),
        *(f"{one.kind} {one.resource}: {one.operation} failed with {one.error}" for one in failed),
        *rule.doubts(inventory),
    )


def _can_tell(rule: Rule, inventory: Inventory) -> bool:
    """Whether what was read is enough: a rule on single resources can do with a part of them."""
    return (
        rule.needs <= inventory.collected
        and inventory.knows_all(rule.needs_whole)
        and not rule.doubts(inventory)
    )
