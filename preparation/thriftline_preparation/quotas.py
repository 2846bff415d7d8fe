"""Exact quotas by hash: the key below which a given number of a label's rows lie.

Each row has a key, a hash that differs from row to row. The keys of a label are counted in cells,
and only the cell that holds the wanted rank is sorted, on an executor. So a label of any size
takes no window, no order of rows and no random numbers, and the answer is exact.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from .ranks import Wanted, cell_bits, wanted

if TYPE_CHECKING:
    from typing import Callable

    from pyspark.sql import DataFrame


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
