"""A product of the Price List, as GetProducts answers it: a text of JSON."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

# What a usage type carries of its region, such as USE1-; us-east-1 has none in some services.
_WITH_REGION = re.compile(r"(?:EU|[A-Z]{2,4}\d)-(?P<usage>.+)")
Tiers = Sequence[tuple[Decimal, Decimal]]


class PriceListError(Exception):
    """The list is not what it was taken to be; somebody must look before prices are replaced."""


@dataclass(frozen=True)
class Product:
    """One thing that is sold. ``tiers`` are where each begins, and USD a unit from there on."""

    sku: str
    family: str
    attributes: Mapping[str, str]
    unit: str
    tiers: Tiers

    @property
    def usage(self) -> str:
        """What a bill calls it, without its region."""
        whole = self.attributes.get("usagetype", "")
        return without_region(whole)

    @property
    def is_free(self) -> bool:
        """Whether no tier costs anything: nobody's price, such as that of a free trial."""
        return all(usd == 0 for _, usd in self.tiers)


def without_region(usage: str) -> str:
    """Return a usage type as it is called in every region."""
    found = _WITH_REGION.fullmatch(usage)
    return found["usage"] if found else usage


def parse_product(text: str) -> Product | None:
    """Return a product with its price on demand, None where it has none.

    Raises:
        PriceListError: it is not of the form that the list has, with the SKU and the field.
    """
    try:
        document = json.loads(text)
        product = document["product"]
        sku = product["sku"]
        attributes = product["attributes"]
    except (ValueError, KeyError, TypeError) as error:
        raise PriceListError(f"An entry of the list is no product: {text[:60]!r}.") from error
    terms = document.get("terms", {}).get("OnDemand", {})
    if not terms:
        return None
    if len(terms) > 1:
        raise PriceListError(f"SKU {sku} has {len(terms)} offers on demand; one is expected.")
    (offer,) = terms.values()
    dimensions = list(offer.get("priceDimensions", {}).values())
    units = {one.get("unit", "") for one in dimensions}
    if len(units) != 1:
        raise PriceListError(f"SKU {sku} is priced by {len(units)} units; one is expected.")
    family = product.get("productFamily", "")
    return Product(sku, family, attributes, units.pop(), _tiers(sku, dimensions))


def _tiers(sku: str, dimensions: Sequence[Mapping[str, Any]]) -> Tiers:
    """Several dimensions of one offer are tiers, and the first may be free."""
    found = sorted(
        (_number(sku, one, "beginRange"), _number(sku, one, "endRange"), _usd(sku, one))
        for one in dimensions
    )
    at = Decimal(0)
    for begins, ends, _ in found:
        if begins != at or ends <= begins:
            raise PriceListError(
                f"SKU {sku}: a tier begins at {begins} and ends at {ends}; it must begin at {at}."
            )
        at = ends
    if at.is_finite():
        raise PriceListError(f"SKU {sku}: no tier says what more than {at} units cost.")
    return [(begins, usd) for begins, _, usd in found]


def _number(sku: str, dimension: Mapping[str, Any], field: str) -> Decimal:
    text = dimension.get(field, "")
    if text == "Inf":
        return Decimal("Infinity")
    return _decimal(sku, field, text)


def _usd(sku: str, dimension: Mapping[str, Any]) -> Decimal:
    prices = dimension.get("pricePerUnit", {})
    if "USD" not in prices:
        raise PriceListError(f"SKU {sku} has no price in USD but in {', '.join(prices) or 'none'}.")
    return _decimal(sku, "pricePerUnit.USD", prices["USD"])


def _decimal(sku: str, field: str, text: Any) -> Decimal:
    try:
        number = Decimal(text) if isinstance(text, str) else None
    except InvalidOperation:
        number = None
    if number is None or not number.is_finite() or number < 0:
        raise PriceListError(f"SKU {sku}: {field} is {text!r}, not a number of at least 0.")
    return number
