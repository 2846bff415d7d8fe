"""From what the list answers to a new catalogue. No old rate is kept in silence."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from thriftline_cli.prices.products import PriceListError, Product, Tiers
from thriftline_cli.prices.reading import PriceListReader
from thriftline_cli.prices.sections import Section

Document = Mapping[str, Any]
Rates = dict[str, dict[str, Tiers]]


@dataclass
class Reading:
    """What one section has in the list, by region and name, and what a person should know."""

    section: Section
    rates: Rates = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def read(
    reader: PriceListReader, section: Section, regions: Iterable[str], document: Document
) -> Reading:
    """Return the rates of a section.

    Raises:
        PriceListError: no answer where there must be one, two prices for one name, or a unit that
            the section does not have.
    """
    reading = Reading(section)
    for region in regions:
        filters = {**section.filters, "regionCode": region}
        found = _named(section, region, reader.products(section.service, filters))
        if not found:
            _require_nothing_known(section, region, document)
            reading.notes.append(f"{section.title}: no price in {region}; it is unpriced there.")
        reading.rates[region] = found
    return reading


def _named(section: Section, region: str, products: Sequence[Product]) -> dict[str, Tiers]:
    found: dict[str, Product] = {}
    for product in products:
        name = section.name(product)
        if name is None or product.is_free:
            continue
        where = f"{section.title} in {region}, {name}"
        if not re.fullmatch(section.unit, product.unit, re.IGNORECASE):
            raise PriceListError(
                f"{where}: SKU {product.sku} is priced by {product.unit!r}, not {section.unit!r}."
            )
        known = found.setdefault(name, product)
        if known.tiers != product.tiers:
            raise PriceListError(
                f"{where}: SKU {known.sku} costs {_text(known.tiers)} and SKU {product.sku} "
                f"{_text(product.tiers)} USD; the list does not say which is meant."
            )
    factor = section.factor
    return {
        name: [(begins / factor, usd * factor) for begins, usd in product.tiers]
        for name, product in sorted(found.items())
    }


def read_plans(
    rates_of: Callable[[str], dict[str, Tiers]],
    section: Section,
    regions: Iterable[str],
    document: Document,
) -> Reading:
    """Return the rates of Savings Plans, which are no products of the list.

    Raises:
        PriceListError: no answer where the catalogue has rates.
    """
    reading = Reading(section)
    for region in regions:
        reading.rates[region] = rates_of(region)
        if not reading.rates[region]:
            _require_nothing_known(section, region, document)
            reading.notes.append(f"{section.title}: no rate in {region}; unpriced there.")
    return reading


def _require_nothing_known(section: Section, region: str, document: Document) -> None:
    known = sum(1 for _ in known_names(document, section, region))
    if not section.expected and not known:
        return
    has = f"the catalogue has {known} of them" if known else "each region has some"
    raise PriceListError(
        f"{section.title}: the list has no price in {region}, and {has}. Either AWS sells none "
        "there any more, or the rows are named in another way by now. Nothing was written. "
        f'--without "{section.title}" leaves this part as it is, with its old dates.'
    )


def lists_of(document: Document, section: Section) -> Sequence[Mapping[str, Any]]:
    """Return the lists that the catalogue has of a section."""
    found = document.get(section.key, [])
    lists: Sequence[Mapping[str, Any]] = (
        found.get(section.component, []) if section.component else found
    )
    return lists


def known_names(document: Document, section: Section, region: str) -> Iterator[str]:
    """Yield what the catalogue has of a section in a region."""
    names = {
        name
        for one in lists_of(document, section)
        for name in _names(section, one["usd"].get(region))
    }
    yield from sorted(names)


def _names(section: Section, rates: Any) -> Iterable[str]:
    if rates is None:
        return ()
    return ("all",) if section.by_region else rates


def refreshed(document: Document, readings: Iterable[Reading], today: date, source: str) -> Any:
    """Return the catalogue with what was read in place of what it had of the same regions."""
    new = dict(document)
    for reading in readings:
        section = reading.section
        lists = [_list_of(reading, today, source), *_without(document, reading)]
        kept = [one for one in lists if one["usd"]]
        if section.component:
            new[section.key] = {**new.get(section.key, {}), section.component: kept}
        else:
            new[section.key] = kept
    return new


def _list_of(reading: Reading, today: date, source: str) -> dict[str, Any]:
    section = reading.section
    rates = {
        region: {name: _written(tiers) for name, tiers in named.items()}
        for region, named in sorted(reading.rates.items())
        if named
    }
    usd = {region: named["all"] for region, named in rates.items()} if section.by_region else rates
    return {
        "date": today.isoformat(),
        "source": f"{source}, {section.service}, {section.title}",
        "usd": usd,
    }


def _without(document: Document, reading: Reading) -> Iterator[dict[str, Any]]:
    for one in lists_of(document, reading.section):
        left = {
            region: rates for region, rates in one["usd"].items() if region not in reading.rates
        }
        yield {**one, "usd": left}


def _written(tiers: Tiers) -> Any:
    if len(tiers) == 1:
        return plain(tiers[0][1])
    return [{"begins": plain(begins), "usd": plain(usd)} for begins, usd in tiers]


def plain(number: Decimal) -> str:
    """Return a number as the catalogue writes it: no exponent, no zeros at its end."""
    return f"{number.normalize():f}"


def _text(tiers: Tiers) -> str:
    return " / ".join(plain(usd) for _, usd in tiers)
