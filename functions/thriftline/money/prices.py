"""Prices that are dated and name their source. An unknown price is None, never zero.

The rates of instances are SageMaker's: EC2 asks less for the same hardware, so an EC2 price must
never be read in their place. ``ec2`` holds EC2's own, for what is measured against EC2's market.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import date
from decimal import Decimal
from difflib import get_close_matches
from functools import cached_property
from typing import TypeAlias

from thriftline.core.dataclass import dataclass
from thriftline.money.tiers import TieredRate

TRAINING = "Training"
HOSTING = "Hosting"
PROCESSING = "Processing"
NOTEBOOK = "Notebook"
WARM_POOL = "Training warm pool"
# The Price List keeps the components apart. Where it is not known for one, the rate of the next
# stands in for it, and the answer says so.
STAND_INS: Mapping[str, tuple[str, ...]] = {
    TRAINING: (TRAINING, HOSTING),
    HOSTING: (HOSTING,),
    PROCESSING: (PROCESSING, HOSTING),
    NOTEBOOK: (NOTEBOOK, HOSTING),
}
_STORAGE_STAND_INS: Mapping[str, tuple[str, ...]] = {
    TRAINING: (TRAINING, NOTEBOOK),
    WARM_POOL: (WARM_POOL, TRAINING, NOTEBOOK),
}
# A rate of another component was up to 0.13 % lower (ml.g4dn.xlarge: 0.736 and 0.7364 USD, 0.821
# and 0.822): what promises a worst case adds this.
STAND_IN_MARGIN = Decimal("0.002")
# A list that is older may no longer be what AWS bills.
STALE_DAYS = 90


@dataclass(frozen=True)
class Price:
    """What one unit costs, where, and who says so since when.

    ``is_upper_bound`` marks a price that the list does not have; the true one is lower.
    ``stands_in_for`` is the component that was asked for where the rate is that of another; the
    true one may be higher by ``margin``, a share of it.
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

    @property
    def most_usd(self) -> Decimal:
        """What a unit costs at the most: what a worst case must count with."""
        return self.usd * (1 + self.margin)


@dataclass(frozen=True)
class PriceList:
    """Rates of one source and one day: region, name, USD a unit."""

    source: str
    date: date
    rates: Mapping[str, Mapping[str, TieredRate]]

    @property
    def regions(self) -> Collection[str]:
        """Where it has a price of something."""
        return self.rates.keys()


@dataclass(frozen=True)
class UnitRates:
    """USD for a unit of something, by region and name, such as an instance type.

    Each list keeps its source and date; the newest that knows a name is right about it.
    """

    unit: str
    lists: tuple[PriceList, ...] = ()
    component: str = ""

    def rate(self, name: str, region: str) -> Price | None:
        """Returns the price of one name in one region, None when no list has one.

        A price in tiers is that of the most expensive tier; ``cost_usd`` reckons with all.
        """
        found = self._found(name, region)
        if found is None:
            return None
        tiered, of = found
        return Price(
            tiered.highest_usd, self.unit, region, self.component or name, of.source, of.date
        )

    def cost_usd(self, name: str, region: str, quantity: Decimal) -> Decimal | None:
        """Returns what a quantity costs, tier by tier; None when no list has a price."""
        found = self._found(name, region)
        return None if found is None else found[0].cost_usd(quantity)

    @cached_property
    def usd(self) -> Mapping[str, Mapping[str, Decimal]]:
        """Every price, by region and name."""
        found: dict[str, dict[str, Decimal]] = {}
        for one in sorted(self.lists, key=lambda one: one.date):
            for region, rates in one.rates.items():
                known = found.setdefault(region, {})
                known |= {name: rate.highest_usd for name, rate in rates.items()}
        return found

    def _found(self, name: str, region: str) -> tuple[TieredRate, PriceList] | None:
        having = [
            (one.rates[region][name], one)
            for one in self.lists
            if name in one.rates.get(region, {})
        ]
        return max(having, key=lambda pair: pair[1].date) if having else None


@dataclass(frozen=True)
class TokenPrice:
    """USD for a million tokens of a model; what cannot be cached has no cache prices."""

    input_usd: Decimal
    output_usd: Decimal
    cache_read_usd: Decimal | None = None
    cache_write_usd: Decimal | None = None


@dataclass(frozen=True)
class TokenList:
    """On-demand prices of one source and one day, by region and model id."""

    source: str
    date: date
    usd: Mapping[str, Mapping[str, TokenPrice]]

    @property
    def regions(self) -> Collection[str]:
        """Where it has a price of something."""
        return self.usd.keys()


@dataclass(frozen=True)
class TokenRates:
    """On-demand prices of Bedrock's models, by region and model id."""

    lists: tuple[TokenList, ...] = ()

    @cached_property
    def usd(self) -> Mapping[str, Mapping[str, TokenPrice]]:
        """Every price; the newest list that knows a model is right about it."""
        found: dict[str, dict[str, TokenPrice]] = {}
        for one in sorted(self.lists, key=lambda one: one.date):
            for region, models in one.usd.items():
                found.setdefault(region, {}).update(models)
        return found

    def newest(self, model: str, region: str) -> tuple[TokenPrice, TokenList] | None:
        """Returns the price of a model in a region with the list that has it, None if none has."""
        having = [one for one in self.lists if model in one.usd.get(region, {})]
        if not having:
            return None
        found = max(having, key=lambda one: one.date)
        return found.usd[region][model], found

    def of_profile(self, profile: str) -> TokenPrice | None:
        """Returns the price of an inference profile, which is the same in all of its regions."""
        having = [models[profile] for models in self.usd.values() if profile in models]
        return having[0] if having else None


# By the plain id of a Bedrock model.
LastDays: TypeAlias = Mapping[str, date]


@dataclass(frozen=True)
class ModelLifecycle:
    """The last day of each of Bedrock's models, as one source said on one day."""

    source: str
    date: date
    last_days: LastDays


@dataclass(frozen=True)
class StorageRates:
    """USD for a GB of ML storage a month, by component, and what it costs at the most elsewhere."""

    components: Mapping[str, UnitRates]
    upper_bound_usd: Decimal
    upper_bound_source: str
    upper_bound_date: date


NO_RATES = UnitRates("no list")
NO_TOKEN_RATES = TokenRates()


@dataclass(frozen=True)
class PriceCatalogue:
    """All prices that Thriftline knows.

    ``hourly`` are SageMaker's instance hours by component. ``objects`` are S3's storage types by
    their names in CloudWatch, ``object_transfer`` what S3 bills for a GB that is written to or read
    from a class that bills it, ``files`` FSx, ``monthly`` what a thing costs for being kept, such
    as a Bedrock custom model, ``requests`` what is billed by the call or the event. ``lifecycles``
    say until when Bedrock's models answer: a retired one keeps its rows in the price list.
    ``savings_plans`` are instance hours under a plan, by the names of ``savings_plans.rate_name``.
    """

    hourly: Mapping[str, UnitRates]
    storage: StorageRates
    ec2: UnitRates = NO_RATES
    objects: UnitRates = NO_RATES
    object_transfer: UnitRates = NO_RATES
    files: UnitRates = NO_RATES
    transfer: UnitRates = NO_RATES
    requests: UnitRates = NO_RATES
    monthly: UnitRates = NO_RATES
    emr_serverless: UnitRates = NO_RATES
    tokens: TokenRates = NO_TOKEN_RATES
    lifecycles: tuple[ModelLifecycle, ...] = ()
    bedrock_training: UnitRates = NO_RATES
    bedrock_custom_tokens: UnitRates = NO_RATES
    bedrock_units: UnitRates = NO_RATES
    bedrock_reinforcement: UnitRates = NO_RATES
    savings_plans: UnitRates = NO_RATES

    def instance_rate(self, component: str, instance_type: str, region: str) -> Price | None:
        """Returns the on-demand rate of an instance hour, None when no list has one.

        Where the component's own is not known, the rate of another stands in, and says so.
        """
        for name in STAND_INS[component]:
            rates = self.hourly.get(name)
            price = rates.rate(instance_type, region) if rates else None
            if price is not None:
                return _standing_in(price, name, component)
        return None

    def training_rate(self, instance_type: str, region: str) -> Price | None:
        """Returns the on-demand rate of an hour of training."""
        return self.instance_rate(TRAINING, instance_type, region)

    def hosting_rate(self, instance_type: str, region: str) -> Price | None:
        """Returns the on-demand rate of an hour behind an endpoint."""
        return self.instance_rate(HOSTING, instance_type, region)

    def notebook_rate(self, instance_type: str, region: str) -> Price | None:
        """Returns the rate of an hour of a notebook or Studio app."""
        return self.instance_rate(NOTEBOOK, instance_type, region)

    def storage_rate(self, region: str, component: str = TRAINING) -> Price:
        """Returns the price of ML storage, an upper bound where no list has one."""
        known = self.storage
        for name in _STORAGE_STAND_INS.get(component, (component,)):
            rates = known.components.get(name)
            price = rates.rate(name, region) if rates else None
            if price is not None:
                return _standing_in(price, name, component)
        return Price(
            usd=known.upper_bound_usd,
            unit="GB-month",
            region=region,
            component=f"{component} storage",
            source=known.upper_bound_source,
            date=known.upper_bound_date,
            is_upper_bound=True,
        )

    def last_day_of(self, model: str) -> date | None:
        """Returns the last day of a Bedrock model by its plain id, None where none is known."""
        having = [one for one in self.lifecycles if model in one.last_days]
        return max(having, key=lambda one: one.date).last_days[model] if having else None

    def priced_types(self, region: str, component: str = TRAINING) -> frozenset[str]:
        """Returns every instance type that has a rate in a region."""
        return frozenset(
            name
            for each in STAND_INS[component]
            if each in self.hourly
            for name in self.hourly[each].usd.get(region, {})
        )

    def priced_regions(self, instance_type: str) -> tuple[str, ...]:
        """Returns the regions in which a type has a rate, in order of name."""
        regions = {region for rates in self.hourly.values() for region in rates.usd}
        return tuple(sorted(r for r in regions if instance_type in self.priced_types(r)))


def _standing_in(price: Price, known: str, asked: str) -> Price:
    if known == asked:
        return price
    return Price(
        price.usd,
        price.unit,
        price.region,
        price.component,
        price.source,
        price.date,
        stands_in_for=asked,
        margin=STAND_IN_MARGIN,
    )


def stale_warnings(prices: Iterable[Price], today: date) -> tuple[str, ...]:
    """Returns a sentence for each list among the prices that is older than ``STALE_DAYS``."""
    ages = {(price.component, price.date): (today - price.date).days for price in prices}
    return tuple(
        f"The prices of {component} are of {day} and {days} days old; AWS may bill others by now. "
        "`make prices` reads them again."
        for (component, day), days in sorted(ages.items())
        if days > STALE_DAYS
    )


def near_matches(name: str, names: Collection[str], limit: int = 3) -> tuple[str, ...]:
    """Returns the names most like ``name``, the best first, for "did you mean"."""
    return tuple(get_close_matches(name, sorted(names), n=limit, cutoff=0.6))
