"""``routing`` of ``plan.json``: which way to train was taken, and the table behind it."""

from decimal import Decimal

from thriftline.runs.domain.costs import CostKind, CostRow
from thriftline.runs.domain.router import BreakEven, Route, Routing
from thriftline.runs.schemas.planned_price import PlanDocument, PlannedPrice


class PlannedCost(PlanDocument):
    """One row of what a way to train costs, in whole cents. Null is unpriced or not known.

    ``is_bound``: it is not estimated, and costs so much at the most.
    """

    kind: CostKind
    what: str
    units: Decimal | None
    price: PlannedPrice | None
    usd: Decimal | None
    is_bound: bool = False

    @classmethod
    def of(cls, row: CostRow) -> "PlannedCost":
        """Returns a row as it stands in the plan."""
        price = PlannedPrice.of(row.price) if row.price else None
        return cls(
            kind=row.kind,
            what=row.what,
            units=row.units,
            price=price,
            usd=row.cents_usd,
            is_bound=row.is_bound,
        )


class PlannedRoute(PlanDocument):
    """One way to train: its costs and their sum, and why it cannot be taken, if so."""

    trainer: str
    chosen: bool
    feasible: bool
    reasons: tuple[str, ...]
    costs: tuple[PlannedCost, ...]
    total_usd: Decimal | None

    @classmethod
    def of(cls, row: Route, chosen: str | None) -> "PlannedRoute":
        """Returns a way as it stands in the plan."""
        return cls(
            trainer=row.trainer,
            chosen=row.trainer == chosen,
            feasible=row.is_feasible,
            reasons=row.reasons,
            costs=tuple(PlannedCost.of(cost) for cost in row.costs),
            total_usd=row.total_usd,
        )

    @property
    def is_bound(self) -> bool:
        """Whether the sum is what it costs at the most, since a row is not estimated."""
        return any(cost.is_bound for cost in self.costs)

    def usd_of(self, kind: CostKind) -> Decimal | None:
        """Returns what its rows of a kind cost together; None where one is not known."""
        amounts = [cost.usd for cost in self.costs if cost.kind == kind]
        known = [usd for usd in amounts if usd is not None]
        return sum(known, Decimal("0.00")) if len(known) == len(amounts) else None


class PlannedBreakEven(PlanDocument):
    """From how many predictions a month on something that stands all month is the cheaper.

    ``is_sustained`` is whether one of it can answer so many; null is not known.
    """

    trainer: str
    name: str
    month_usd: Decimal
    than: str
    predictions: int
    is_sustained: bool | None

    @classmethod
    def of(cls, even: BreakEven) -> "PlannedBreakEven":
        """Returns a break-even as it stands in the plan."""
        return cls(
            trainer=even.trainer,
            name=even.standing.name,
            month_usd=even.standing.usd,
            than=even.than,
            predictions=even.predictions,
            is_sustained=even.is_sustained,
        )


class PlannedRouting(PlanDocument):
    """Which way to train was taken, and why.

    ``total_usd`` of a row is training, evaluation, a month of storage and, where run.yaml says how
    many, a month of predictions.
    """

    chosen: str | None
    reason: str
    rows: tuple[PlannedRoute, ...]
    break_evens: tuple[PlannedBreakEven, ...] = ()
    assumptions: tuple[str, ...] = ()
    advice: tuple[str, ...] = ()

    @classmethod
    def of(cls, routing: Routing) -> "PlannedRouting":
        """Returns a choice as it stands in the plan."""
        return cls(
            chosen=routing.chosen,
            reason=routing.reason,
            rows=tuple(PlannedRoute.of(row, routing.chosen) for row in routing.rows),
            break_evens=tuple(PlannedBreakEven.of(even) for even in routing.break_evens),
            assumptions=routing.assumptions,
            advice=routing.advice,
        )
