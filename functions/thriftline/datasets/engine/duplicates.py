"""Rows with the same text: repeats, contradictions, and texts in more than one split."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from thriftline.core.dataclass import dataclass

U64 = NDArray[np.uint64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]


@dataclass(slots=True)
class HashedRows:
    """All rows whose hashes begin alike; a place is the range and the line in it."""

    high: U64
    low: U64
    place: U64
    label: Ints
    split: Ints

    def __len__(self) -> int:
        """The number of rows."""
        return len(self.high)


@dataclass(slots=True)
class Resolution:
    """What becomes of the rows: indexes that are kept, and places that are not."""

    kept: NDArray[Any]
    dropped: U64
    duplicates: U64
    conflicts: U64
    leaks: U64


def resolve(rows: HashedRows) -> Resolution:
    """Finds rows with the same text.

    Kept is the first row of each text in its best split: test before validation before train,
    so that what is evaluated was never trained on. A text with several labels is not kept.
    """
    order = np.argsort(rows.high)
    high = rows.high[order]
    same = high[1:] == high[:-1]
    grouped = np.zeros(len(rows), np.bool_)
    grouped[1:] |= same
    grouped[:-1] |= same
    alone, together = order[~grouped], order[grouped]
    if not len(together):
        none = np.empty(0, np.uint64)
        return Resolution(alone, none, none, none, none)
    return _resolve_groups(rows, alone, together)


def _resolve_groups(rows: HashedRows, alone: NDArray[Any], together: NDArray[Any]) -> Resolution:
    keys = (rows.place, rows.label, rows.split, rows.low, rows.high)
    index = together[np.lexsort([key[together] for key in keys])]
    place, label, split = rows.place[index], rows.label[index], rows.split[index]
    first_of_text = _changes(rows.high[index]) | _changes(rows.low[index])
    first_of_split = first_of_text | _changes(split)
    repeated = ~(first_of_split | _changes(label))
    starts = np.flatnonzero(first_of_text)
    text = np.cumsum(first_of_text) - 1
    conflicting = (np.minimum.reduceat(label, starts) != np.maximum.reduceat(label, starts))[text]
    best = np.maximum.reduceat(split, starts)[text]
    keep = (split == best) & ~repeated & ~conflicting
    return Resolution(
        kept=np.concatenate((alone, index[keep])),
        dropped=place[~keep],
        duplicates=place[repeated],
        conflicts=place[conflicting],
        leaks=place[split != best],
    )


def _changes(values: NDArray[Any]) -> Mask:
    changed = np.ones(len(values), np.bool_)
    changed[1:] = values[1:] != values[:-1]
    return changed
