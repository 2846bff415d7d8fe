"""``data/prices.json``, the dated price catalogue, and its reading.

``thriftline prices refresh`` (``make prices``) writes the file from the Price List API. Each
section is a list of price lists: what one source said on one day.
"""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    StrictStr,
    Tag,
    TypeAdapter,
    ValidationError,
    model_validator,
)
from pydantic.functional_validators import AfterValidator

from thriftline.core.errors import DamagedPriceCatalogueError
from thriftline.money.prices import (
    LastDays,
    ModelLifecycle,
    PriceCatalogue,
    PriceList,
    StorageRates,
    TokenList,
    TokenPrice,
    TokenRates,
    UnitRates,
)
from thriftline.money.tiers import Tier, TieredRate

NAME = "prices.json"
# For whoever may import this reader and nothing else.
CatalogueError = DamagedPriceCatalogueError
InstanceComponent = Literal["Training", "Hosting", "Processing", "Notebook"]
StorageComponent = Literal["Training", "Training warm pool", "Hosting", "Processing", "Notebook"]

# Decimal strings only: a price that went through a float is not the price of the list.
_decimal: TypeAdapter[Decimal] = TypeAdapter(
    Annotated[Decimal, Field(ge=0)], config=ConfigDict(defer_build=True)
)


def _is_amount(text: str) -> str:
    try:
        _decimal.validate_python(text)
    except ValidationError as error:
        raise ValueError("must be a decimal number of at least 0, written as a text") from error
    return text


def _is_price(text: str) -> str:
    # Only a tier can be free: a rate of 0 USD would be "unknown" that has become "free".
    if Decimal(_is_amount(text)) == 0:
        raise ValueError("must be above 0; what has no price is left out")
    return text


Usd = Annotated[StrictStr, AfterValidator(_is_price)]
Amount = Annotated[StrictStr, AfterValidator(_is_amount)]


class _Document(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class TierDocument(_Document):
    """What a unit costs from a quantity on; a free tier says 0."""

    begins: Amount
    usd: Amount


def _tiers(tiers: tuple[TierDocument, ...]) -> tuple[TierDocument, ...]:
    TieredRate.of([Tier(Decimal(tier.begins), Decimal(tier.usd)) for tier in tiers])
    return tiers


def _kind(value: object) -> str:
    return "tiers" if isinstance(value, (list, tuple)) else "flat"


Tiers = Annotated[tuple[TierDocument, ...], AfterValidator(_tiers)]
Rate = Annotated[Annotated[Usd, Tag("flat")] | Annotated[Tiers, Tag("tiers")], Discriminator(_kind)]


def _rate(rate: str | tuple[TierDocument, ...]) -> TieredRate:
    if isinstance(rate, str):
        return TieredRate.flat(Decimal(rate))
    return TieredRate.of([Tier(Decimal(tier.begins), Decimal(tier.usd)) for tier in rate])


class PriceListDocument(_Document):
    """What one source said on one day: region, name, USD a unit."""

    date: date
    source: str = Field(min_length=1)
    note: str = ""
    usd: Mapping[str, Mapping[str, Rate]]

    def to_domain(self) -> PriceList:
        """Returns the list with ``Decimal`` prices."""
        rates = {
            region: {name: _rate(rate) for name, rate in named.items()}
            for region, named in self.usd.items()
        }
        return PriceList(self.source, self.date, rates)


Lists = tuple[PriceListDocument, ...]


class StorageListDocument(_Document):
    """What a GB of ML storage a month costs by region, as one source said on one day."""

    date: date
    source: str = Field(min_length=1)
    note: str = ""
    usd: Mapping[str, Usd]


class UpperBoundDocument(_Document):
    """What stands in for a price of storage that no list has."""

    date: date
    source: str = Field(min_length=1)
    usd_per_gb_month: Usd


class TokenPriceDocument(_Document):
    """USD for a million tokens; a model without prompt caching has no cache prices."""

    input: Usd
    output: Usd
    cache_read: Usd | None = None
    cache_write: Usd | None = None

    def to_domain(self) -> TokenPrice:
        """Returns the price in ``Decimal``."""
        return TokenPrice(
            Decimal(self.input),
            Decimal(self.output),
            Decimal(self.cache_read) if self.cache_read else None,
            Decimal(self.cache_write) if self.cache_write else None,
        )


class TokenListDocument(_Document):
    """Bedrock's on-demand prices: each model, and the regions in which they hold."""

    date: date
    source: str = Field(min_length=1)
    note: str = ""
    regions: tuple[str, ...]
    usd_per_million: Mapping[str, TokenPriceDocument]

    def to_domain(self) -> TokenList:
        """Returns the prices, region by region."""
        usd = {model: price.to_domain() for model, price in self.usd_per_million.items()}
        return TokenList(self.source, self.date, dict.fromkeys(self.regions, usd))


class LifecycleDocument(_Document):
    """The last day on which Bedrock answers with each model, as one source said on one day."""

    date: date
    source: str = Field(min_length=1)
    note: str = ""
    end_of_life: LastDays

    def to_domain(self) -> ModelLifecycle:
        """Returns the days of this source."""
        return ModelLifecycle(self.source, self.date, self.end_of_life)


class PriceCatalogueDocument(_Document):
    """The whole file. A section may have no list: all of it is unpriced then."""

    currency: Literal["USD"]
    instance_hours: Mapping[InstanceComponent, Lists]
    ec2_hours: Lists = ()
    ml_storage: Mapping[StorageComponent, tuple[StorageListDocument, ...]]
    ml_storage_upper_bound: UpperBoundDocument
    object_storage: Lists = ()
    object_transfer: Lists = ()
    file_storage: Lists = ()
    transfer: Lists = ()
    requests: Lists = ()
    monthly: Lists = ()
    emr_serverless: Lists = ()
    bedrock_tokens: tuple[TokenListDocument, ...] = ()
    bedrock_lifecycle: tuple[LifecycleDocument, ...] = ()
    bedrock_training: Lists = ()
    bedrock_custom_tokens: Lists = ()
    bedrock_units: Lists = ()
    bedrock_reinforcement: Lists = ()
    savings_plans: Lists = ()

    @model_validator(mode="after")
    def _has_a_rate(self) -> "PriceCatalogueDocument":
        if not any(one.usd for lists in self.instance_hours.values() for one in lists):
            raise ValueError("instance_hours: there is no rate at all")
        return self

    def to_domain(self) -> PriceCatalogue:
        """Returns the catalogue with ``Decimal`` prices."""
        bound = self.ml_storage_upper_bound
        return PriceCatalogue(
            hourly={
                component: _units("instance-hour", lists, component)
                for component, lists in self.instance_hours.items()
            },
            storage=StorageRates(
                {name: _storage(name, lists) for name, lists in self.ml_storage.items()},
                Decimal(bound.usd_per_gb_month),
                bound.source,
                bound.date,
            ),
            ec2=_units("instance-hour", self.ec2_hours, "EC2"),
            objects=_units("GB-month", self.object_storage),
            object_transfer=_units("GB", self.object_transfer),
            files=_units("GB-month", self.file_storage),
            transfer=_units("GB", self.transfer),
            requests=_units("each", self.requests),
            monthly=_units("month", self.monthly),
            emr_serverless=_units("hour", self.emr_serverless),
            tokens=TokenRates(tuple(one.to_domain() for one in self.bedrock_tokens)),
            lifecycles=tuple(one.to_domain() for one in self.bedrock_lifecycle),
            bedrock_training=_units("1,000 tokens", self.bedrock_training),
            bedrock_custom_tokens=_units("1,000,000 tokens", self.bedrock_custom_tokens),
            bedrock_units=_units("unit-hour", self.bedrock_units),
            bedrock_reinforcement=_units("hour", self.bedrock_reinforcement),
            savings_plans=_units("instance-hour", self.savings_plans),
        )


def _units(unit: str, lists: Lists, component: str = "") -> UnitRates:
    return UnitRates(unit, tuple(one.to_domain() for one in lists), component)


def _storage(component: str, lists: tuple[StorageListDocument, ...]) -> UnitRates:
    return UnitRates(
        "GB-month",
        tuple(
            PriceList(
                one.source,
                one.date,
                {
                    region: {component: TieredRate.flat(Decimal(usd))}
                    for region, usd in one.usd.items()
                },
            )
            for one in lists
        ),
        f"{component} storage",
    )


def read_catalogue(text: bytes, name: str = NAME) -> PriceCatalogue:
    """Reads a catalogue.

    Raises:
        DamagedPriceCatalogueError: with each place and the rule that it breaks.
    """
    return checked_catalogue(text, name).to_domain()


def checked_catalogue(text: bytes, name: str = NAME) -> PriceCatalogueDocument:
    """Reads a catalogue as the document that it is.

    Raises:
        DamagedPriceCatalogueError: with each place and the rule that it breaks.
    """
    try:
        return PriceCatalogueDocument.model_validate_json(text)
    except ValidationError as error:
        problems = [_sentence(one) for one in error.errors(include_url=False)]
        more = f" and {len(problems) - 5} more" if len(problems) > 5 else ""
        raise DamagedPriceCatalogueError(
            f"The price catalogue {name} is damaged: {'; '.join(problems[:5])}{more}. Nothing was "
            "spent. Restore the file, or read the prices again with `make prices`."
        ) from error


def _sentence(error: Any) -> str:
    # Which kind of rate was read is no part of the place.
    words = [str(part) for part in error["loc"] if part not in ("flat", "tiers")]
    place = ".".join(words) or "the file"
    rule = error["msg"].removeprefix("Value error, ")
    given = repr(error["input"])
    shown = given if len(given) <= 40 else f"{given[:37]}..."
    return f"{place}: {rule}, not {shown}" if error["type"] != "missing" else f"{place}: {rule}"


@cache
def price_catalogue() -> PriceCatalogue:
    """Reads the catalogue that ships with the functions, once, when it is first asked for."""
    return read_catalogue(files("thriftline").joinpath("data", NAME).read_bytes())
