"""What the resources explain of the bill, service by service, and what they leave unexplained."""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from decimal import Decimal

from thriftline.audit.domain.costs import ResourceCost, Service
from thriftline.audit.domain.facts import ResourceKind
from thriftline.audit.domain.inventory import Inventory, Window
from thriftline.audit.domain.resources.spend import CostLine
from thriftline.core.dataclass import dataclass
from thriftline.money.sums import sum_of

# Words in Cost Explorer's names, in small letters: Bedrock's models are billed as "... (Amazon
# Bedrock Edition)". The fee of a Savings Plan for SageMaker is a service of its own; what the plan
# covers is billed as 0 under SageMaker.
_WORDS = (
    ("sagemaker", Service.SAGEMAKER),
    ("savings plans for aws machine learning", Service.SAGEMAKER),
    ("savings plans for machine learning", Service.SAGEMAKER),
    ("bedrock", Service.BEDROCK),
    ("simple storage service", Service.S3),
    ("cloudwatch", Service.CLOUDWATCH),
)


@dataclass(frozen=True, slots=True)
class BillRow:
    """One service, or one target. ``billed_usd`` and the residual are None where a part is unread.

    ``explained_usd`` sums what has a price; ``unpriced`` names what has none, so that a residual
    is read with it. A negative residual says that the resources explain more than was billed.
    """

    name: str
    explained_usd: Decimal
    billed_usd: Decimal | None
    unpriced: tuple[str, ...]

    @property
    def residual_usd(self) -> Decimal | None:
        """What was billed and no resource explains."""
        return None if self.billed_usd is None else self.billed_usd - self.explained_usd


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """All services that the audit knows the resources of, and what had to be assumed."""

    rows: tuple[BillRow, ...]
    assumptions: tuple[str, ...]

    @property
    def explained_usd(self) -> Decimal:
        """What all resources with a price cost together."""
        return sum((row.explained_usd for row in self.rows), Decimal(0))

    @property
    def billed_usd(self) -> Decimal | None:
        """What the services were billed together, None when Cost Explorer was not read."""
        return sum_of(row.billed_usd for row in self.rows) if self.rows else None

    @property
    def residual_usd(self) -> Decimal | None:
        """What no resource explains."""
        billed = self.billed_usd
        return None if billed is None else billed - self.explained_usd

    def row(self, service: Service) -> BillRow | None:
        """Returns one service's row."""
        return next((row for row in self.rows if row.name == service), None)


def reconcile(inventory: Inventory, costs: Sequence[ResourceCost]) -> Reconciliation:
    """Returns the bill beside the resources, over the inventory's window."""
    has_bill = inventory.knows_all([ResourceKind.COST])
    rows = []
    for service in Service:
        mine = [cost for cost in costs if cost.service is service]
        lines = [line for line in inventory.costs if service_of(line.service) is service]
        if mine or lines:
            rows.append(
                BillRow(
                    name=service,
                    explained_usd=sum((cost.usd for cost in mine if cost.usd), Decimal(0)),
                    billed_usd=billed_within(lines, inventory.window) if has_bill else None,
                    unpriced=tuple(
                        f"{cost.kind} {cost.resource}: {cost.basis}"
                        for cost in mine
                        if cost.usd is None
                    ),
                )
            )
    told = {f"{cost.resource}: {cost.assumption}" for cost in costs if cost.assumption}
    return Reconciliation(tuple(rows), tuple(sorted(told)))


def service_of(name: str) -> Service | None:
    """Returns the service that a name of Cost Explorer belongs to, None for others."""
    lower = name.casefold()
    return next((service for word, service in _WORDS if word in lower), None)


def billed_within(lines: Iterable[CostLine], window: Window) -> Decimal:
    """Returns what was billed in the window; a line that reaches beyond it counts by its days."""
    start, end = window.start.date(), window.end.date()
    return sum((line.usd * _share(line, start, end) for line in lines), Decimal(0))


def _share(line: CostLine, start: date, end: date) -> Decimal:
    days = max((line.end - line.start).days, 1)
    inside = min(line.start + timedelta(days=days), end) - max(line.start, start)
    return Decimal(max(inside.days, 0)) / days
