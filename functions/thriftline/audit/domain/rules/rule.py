"""What a rule is, and what it may look at."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import field, replace
from decimal import Decimal

from thriftline.audit.domain.costs import ResourceCost
from thriftline.audit.domain.facts import ResourceKind
from thriftline.audit.domain.findings import (
    ActionKind,
    Change,
    Confidence,
    Effort,
    Evidence,
    Finding,
    Severity,
    Signal,
)
from thriftline.audit.domain.idle import Idleness
from thriftline.audit.domain.inventory import Inventory, Window
from thriftline.audit.domain.ours import Ours, ours
from thriftline.audit.domain.parameters import AuditParameters
from thriftline.audit.domain.reconciliation import Reconciliation
from thriftline.core.dataclass import dataclass
from thriftline.money.prices import PriceCatalogue


@dataclass(frozen=True, slots=True)
class Subject:
    """All that a rule may look at; what others need too is worked out once."""

    inventory: Inventory
    prices: PriceCatalogue
    parameters: AuditParameters
    idleness: Mapping[str, Idleness]
    costs: tuple[ResourceCost, ...]
    reconciliation: Reconciliation


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """What a rule saw of one resource; the rule itself says the rest of the finding.

    ``severity`` and ``window`` stand in for the rule's and the inventory's. ``pools`` is where
    the saving comes from, the resource itself when empty.
    """

    resource: str
    summary: str
    used: tuple[Signal, ...]
    missing: tuple[str, ...] = ()
    confidence: Confidence
    monthly_usd: Decimal | None
    change: Change
    severity: Severity | None = None
    window: Window | None = None
    pools: frozenset[str] = field(default_factory=frozenset)
    resource_type: ResourceKind | None = None


def redeploy(known: Ours) -> str:
    """Returns how to change an endpoint that Thriftline deployed."""
    return f"Thriftline deployed it: change its serve.yaml, then `{known.command('deploy')}`."


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule.

    ``needs`` are the kinds that must have been collected, ``needs_whole`` those that
    must have been read to the last resource, because what is missing could refer to what is there.
    ``doubts`` gives further reasons why the rule cannot be evaluated on an inventory.

    ``of_ours`` adds to the change of an endpoint that Thriftline deployed: its next deployment
    would undo what is done past the history.

    ``id`` never changes: acceptances, differences between reports and pages hang on it. ``how``
    says the arithmetic and the conditions, ``thresholds`` names the parameters that move it.
    """

    id: str
    title: str
    resource_type: ResourceKind
    severity: Severity
    effort: Effort
    rationale: str
    how: str
    evidence: str
    change: str
    undo: str
    thresholds: tuple[str, ...]
    needs: frozenset[ResourceKind]
    look: Callable[[Subject], Iterable[Observation]]
    needs_whole: frozenset[ResourceKind] = frozenset()
    doubts: Callable[[Inventory], tuple[str, ...]] = lambda _: ()
    action: ActionKind | None = None
    of_ours: Callable[[Ours], str] = redeploy

    @property
    def page(self) -> str:
        """The name of the rule's page among the documents."""
        return f"{self.id}.md"

    def findings(self, subject: Subject) -> tuple[Finding, ...]:
        """Returns what the rule finds."""
        return tuple(self._finding(seen, subject) for seen in self.look(subject))

    def _finding(self, seen: Observation, subject: Subject) -> Finding:
        window = seen.window or subject.inventory.window
        kind = seen.resource_type or self.resource_type
        known = _deployed(kind, seen.resource, subject)
        change = seen.change
        if known is not None:
            text = f"{change.text} {self.of_ours(known)}".rstrip()
            change = replace(change, text=text)
        used = seen.used + (() if known is None else tuple(known.signals()))
        return Finding(
            rule=self.id,
            title=self.title,
            resource_type=kind,
            resource=seen.resource,
            account=subject.inventory.account,
            region=subject.inventory.region,
            summary=seen.summary,
            severity=self.severity if seen.severity is None else seen.severity,
            confidence=seen.confidence,
            effort=self.effort,
            evidence=Evidence(used, seen.missing, window.start, window.end),
            monthly_usd=seen.monthly_usd,
            change=change,
            action=self.action,
            pools=seen.pools or frozenset({pool(kind, seen.resource)}),
        )


def _deployed(kind: ResourceKind, resource: str, subject: Subject) -> Ours | None:
    """Returns what is known of an endpoint that Thriftline deployed, None of all else."""
    if kind is not ResourceKind.ENDPOINT:
        return None
    name = resource.partition("/")[0]
    found = (one for one in subject.inventory.endpoints if one.name == name)
    endpoint = next(found, None)
    return None if endpoint is None else ours(endpoint)


def pool(kind: ResourceKind, resource: str) -> str:
    """Names the money that a resource costs."""
    return f"{kind}:{resource}"


def worth_telling(usd: Decimal | None, parameters: AuditParameters) -> bool:
    """Whether a saving is unknown, or large enough to be reported."""
    return usd is None or usd >= parameters.min_saving_usd


def dollars(usd: Decimal | None) -> str:
    """Returns an amount for a sentence."""
    return "an unknown amount" if usd is None else f"{usd:,.2f} USD"
