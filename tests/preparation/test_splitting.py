"""The split and the balance: exact for each label, by cluster, whatever the partitions."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from preparation.thriftline_preparation.balance import balanced
from preparation.thriftline_preparation.quotas import cuts
from preparation.thriftline_preparation.ranks import sizes
from preparation.thriftline_preparation.splitting import with_splits

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

    from preparation.thriftline_preparation.stages import Stages

ROWS = {"often": 5000, "seldom": 47, "four": 4, "three": 3, "two": 2, "one": 1}


def rows_of(spark: SparkSession, partitions: int = 3) -> DataFrame:
    numbered = [(label, number) for label, count in ROWS.items() for number in range(count)]
    frame = spark.createDataFrame(numbered, "label string, number int").repartition(partitions)
    row_id = F.xxhash64("label", "number")
    return frame.select(row_id.alias("row_id"), row_id.alias("cluster_id"), "label", "number")


def splits_of(frame: DataFrame) -> dict[tuple[str, int], str]:
    return {(row["label"], row["number"]): row["split"] for row in frame.collect()}


def test_each_label_gets_exactly_its_quota(spark: SparkSession, stages: Stages) -> None:
    frame = stages.keep("rows", rows_of(spark))
    found = splits_of(with_splits(frame, 0.1, 0.2, 7, stages))
    counts = Counter((label, split) for (label, _), split in found.items())
    for label, rows in ROWS.items():
        test, validation = sizes(rows, 0.1, 0.2)
        assert counts[label, "test"] == test
        assert counts[label, "validation"] == validation
        assert counts[label, "train"] == rows - test - validation >= 1
    assert counts["often", "test"] == 1000


def test_the_split_depends_on_the_seed_and_on_nothing_else(
    spark: SparkSession, stages: Stages
) -> None:
    one = splits_of(with_splits(stages.keep("a", rows_of(spark, 1)), 0.1, 0.1, 7, stages))
    many = splits_of(with_splits(stages.keep("b", rows_of(spark, 8)), 0.1, 0.1, 7, stages))
    other = splits_of(with_splits(stages.keep("c", rows_of(spark, 8)), 0.1, 0.1, 8, stages))
    assert one == many
    assert one != other


def test_no_test_and_no_validation_where_none_is_wanted(
    spark: SparkSession, stages: Stages
) -> None:
    frame = stages.keep("rows", rows_of(spark))
    assert set(splits_of(with_splits(frame, 0.0, 0.0, 7, stages)).values()) == {"train"}


def test_a_cluster_goes_whole_to_one_split_and_counts_once(
    spark: SparkSession, stages: Stages
) -> None:
    """Also where its rows have several labels; what is left of the labels is exact."""
    label = F.when(F.col("id") % 7 == 0, "b").otherwise("a")
    rows = spark.range(3000).select(
        F.xxhash64("id").alias("row_id"),
        F.xxhash64(F.col("id") % 1000, F.lit(1)).alias("cluster_id"),
        label.alias("label"),
    )
    frame = stages.keep("rows", rows)
    split = stages.keep("split", with_splits(frame, 0.1, 0.1, 3, stages))
    assert split.count() == 3000
    whole = split.groupBy("cluster_id").agg(F.countDistinct("split").alias("n"))
    assert whole.filter("n > 1").isEmpty()
    clusters = Counter(
        row["split"] for row in split.select("cluster_id", "split").distinct().collect()
    )
    first = split.groupBy("cluster_id").agg(F.min(F.struct("row_id", "label"))["label"].alias("of"))
    of = Counter(row["of"] for row in first.collect())
    expected = [sizes(count, 0.1, 0.1) for count in of.values()]
    assert clusters["test"] == sum(test for test, _ in expected)
    assert clusters["validation"] == sum(validation for _, validation in expected)


def test_balance_keeps_exactly_so_many_rows_a_label(spark: SparkSession, stages: Stages) -> None:
    kept = {}
    for name, partitions in (("a", 1), ("b", 8)):
        frame = stages.keep(name, rows_of(spark, partitions))
        found = balanced(frame, 40, 7)
        assert found.columns == frame.columns
        kept[name] = {(row["label"], row["number"]) for row in found.collect()}
    counts = Counter(label for label, _ in kept["a"])
    assert counts == {label: min(rows, 40) for label, rows in ROWS.items()}
    assert kept["a"] == kept["b"]
    frame = stages.keep("c", rows_of(spark))
    assert {(r["label"], r["number"]) for r in balanced(frame, 40, 8).collect()} != kept["a"]


def test_balance_leaves_small_labels_alone(spark: SparkSession, stages: Stages) -> None:
    frame = stages.keep("rows", rows_of(spark))
    assert balanced(frame, 10_000, 7).count() == sum(ROWS.values())


def test_a_cut_is_the_key_of_its_rank(spark: SparkSession) -> None:
    keys = rows_of(spark).select("label", F.col("row_id").alias("key"))
    found = cuts(keys, lambda rows: (0, rows // 2, rows))
    for label in ROWS:
        ordered = sorted(row["key"] for row in keys.filter(F.col("label") == label).collect())
        assert found[label] == {0: ordered[0], 1: ordered[len(ordered) // 2]}


def test_no_rows_have_no_cuts(spark: SparkSession) -> None:
    empty = spark.createDataFrame([], "label string, key bigint")
    assert cuts(empty, lambda rows: (1,)) == {}
