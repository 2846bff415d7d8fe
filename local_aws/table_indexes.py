"""Queries of DynamoDB's indexes that do not look through the whole table.

moto goes through all items, sorts what it found, and then through that to the page: with ten
thousand items a page takes ten times as long as with ten. Here the items of a partition are kept
sorted until the next write, and moto is given those alone that can be on the page.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import Any

from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.table import Table

from local_aws.hooks import Hooks

_WRITES = (
    "delete_item",
    "delete_table",
    "put_item",
    "transact_write_items",
    "update_item",
)

# Sorted items by the value of an index's hash key.
Partitions = Mapping[Any, Sequence[Any]]


class SortedIndexes:
    """The partitions of indexes, made when they are first asked for after a write.

    Whoever calls holds the one lock of DynamoDB's calls.
    """

    def __init__(self) -> None:
        self._kept: dict[tuple[int, str], tuple[Any, Partitions]] = {}

    def forget(self) -> None:
        """Forget everything: something was written."""
        self._kept.clear()

    def partition(self, table: Any, index: Any, value: Any) -> Sequence[Any]:
        """Return the items of a partition of an index, sorted by the index's and the table's key.

        A transaction that fails puts other tables in the place of those it met; so the table is
        looked at too, and not its name.
        """
        key = (id(table), index.name)
        found = self._kept.get(key)
        if found is None or found[0] is not table:
            found = (table, _partitions(table, index))
            self._kept[key] = found
        return found[1].get(value, ())


def install(hooks: Hooks) -> None:
    """Give moto's queries of indexes what they can answer, and no more."""
    indexes = SortedIndexes()
    original: Callable[..., Any] = Table.query

    def query(table: Any, *args: Any, **kwargs: Any) -> Any:
        asked = _arguments(args, kwargs)
        candidates = _candidates(indexes, table, asked)
        if candidates is None:
            return original(table, *args, **kwargs)
        # Of this object alone, and under the lock of DynamoDB's calls.
        table.all_items = lambda: candidates
        try:
            return original(table, *args, **kwargs)
        finally:
            del table.all_items

    hooks.replace(Table, "query", query)
    for name in _WRITES:
        call = getattr(DynamoDBBackend, name)
        hooks.replace(DynamoDBBackend, name, _forgetting(call, indexes))


def _forgetting(call: Callable[..., Any], indexes: SortedIndexes) -> Callable[..., Any]:
    @wraps(call)
    def writing(*args: Any, **kwargs: Any) -> Any:
        try:
            return call(*args, **kwargs)
        finally:
            indexes.forget()

    return writing


_NAMES = (
    "hash_key",
    "range_comparison",
    "range_objs",
    "limit",
    "exclusive_start_key",
    "scan_index_forward",
    "projection_expressions",
    "index_name",
    "consistent_read",
    "filter_expression",
)
_NO_FILTERS = {*_NAMES, "hash_key_conditions", "range_key_conditions"}


def _arguments(args: Sequence[Any], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    return {**dict(zip(_NAMES, args, strict=False)), **kwargs}


def _candidates(indexes: SortedIndexes, table: Any, asked: Mapping[str, Any]) -> list[Any] | None:
    """Return the items that a query can answer; None where moto has to look itself."""
    index = _index(table, asked.get("index_name"))
    conditions = asked.get("hash_key_conditions") or []
    if index is None or len(conditions) != 1:
        return None
    items = indexes.partition(table, index, conditions[0][1])
    limit = asked.get("limit")
    narrowed = asked.get("range_comparison") or asked.get("range_key_conditions")
    if not limit or narrowed or set(asked) - _NO_FILTERS:
        return list(items)
    return _page(table, index, items, asked, int(limit))


def _page(
    table: Any, index: Any, items: Sequence[Any], asked: Mapping[str, Any], limit: int
) -> list[Any]:
    """Return the items of a page and the one behind it, which says that there are more."""
    start, forward = asked.get("exclusive_start_key"), asked["scan_index_forward"] is not False
    if start is None:
        return list(items[: limit + 1] if forward else items[-limit - 1 :])
    names, ranges = _keys(table, index)

    def is_behind(item: Any) -> bool:
        # moto counts an equal item as one that comes first, whichever way one goes.
        comes_first = table._item_comes_before_dct(item, start, names, ranges, forward)
        return bool(comes_first) is not forward

    at = bisect_left(items, True, key=is_behind)
    return list(items[at : at + limit + 1] if forward else items[max(0, at - limit - 1) : at])


def _index(table: Any, name: str | None) -> Any:
    found = (each for each in table.global_indexes or [] if each.name == name)
    index = next(found, None)
    if index is None:
        return None
    kinds = sorted(key["KeyType"] for key in index.schema)
    return index if kinds == ["HASH", "RANGE"] else None


def _keys(table: Any, index: Any) -> tuple[list[str], list[str | None]]:
    """Return the hash and range keys in the form in which moto sorts by them."""
    by_kind = {key["KeyType"]: key["AttributeName"] for key in index.schema}
    return [by_kind["HASH"], table.hash_key_attr], [by_kind["RANGE"], table.range_key_attr]


def _partitions(table: Any, index: Any) -> Partitions:
    names, ranges = _keys(table, index)
    found: defaultdict[Any, list[Any]] = defaultdict(list)
    for item in table.all_items():
        value = item.attrs.get(names[0])
        if value and item.attrs.get(ranges[0]):
            found[value].append(item)
    return {value: table.sorted_items(names, ranges, items) for value, items in found.items()}
