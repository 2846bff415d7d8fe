"""A price as it stands in a plan, with its origin."""

from dataclasses import asdict
from datetime import date
from decimal import Decimal

from pydantic import BaseModel, ConfigDict

from thriftline.money.prices import Price


class PlanDocument(BaseModel):
    """A part of ``plan.json``: refuses unknown keys and never changes after it was read."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class PlannedPrice(PlanDocument):
    """A price with its origin. ``is_upper_bound``: the list has none, the true one is lower.

    ``stands_in_for``: the list has none for this component; the true one may be higher by
    ``margin``, a share of it, which a worst case adds.
    """

    usd: Decimal
    unit: str
    region: str
    component: str
    source: str
    date: date
    is_upper_bound: bool = False
    stands_in_for: str | None = None
    margin: Decimal = Decimal(0)

    @classmethod
    def of(cls, price: Price) -> "PlannedPrice":
        """Returns a price as it stands in the plan."""
        return cls.model_validate(asdict(price))

    def to_domain(self) -> Price:
        """Returns the price."""
        return Price(**dict(self))
