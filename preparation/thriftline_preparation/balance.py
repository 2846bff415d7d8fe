"""Balance: no label keeps more than a given number of rows, the same ones each time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from .quotas import cuts

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def balanced(frame: DataFrame, max_per_label: int, seed: int) -> DataFrame:
    """Returns the rows of the smallest hashes of each label, ``max_per_label`` of them at most.

    The hash of a row id is a permutation of all ids, so that no two rows share one and the number
    that stays is exact. The frame is read several times: it is a written stage.
    """
    key = F.xxhash64("row_id", F.lit(seed).cast("bigint"), F.lit("balance"))
    found = cuts(frame.select("label", key.alias("key")), lambda rows: (max_per_label,))
    if not found:
        return frame
    limits = frame.sparkSession.createDataFrame(
        [(label, keys[0]) for label, keys in found.items()], "label string, _limit bigint"
    )
    kept = frame.join(F.broadcast(limits), "label", "left").filter(
        F.col("_limit").isNull() | (key < F.col("_limit"))
    )
    return kept.select(*frame.columns)
