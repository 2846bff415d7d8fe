"""``data/prices.json``, the dated price catalogue, and its reading.

``tools/refresh_prices.py`` writes the file from the Price List API.
"""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictStr, TypeAdapter
from pydantic.functional_validators import AfterValidator

from thriftline.money.prices import (
    PriceCatalogue,
    RateTable,
    StorageRates,
    TokenPrice,
    TokenRates,
    UnitRates,
)

# Decimal strings only: a price that went through a float is not the price of the list.
_decimal: TypeAdapter[Decimal] = TypeAdapter(Annotated[Decimal, Field(gt=0)])


def _is_price(text: str) -> str:
    _decimal.validate_python(text)
    return text


Usd = Annotated[StrictStr, AfterValidator(_is_price)]


class _Document(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class RateTableDocument(_Document):
    """Hourly rates of one component."""

    date: date
    source: str
    note: str = ""
    usd: Mapping[str, Mapping[str, Usd]]


class StorageDocument(_Document):
    """ML storage of training jobs."""

    date: date
    source: str
    note: str = ""
    usd_per_gb_month: Mapping[str, Usd]
    upper_bound_usd_per_gb_month: Usd


class UnitRatesDocument(_Document):
    """What a unit of each name costs, by region."""

    date: date
    source: str
    note: str = ""
    unit: str
    usd: Mapping[str, Mapping[str, Usd]]

    def to_domain(self) -> UnitRates:
        """Returns the rates with ``Decimal`` prices."""
        usd = {
            region: {name: Decimal(price) for name, price in rates.items()}
            for region, rates in self.usd.items()
        }
        return UnitRates(self.unit, self.source, self.date, usd)


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


class TokenRatesDocument(_Document):
    """Bedrock's on-demand prices: each model, and the regions in which they hold."""

    date: date
    source: str
    note: str = ""
    regions: tuple[str, ...]
    usd_per_million: Mapping[str, TokenPriceDocument]

    def to_domain(self) -> TokenRates:
        """Returns the prices, region by region."""
        usd = {model: price.to_domain() for model, price in self.usd_per_million.items()}
        return TokenRates(self.source, self.date, dict.fromkeys(self.regions, usd))


class PriceCatalogueDocument(_Document):
    """The whole file."""

    currency: Literal["USD"]
    instance_hours: Mapping[Literal["Training", "Hosting", "Notebook"], RateTableDocument]
    training_storage: StorageDocument
    object_storage: UnitRatesDocument
    monthly: UnitRatesDocument
    bedrock_tokens: TokenRatesDocument

    def to_domain(self) -> PriceCatalogue:
        """Returns the catalogue with ``Decimal`` prices."""
        storage = self.training_storage
        return PriceCatalogue(
            hourly={
                component: RateTable(
                    component,
                    table.source,
                    table.date,
                    {
                        region: {name: Decimal(usd) for name, usd in rates.items()}
                        for region, rates in table.usd.items()
                    },
                )
                for component, table in self.instance_hours.items()
            },
            storage=StorageRates(
                storage.source,
                storage.date,
                {region: Decimal(usd) for region, usd in storage.usd_per_gb_month.items()},
                Decimal(storage.upper_bound_usd_per_gb_month),
            ),
            objects=self.object_storage.to_domain(),
            monthly=self.monthly.to_domain(),
            tokens=self.bedrock_tokens.to_domain(),
        )


@cache
def price_catalogue() -> PriceCatalogue:
    """Reads the catalogue that ships with the functions, once, when it is first asked for."""
    text = files("thriftline").joinpath("data", "prices.json").read_text(encoding="utf-8")
    return PriceCatalogueDocument.model_validate_json(text).to_domain()
