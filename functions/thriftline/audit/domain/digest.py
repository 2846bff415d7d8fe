"""What a report keeps of one target's audit, so that many targets fit into memory."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from decimal import Decimal

from thriftline.audit.domain.audit import Audit, Gap
from thriftline.audit.domain.costs import ResourceCost
from thriftline.audit.domain.facts import ResourceKind, UnreadResource
from thriftline.audit.domain.findings import Finding
from thriftline.audit.domain.overview import Overview
from thriftline.audit.domain.reconciliation import Reconciliation, service_of
from thriftline.audit.domain.resources.spend import CostLine
from thriftline.core.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class KindCost:
    """What all resources of a kind cost in the window; ``unpriced`` of them are not in ``usd``."""

    kind: ResourceKind
    usd: Decimal
    priced: int
    unpriced: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Digest:
    """One target. ``days`` have what each service was billed on each day of the bill.

    ``estimated`` are the days that AWS has not closed; ``undated_usd`` is in no single day.
    """

    account: str
    region: str
    findings: tuple[Finding, ...]
    gaps: tuple[Gap, ...]
    unknown: tuple[UnreadResource, ...]
    overview: Overview
    reconciliation: Reconciliation
    costs: tuple[KindCost, ...]
    days: Mapping[tuple[date, str], Decimal]
    estimated: frozenset[date]
    undated_usd: Decimal

    @property
    def has_bill(self) -> bool:
        """Whether Cost Explorer was read to the end."""
        asked = ResourceKind.COST in self.overview.collected
        return asked and all(one.kind is not ResourceKind.COST for one in self.unknown)


def digest_of(audit: Audit, lines: Iterable[CostLine]) -> Digest:
    """Returns the digest of one audit, and of the bill beside it."""
    days: dict[tuple[date, str], Decimal] = defaultdict(Decimal)
    estimated: set[date] = set()
    undated = Decimal(0)
    for line in lines:
        service = service_of(line.service)
        if service is None:
            continue
        if line.end - line.start != timedelta(days=1):
            undated += line.usd
            continue
        days[line.start, service] += line.usd
        if line.is_estimated:
            estimated.add(line.start)
    return Digest(
        account=audit.account,
        region=audit.region,
        findings=audit.findings,
        gaps=audit.gaps,
        unknown=audit.unknown,
        overview=audit.overview,
        reconciliation=audit.reconciliation,
        costs=_by_kind(audit.costs),
        days=dict(days),
        estimated=frozenset(estimated),
        undated_usd=undated,
    )


def _by_kind(costs: Iterable[ResourceCost]) -> tuple[KindCost, ...]:
    known: dict[ResourceKind, list[Decimal]] = defaultdict(list)
    unpriced: dict[ResourceKind, int] = defaultdict(int)
    for cost in costs:
        if cost.usd is None:
            unpriced[cost.kind] += 1
        else:
            known[cost.kind].append(cost.usd)
    return tuple(
        KindCost(kind, sum(known[kind], Decimal(0)), len(known[kind]), unpriced[kind])
        for kind in ResourceKind
        if kind in known or kind in unpriced
    )
