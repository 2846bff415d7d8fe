"""Clusters of near-duplicates: the connected components of the judged pairs.

A cluster's id is its smallest row id, whatever the order of the pairs. Up to a bound the pairs are
united in one task; beyond it frames of pairs are rewritten until each row points to the smallest
id ("large star, small star", Kiveris and others, 2014), a number of times that grows with the
square of the logarithm of the rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from pyspark.sql import Window
from pyspark.sql import functions as F

from .components import united

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyspark.sql import DataFrame

    from .stages import Stages

    Batches = Iterator[pa.RecordBatch]

# Pairs that one task unites: some 400 MB of Python.
MOST_PAIRS_IN_ONE_TASK = 2_000_000
_MEMBERS = "row_id bigint, cluster_id bigint"


def clusters(pairs: DataFrame, stages: Stages, most: int = MOST_PAIRS_IN_ONE_TASK) -> DataFrame:
    """Returns ``row_id, cluster_id`` of every row that is in a pair.

    Args:
        pairs: ``smallest, row_id``, the first being the smaller of both.
        stages: Write a frame as Parquet under a name and read it back.
        most: Pairs that are united in one task.
    """
    pairs = stages.keep("clusters_pairs", pairs.distinct())
    if pairs.count() <= most:
        return stages.keep("clusters", pairs.coalesce(1).mapInArrow(_united, _MEMBERS))
    return stages.keep("clusters", _members(_rewritten(pairs, stages)))


def _united(batches: Batches) -> Batches:
    def pairs() -> Iterator[tuple[int, int]]:
        for batch in batches:
            yield from zip(*(batch.column(n).to_pylist() for n in ("smallest", "row_id")))

    roots = united(pairs())
    ids = np.fromiter(roots.keys(), np.int64, len(roots))
    smallest = np.fromiter(roots.values(), np.int64, len(roots))
    columns = [pa.array(ids), pa.array(smallest)]
    yield pa.RecordBatch.from_arrays(columns, ["row_id", "cluster_id"])


def _rewritten(pairs: DataFrame, stages: Stages) -> DataFrame:
    """Rewrites the pairs until every row points to the smallest id of its component."""
    state = _state(pairs)
    number = 0
    while True:
        number += 1
        pairs = stages.keep(f"clusters_pairs_{number}", _small_star(_large_star(pairs)))
        before, state = state, _state(pairs)
        if state == before:
            return pairs


def _state(pairs: DataFrame) -> tuple[int, str]:
    """Returns what tells two sets of pairs apart: their number and the sum of their hashes."""
    hashes = F.xxhash64("smallest", "row_id").cast("decimal(38,0)")
    row = pairs.agg(F.count("row_id").alias("rows"), F.sum(hashes).alias("hashes")).collect()[0]
    return int(row["rows"]), str(row["hashes"])


def _large_star(pairs: DataFrame) -> DataFrame:
    """Points the larger neighbours of each row to the smallest of its neighbours and itself."""
    both = pairs.select(F.col("smallest").alias("node"), F.col("row_id").alias("other")).unionAll(
        pairs.select(F.col("row_id").alias("node"), F.col("smallest").alias("other"))
    )
    least = F.least("node", F.min("other").over(Window.partitionBy("node")))
    larger = both.select("node", "other", least.alias("smallest")).filter("other > node")
    return larger.select("smallest", F.col("other").alias("row_id")).distinct()


def _small_star(pairs: DataFrame) -> DataFrame:
    """Points the smaller neighbours of each row, and the row, to the smallest of them."""
    least = F.min("smallest").over(Window.partitionBy("row_id"))
    with_least = pairs.select("row_id", "smallest", least.alias("least"))
    own = with_least.select(F.col("least").alias("smallest"), "row_id")
    others = with_least.filter("smallest > least").select(
        F.col("least").alias("smallest"), F.col("smallest").alias("row_id")
    )
    return own.unionAll(others).distinct()


def _members(stars: DataFrame) -> DataFrame:
    smallest = stars.select(
        F.col("smallest").alias("row_id"), F.col("smallest").alias("cluster_id")
    )
    others = stars.select("row_id", F.col("smallest").alias("cluster_id"))
    return smallest.distinct().unionAll(others)


def keep_one(frame: DataFrame) -> DataFrame:
    """Returns the row of the smallest id of each cluster, read twice: from a written stage.

    The rule needs no order of rows, and row ids are hashes of texts: which row it is does not
    depend on files, partitions or nodes.
    """
    smallest = F.min("row_id").over(Window.partitionBy("cluster_id"))
    ids = frame.select("row_id", "cluster_id", smallest.alias("smallest"))
    others = ids.filter("row_id > smallest").select("row_id")
    return frame.join(others, "row_id", "left_anti").select(*frame.columns)
