"""The bill beside the resources, over all accounts and regions of an audit."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from thriftline.audit.domain.costs import Service
from thriftline.audit.domain.digest import Digest


@dataclass(frozen=True, slots=True)
class TotalRow:
    """One service, or one target. ``billed_usd`` is None when a part of it was not read."""

    name: str
    explained_usd: Decimal
    billed_usd: Decimal | None
    unpriced: tuple[str, ...]

    @property
    def residual_usd(self) -> Decimal | None:
        """What was billed and no resource explains; negative when they explain more."""
        return None if self.billed_usd is None else self.billed_usd - self.explained_usd


@dataclass(frozen=True, slots=True)
class TotalReconciliation:
    """``without_bill`` are the targets whose bill was not read; with one, no total is known."""

    services: tuple[TotalRow, ...]
    targets: tuple[TotalRow, ...]
    without_bill: tuple[str, ...]
    assumptions: tuple[str, ...]

    @property
    def explained_usd(self) -> Decimal:
        """What all resources with a price cost together."""
        return sum((row.explained_usd for row in self.services), Decimal(0))

    @property
    def billed_usd(self) -> Decimal | None:
        """What all was billed together, None when a part was not read."""
        return _sum([row.billed_usd for row in self.targets]) if self.targets else None

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
            *(TotalRow(name, Decimal(0), None, ()) for name in missing),
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


def _service(
    service: Service, digests: Sequence[Digest], without: Sequence[str]
) -> TotalRow | None:
    rows = [row for digest in digests if (row := digest.reconciliation.row(service)) is not None]
    if not rows:
        return None
    billed = None if without else _sum([row.billed_usd for row in rows])
    return TotalRow(
        service,
        sum((row.explained_usd for row in rows), Decimal(0)),
        billed,
        tuple(text for row in rows for text in row.unpriced),
    )


def _target(digest: Digest) -> TotalRow:
    told = digest.reconciliation
    # Without a row nothing was billed, which is known once the bill was read.
    billed = _sum([row.billed_usd for row in told.rows]) if digest.has_bill else None
    unpriced = tuple(text for row in told.rows for text in row.unpriced)
    return TotalRow(_name(digest), told.explained_usd, billed, unpriced)


def _sum(parts: Sequence[Decimal | None]) -> Decimal | None:
    known = [part for part in parts if part is not None]
    return sum(known, Decimal(0)) if len(known) == len(parts) else None
