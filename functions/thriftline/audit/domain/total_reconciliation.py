"""The bill beside the resources, over all accounts and regions of an audit."""

from collections.abc import Sequence
from decimal import Decimal

from thriftline.audit.domain.costs import Service
from thriftline.audit.domain.digest import Digest
from thriftline.audit.domain.reconciliation import BillRow
from thriftline.core.dataclass import dataclass
from thriftline.money.sums import sum_of


@dataclass(frozen=True, slots=True)
class TotalReconciliation:
    """``without_bill`` are the targets whose bill was not read; with one, no total is known."""

    services: tuple[BillRow, ...]
    targets: tuple[BillRow, ...]
    without_bill: tuple[str, ...]
    assumptions: tuple[str, ...]

    @property
    def explained_usd(self) -> Decimal:
        """What all resources with a price cost together."""
        return sum((row.explained_usd for row in self.services), Decimal(0))

    @property
    def billed_usd(self) -> Decimal | None:
        """What all was billed together, None when a part was not read."""
        return sum_of(row.billed_usd for row in self.targets) if self.targets else None

    @property
    def residual_usd(self) -> Decimal | None:
        """What no resource explains."""
        billed = self.billed_usd
        return None if billed is None else billed - self.explained_usd


def reconcile_all(digests: Sequence[Digest], missing: Sequence[str]) -> TotalReconciliation:
    """Returns the sums; ``missing`` names the targets of which there is no result at all."""
    without = (*(_name(one) for one in digests if not one.has_bill), *missing)
    several = len(digests) > 1
    return TotalReconciliation(
        services=tuple(
            row for service in Service if (row := _service(service, digests, without)) is not None
        ),
        targets=(
            *(_target(digest) for digest in digests),
            *(BillRow(name, Decimal(0), None, ()) for name in missing),
        ),
        without_bill=without,
        assumptions=tuple(
            f"{_name(digest)}: {text}" if several else text
            for digest in digests
            for text in digest.reconciliation.assumptions
        ),
    )


def _name(digest: Digest) -> str:
    return f"{digest.account} {digest.region}"


def _service(service: Service, digests: Sequence[Digest], without: Sequence[str]) -> BillRow | None:
    rows = [row for digest in digests if (row := digest.reconciliation.row(service)) is not None]
    if not rows:
        return None
    billed = None if without else sum_of(row.billed_usd for row in rows)
    return BillRow(
        service,
        sum((row.explained_usd for row in rows), Decimal(0)),
        billed,
        tuple(text for row in rows for text in row.unpriced),
    )


def _target(digest: Digest) -> BillRow:
    told = digest.reconciliation
    # Without a row nothing was billed, which is known once the bill was read.
    billed = sum_of(row.billed_usd for row in told.rows) if digest.has_bill else None
    unpriced = tuple(text for row in told.rows for text in row.unpriced)
    return BillRow(_name(digest), told.explained_usd, billed, unpriced)
