"""Prices that are dated and name their source. An unknown price is None, never zero.

These are SageMaker's prices: EC2 asks less for the same hardware, so an EC2 price list must never
be read in their place.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from difflib import get_close_matches

# The Price List keeps training apart from hosting; where it names no training rate, the hosting
# rate of the same type stands in for it, and the answer says so in ``component``.
_TRAINING_COMPONENTS = ("Training", "Hosting")


@dataclass(frozen=True)
class Price:
    """What one unit costs, where, and who says so since when.

    ``is_upper_bound`` marks a price that the list does not have; the true one is lower.
    """

    usd: Decimal
    unit: str
    region: str
    component: str
    source: str
    date: date
    is_upper_bound: bool = False


@dataclass(frozen=True)
class RateTable:
    """Hourly rates of one component of the Price List: region, instance type, USD."""

    component: str
    source: str
    date: date
    usd: Mapping[str, Mapping[str, Decimal]]


@dataclass(frozen=True)
class StorageRates:
    """USD for a GB of ML storage a month, by region, and what it costs at the most elsewhere."""

    source: str
    date: date
    usd: Mapping[str, Decimal]
    upper_bound_usd: Decimal


@dataclass(frozen=True)
class PriceCatalogue:
    """All prices that Thriftline knows."""

    hourly: Mapping[str, RateTable]
    storage: StorageRates

    def training_rate(self, instance_type: str, region: str) -> Price | None:
        """Returns the on-demand rate of an hour of training, None when the list has none."""
        for component in _TRAINING_COMPONENTS:
            table = self.hourly.get(component)
            usd = table.usd.get(region, {}).get(instance_type) if table else None
            if table and usd is not None:
                return Price(usd, "instance-hour", region, component, table.source, table.date)
        return None

    def storage_rate(self, region: str) -> Price:
        """Returns the price of ML storage, an upper bound where the list has none."""
        known = self.storage.usd.get(region)
        return Price(
            usd=self.storage.upper_bound_usd if known is None else known,
            unit="GB-month",
            region=region,
            component="Training storage",
            source=self.storage.source,
            date=self.storage.date,
            is_upper_bound=known is None,
        )

    def priced_types(self, region: str) -> frozenset[str]:
        """Returns every instance type that has a rate in a region."""
        return frozenset(
            name
            for component in _TRAINING_COMPONENTS
            if component in self.hourly
            for name in self.hourly[component].usd.get(region, {})
        )

    def priced_regions(self, instance_type: str) -> tuple[str, ...]:
        """Returns the regions in which a type has a rate, in order of name."""
        regions = {region for table in self.hourly.values() for region in table.usd}
        return tuple(sorted(r for r in regions if instance_type in self.priced_types(r)))


def near_matches(name: str, names: Collection[str], limit: int = 3) -> tuple[str, ...]:
    """Returns the names most like ``name``, the best first, for "did you mean"."""
    return tuple(get_close_matches(name, sorted(names), n=limit, cutoff=0.6))
