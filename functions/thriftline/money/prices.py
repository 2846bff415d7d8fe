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
class UnitRates:
    """USD for a unit of something, by region and name, such as a storage class."""

    unit: str
    source: str
    date: date
    usd: Mapping[str, Mapping[str, Decimal]]

    def rate(self, name: str, region: str) -> Price | None:
        """Returns the price of one name in one region, None when the list has none."""
        usd = self.usd.get(region, {}).get(name)
        if usd is None:
            return None
        return Price(usd, self.unit, region, name, self.source, self.date)


@dataclass(frozen=True)
class TokenPrice:
    """USD for a million tokens of a model; what cannot be cached has no cache prices."""

    input_usd: Decimal
    output_usd: Decimal
    cache_read_usd: Decimal | None = None
    cache_write_usd: Decimal | None = None


@dataclass(frozen=True)
class TokenRates:
    """On-demand prices of Bedrock's models, by region and model id."""

    source: str
    date: date
    usd: Mapping[str, Mapping[str, TokenPrice]]


NOTEBOOK = "Notebook"
_NO_DATE = date.min
NO_UNIT_RATES = UnitRates("", "no list", _NO_DATE, {})
NO_TOKEN_RATES = TokenRates("no list", _NO_DATE, {})


@dataclass(frozen=True)
class PriceCatalogue:
    """All prices that Thriftline knows.

    ``objects`` are S3's storage types by their names in CloudWatch, ``monthly`` what a thing costs
    for being kept, such as a Bedrock custom model.
    """

    hourly: Mapping[str, RateTable]
    storage: StorageRates
    objects: UnitRates = NO_UNIT_RATES
    monthly: UnitRates = NO_UNIT_RATES
    tokens: TokenRates = NO_TOKEN_RATES

    def training_rate(self, instance_type: str, region: str) -> Price | None:
        """Returns the on-demand rate of an hour of training, None when the list has none."""
        for component in _TRAINING_COMPONENTS:
            price = self._hourly_rate(component, instance_type, region)
            if price is not None:
                return price
        return None

    def hosting_rate(self, instance_type: str, region: str) -> Price | None:
        """Returns the on-demand rate of an hour behind an endpoint."""
        return self._hourly_rate("Hosting", instance_type, region)

    def notebook_rate(self, instance_type: str, region: str) -> Price | None:
        """Returns the rate of an hour of a notebook or Studio app.

        Hosting's rate stands in where the list of notebooks has none; ``component`` says so.
        """
        own = self._hourly_rate(NOTEBOOK, instance_type, region)
        return own or self.hosting_rate(instance_type, region)

    def _hourly_rate(self, component: str, instance_type: str, region: str) -> Price | None:
        table = self.hourly.get(component)
        usd = table.usd.get(region, {}).get(instance_type) if table else None
        if table is None or usd is None:
            return None
        return Price(usd, "instance-hour", region, component, table.source, table.date)

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
