"""Every fact of an inventory that could not be read, so that a report can tell of each."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any

from thriftline.audit.domain.facts import ResourceKind, Unread, UnreadResource
from thriftline.audit.domain.inventory import Inventory
from thriftline.audit.domain.resource_kinds import RESOURCE_SPECS


def unread_facts(inventory: Inventory) -> tuple[UnreadResource, ...]:
    """Returns the unread facts of all resources, and of their metrics, each told once."""
    found: dict[UnreadResource, None] = {}
    for spec in RESOURCE_SPECS:
        for resource in spec.resources(inventory):
            name = spec.name(resource)
            for fact in _unread_in(resource):
                found[UnreadResource(spec.kind, name, fact.operation, fact.error)] = None
    for key, series in inventory.metrics.items():
        if isinstance(series, Unread):
            # One for each resource, not for each of its metrics.
            name = "/".join(value for _, value in key.dimensions)
            one = UnreadResource(ResourceKind.METRIC, name, series.operation, series.error)
            found[one] = None
    return tuple(found)


def _unread_in(value: Any) -> Iterator[Unread]:
    if isinstance(value, Unread):
        yield value
    elif isinstance(value, tuple):
        for one in value:
            yield from _unread_in(one)
    else:
        kind: Any = type(value)
        for name in _names(kind):
            yield from _unread_in(getattr(value, name))


@cache
def _names(kind: Any) -> tuple[str, ...]:
    """Returns the fields of a dataclass, nothing of any other type."""
    return tuple(field.name for field in fields(kind)) if is_dataclass(kind) else ()


def has_unread(resource: object) -> bool:
    """Whether any fact of a resource, at any depth, could not be read."""
    return next(_unread_in(resource), None) is not None
