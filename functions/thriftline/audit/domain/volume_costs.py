"""What the volumes of notebooks and Studio spaces cost: also while nothing runs on them."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal

from thriftline.audit.domain.costs import (
    HOURS_A_MONTH,
    ResourceCost,
    Service,
    hours_within,
    notebook_hours,
)
from thriftline.audit.domain.facts import ResourceKind
from thriftline.audit.domain.inventory import Inventory
from thriftline.money.prices import NOTEBOOK, PriceCatalogue


def volume_month(gib: int | None, region: str, prices: PriceCatalogue) -> Decimal | None:
    """Returns what a volume costs a month, None when its size or the region's rate is unknown."""
    price = prices.storage_rate(region, NOTEBOOK)
    # An upper bound is for a worst case, and no cost that anybody was billed.
    return None if gib is None or price.is_upper_bound else price.usd * gib


def notebook_costs(inventory: Inventory, prices: PriceCatalogue) -> Iterator[ResourceCost]:
    """Yields the hours of each notebook that runs, and the volume of each that there is."""
    yield from notebook_hours(inventory, prices)
    for one in inventory.notebooks:
        named = (ResourceKind.NOTEBOOK, f"{one.name} (volume)")
        yield _volume(named, one.volume_gib, one.created, inventory, prices)


def space_costs(inventory: Inventory, prices: PriceCatalogue) -> Iterator[ResourceCost]:
    """Yields the volume of each Studio space that has one of its own."""
    for one in inventory.studio_spaces:
        if one.volume_gib is not None:
            named = (ResourceKind.STUDIO_SPACE, one.key)
            yield _volume(named, one.volume_gib, one.created, inventory, prices)


def _volume(
    named: tuple[ResourceKind, str],
    gib: int | None,
    created: datetime,
    inventory: Inventory,
    prices: PriceCatalogue,
) -> ResourceCost:
    month = volume_month(gib, inventory.region, prices)
    hours = hours_within(inventory.window, created)
    size = "a volume of unknown size" if gib is None else f"a volume of {gib} GiB"
    unpriced = "" if month is not None else ", which has no price here"
    return ResourceCost(
        named[0],
        Service.SAGEMAKER,
        named[1],
        None if month is None else month * hours / HOURS_A_MONTH,
        f"{hours:.1f} h of {size}{unpriced}",
    )
