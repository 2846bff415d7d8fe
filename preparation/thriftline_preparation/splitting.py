"""The split into train, validation and test: by cluster, exact for each label, by hash.

A cluster goes whole to one split, so that near-copies never lie in two. It counts once, for the
label of its smallest row. Within a label the clusters of the smallest hashes are tested on, the
next ones validated on, the rest trained on, as the validation of a data set splits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from .quotas import cuts
from .ranks import sizes

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from .stages import Stages


def with_splits(
    frame: DataFrame, validation_fraction: float, test_fraction: float, seed: int, stages: Stages
) -> DataFrame:
    """Returns the frame with ``split``: train, validation or test.

    Args:
        frame: ``row_id, cluster_id, label`` and more; read several times, so a written stage.
        validation_fraction: Of the clusters of each label.
        test_fraction: Of the clusters of each label.
        seed: Another seed gives another split.
        stages: Write a frame as Parquet under a name and read it back.
    """

    def ranks(clusters: int) -> tuple[int, int]:
        test, validation = sizes(clusters, validation_fraction, test_fraction)
        return test, test + validation

    strata = _strata(frame, stages)
    key = F.xxhash64("cluster_id", F.lit(seed).cast("bigint"), F.lit("split"))
    keys = strata.filter("_first").select(F.col("_stratum").alias("label"), key.alias("key"))
    limits = frame.sparkSession.createDataFrame(
        [(label, found[0], found[1]) for label, found in cuts(keys, ranks).items()],
        "_stratum string, _test bigint, _validation bigint",
    )
    name = (
        F.when(key < F.col("_test"), "test")
        .when(key < F.col("_validation"), "validation")
        .otherwise("train")
    )
    joined = strata.join(F.broadcast(limits), "_stratum", "left")
    return joined.select(*frame.columns, name.alias("split"))


def _strata(frame: DataFrame, stages: Stages) -> DataFrame:
    """Adds the label that a row's cluster counts for, and whether the row is its cluster's first.

    Only clusters of several rows are looked up; any other row answers for itself.
    """
    first = F.min(F.struct("row_id", "label")).alias("first")
    shared = frame.groupBy("cluster_id").agg(F.count("row_id").alias("rows"), first)
    shared = shared.filter("rows > 1").select(
        "cluster_id", F.col("first.row_id").alias("_row"), F.col("first.label").alias("_label")
    )
    joined = frame.join(stages.keep("split_clusters", shared), "cluster_id", "left")
    return joined.select(
        *frame.columns,
        F.coalesce("_label", "label").alias("_stratum"),
        (F.col("_row").isNull() | (F.col("_row") == F.col("row_id"))).alias("_first"),
    )
