"""Exact quotas by hash: the key below which a given number of a label's rows lie.

Each row has a key, a hash that differs from row to row. The keys of a label are counted in cells,
and only the cell that holds the wanted rank is sorted, on an executor. So a label of any size
takes no window, no order of rows and no random numbers, and the answer is exact.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate, groupby
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Callable

    from pyspark.sql import DataFrame

# Cells of all labels together that the driver counts.
MOST_CELLS = 1 << 20
MOST_BITS = 10


@dataclass(frozen=True)
class Wanted:
    """A rank of a label: which cell holds it, and its rank there."""

    label: str
    name: int
    cell: int
    rank: int


def cell_bits(labels: int) -> int:
    """Returns the bits of a cell's number so that the cells of all labels stay few."""
    return max(min(MOST_BITS, (MOST_CELLS // max(labels, 1)).bit_length() - 1), 0)


def wanted(label: str, cells: Iterable[tuple[int, int]], ranks: Iterable[int]) -> list[Wanted]:
    """Returns where each rank lies; a rank beyond the rows lies nowhere.

    Args:
        label: Whose rows these are.
        cells: Numbers of cells, ascending, and their rows.
        ranks: From 0; as many keys lie below the one of that rank.
    """
    numbers, counts = zip(*cells)
    ends = list(accumulate(counts))
    found = []
    for name, rank in enumerate(ranks):
        for number, count, end in zip(numbers, counts, ends):
            if rank < end:
                found.append(Wanted(label, name, number, rank - (end - count)))
                break
    return found


def cuts(keys: DataFrame, ranks: Callable[[int], tuple[int, ...]]) -> dict[str, dict[int, int]]:
    """Returns, of each label, the key of each rank; no entry where it has too few rows.

    Args:
        keys: ``label`` and a bigint ``key``; read three times.
        ranks: The wanted ranks of a label with so many rows.
    """
    totals = {row["label"]: row["count"] for row in keys.groupBy("label").count().collect()}
    shift = 64 - cell_bits(len(totals))
    cell = F.shiftright("key", shift) if shift < 64 else F.lit(0).cast("bigint")
    with_cell = keys.select("label", "key", cell.alias("cell"))
    counted = with_cell.groupBy("label", "cell").count().collect()
    rows = sorted((row["label"], row["cell"], row["count"]) for row in counted)
    places = [
        place
        for label, group in groupby(rows, key=lambda row: row[0])
        for place in wanted(label, [row[1:] for row in group], ranks(totals[label]))
    ]
    return _keys_of(with_cell, places)


def _keys_of(with_cell: DataFrame, places: list[Wanted]) -> dict[str, dict[int, int]]:
    found: dict[str, dict[int, int]] = {}
    if not places:
        return found
    asked = with_cell.sparkSession.createDataFrame(
        [(one.label, one.name, one.cell, one.rank) for one in places],
        "label string, name int, cell bigint, rank int",
    )
    key = F.expr("element_at(sort_array(collect_list(key)), rank + 1)").alias("key")
    joined = with_cell.join(F.broadcast(asked), ["label", "cell"])
    for row in joined.groupBy("label", "name", "rank").agg(key).collect():
        found.setdefault(row["label"], {})[row["name"]] = row["key"]
    return found
