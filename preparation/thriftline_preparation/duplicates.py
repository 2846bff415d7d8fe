"""Exact duplicates, and what happens where equal or nearly equal texts have different labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


_TEXT = ("row_id", "text", "text_pair")


def with_row_ids(rows: DataFrame) -> DataFrame:
    """Adds ``row_id``, which depends on the text alone and so not on where a row was read."""
    return rows.withColumn("row_id", F.xxhash64("text", F.coalesce("text_pair", F.lit(""))))


def distinct_rows(rows: DataFrame) -> DataFrame:
    """Returns each text with each of its labels once; ``copies`` says how often it was there.

    Rows are sent by their id, so that counting them moves nothing again. ``cluster_id`` names rows
    of equal texts, which here differ in their labels.
    """
    counted = rows.repartition("row_id").groupBy(*_TEXT, "label").agg(F.count("*").alias("copies"))
    return counted.select("*", F.col("row_id").alias("cluster_id"))


def every_row(rows: DataFrame) -> DataFrame:
    """Returns all rows, for a preparation that keeps exact duplicates; each has its own id."""
    copies = F.explode(F.sequence(F.lit(1).cast("bigint"), "copies")).alias("_number")
    numbered = distinct_rows(rows).select(*_TEXT, "label", "cluster_id", copies)
    # The same text with the same label has the same number of copies wherever it was read.
    own = F.xxhash64("row_id", "label", "_number")
    row_id = F.when(F.col("_number") == 1, F.col("row_id")).otherwise(own).alias("row_id")
    one = F.lit(1).cast("bigint").alias("copies")
    return numbered.select(row_id, "text", "text_pair", "label", one, "cluster_id")


def conflicting(rows: DataFrame, group: str) -> DataFrame:
    """Returns the ``group`` ids whose rows have more than one label."""
    label = F.xxhash64("label")
    return (
        rows.groupBy(group)
        .agg(F.min(label).alias("least"), F.max(label).alias("most"))
        .filter("least != most")
        .select(group)
    )


def majority_labels(rows: DataFrame, group: str) -> DataFrame:
    """Returns the label that most copies of each group have; of equal ones the first by name."""
    votes = rows.groupBy(group, "label").agg(F.sum("copies").alias("votes"))
    best = votes.groupBy(group).agg(F.min(F.struct(-F.col("votes"), F.col("label"))).alias("best"))
    return best.select(group, F.col("best.label").alias("label"))
