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

from thriftline.domain.prices import PriceCatalogue, RateTable, StorageRates

# Decimal strings only: a price that went through a float is not the price of the list.
_decimal: TypeAdapter[Decimal] = TypeAdapter(Annotated[Decimal, Field(gt=0)])


def _is_price(text: str) -> str:
    _decimal.validate_python(text)
    return text


Usd = Annotated[StrictStr, AfterValidator(_is_price)]


class _Document(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


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


class PriceCatalogueDocument(_Document):
    """The whole file."""

    currency: Literal["USD"]
    instance_hours: Mapping[Literal["Training", "Hosting"], RateTableDocument]
    training_storage: StorageDocument

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
        )


@cache
def price_catalogue() -> PriceCatalogue:
    """Reads the catalogue that ships with the functions, once, when it is first asked for."""
    text = files("thriftline").joinpath("data", "prices.json").read_text(encoding="utf-8")
    return PriceCatalogueDocument.model_validate_json(text).to_domain()
