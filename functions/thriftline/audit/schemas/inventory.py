"""An inventory as JSON: how it travels from the collectors to the rules."""

from dataclasses import replace
from functools import cache

from pydantic import TypeAdapter

from thriftline.audit.domain.facts import Fact
from thriftline.audit.domain.inventory import Inventory
from thriftline.audit.domain.metrics import MetricKey, MetricSeries
from thriftline.core.dataclass import dataclass


@dataclass(frozen=True)
class _Document:
    """JSON has no keys but strings, so the metrics go as pairs beside the inventory."""

    inventory: Inventory
    metrics: tuple[tuple[MetricKey, Fact[MetricSeries]], ...]


@cache
def _adapter() -> TypeAdapter[_Document]:
    return TypeAdapter(_Document)


def encode_inventory(inventory: Inventory) -> bytes:
    """Returns the inventory as JSON."""
    pairs = tuple(inventory.metrics.items())
    return _adapter().dump_json(_Document(replace(inventory, metrics={}), pairs))


def decode_inventory(text: bytes | str) -> Inventory:
    """Returns the inventory that ``encode_inventory`` wrote.

    Raises:
        pydantic.ValidationError: the text is not such an inventory.
    """
    document = _adapter().validate_json(text)
    return replace(document.inventory, metrics=dict(document.metrics))
