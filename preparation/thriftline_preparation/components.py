"""The connected components of pairs, in one pass over them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def united(pairs: Iterable[tuple[int, int]]) -> dict[int, int]:
    """Returns the smallest id of the component of each id (union-find with path halving)."""
    parents: dict[int, int] = {}

    def root(one: int) -> int:
        parent = parents.setdefault(one, one)
        while parent != one:
            grandparent = parents[parent]
            parents[one] = grandparent
            one, parent = grandparent, parents[grandparent]
        return one

    for one, other in pairs:
        low, high = sorted((root(one), root(other)))
        parents[high] = low
    return {one: root(one) for one in list(parents)}
