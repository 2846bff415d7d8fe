"""The whole preparation, from raw files to the manifest, one stage after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from .balance import balanced
from .clusters import keep_one
from .duplicates import conflicting, distinct_rows, every_row, majority_labels, with_row_ids
from .languages import check_languages
from .listing import list_files
from .near_duplicates import near_duplicates
from .page import page
from .places import Places, remove, write_document
from .reading import read_rows
from .report import Report
from .session import set_partitions
from .shards import SPLITS, manifest, write_splits, written_files
from .splitting import with_splits
from .stages import Stages

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

    from .config import Config

DOCUMENTS = ("manifest.json", "preparation.json", "index.html", "error.json")


def prepare(spark: SparkSession, config: Config, places: Places) -> None:
    """Prepares the data set; the manifest appears when all else is there.

    Raises:
        PreparationError: the input cannot be prepared as it is; there is no manifest.
    """
    if config.filters.languages:
        check_languages(config.filters.languages)
    output = places.resolved(config.output)
    # What an earlier attempt left here would speak for this one.
    for name in (*DOCUMENTS, *SPLITS):
        remove(spark, f"{output}/{name}")
    report = Report(config)
    stages = Stages(spark, output)
    rows = _read(spark, config, places, stages, report)
    rows = _distinct(rows, config, stages, report)
    if config.near_duplicates is not None:
        rows = _unlike(rows, config.near_duplicates, config, stages, report)
    rows = _split(rows, config, stages, report)
    sizes = report.take_result(rows)
    write_splits(rows, sizes, output, config)
    files = written_files(spark, output, sizes)
    stages.remove()
    document = report.document()
    write_document(spark, f"{output}/preparation.json", report.as_json(document))
    write_document(spark, f"{output}/index.html", page(document))
    write_document(spark, f"{output}/manifest.json", manifest(spark, config, files))


def _read(
    spark: SparkSession, config: Config, places: Places, stages: Stages, report: Report
) -> DataFrame:
    listing = list_files(spark, config, places)
    report.take_listing(listing)
    set_partitions(spark, listing.unpacked_bytes)
    rows = stages.keep("rows", with_row_ids(read_rows(spark, listing.files, config)))
    report.take_rows(rows)
    return rows.filter("reason IS NULL").drop("reason", "notes", "file")


def _distinct(rows: DataFrame, config: Config, stages: Stages, report: Report) -> DataFrame:
    """Removes exact duplicates, and what has several labels."""
    made = distinct_rows(rows) if config.exact_duplicates else every_row(rows)
    rows = stages.keep("distinct", made)
    report.take_distinct(rows)
    return _agreed(rows, config, stages, report)


def _agreed(rows: DataFrame, config: Config, stages: Stages, report: Report) -> DataFrame:
    """Applies the rule for rows of one cluster that have different labels."""
    number = report.next_conflicts()
    clusters = stages.keep(f"conflicts_{number}", conflicting(rows, "cluster_id"))
    if clusters.isEmpty():
        return rows
    inside = rows.join(clusters, "cluster_id", "left_semi")
    if config.conflicts == "refuse":
        raise report.conflicts_error(inside)
    if config.conflicts == "drop":
        report.take_conflicts(inside, inside)
        return rows.join(clusters, "cluster_id", "left_anti")
    named = F.col("label").alias("_majority")
    winners = stages.keep(
        f"majority_{number}", majority_labels(inside, "cluster_id").select("cluster_id", named)
    )
    report.take_conflicts(inside, inside.join(winners, "cluster_id").filter("label != _majority"))
    kept = rows.join(winners, "cluster_id", "left").filter("_majority IS NULL OR label = _majority")
    return kept.drop("_majority")


def _unlike(
    rows: DataFrame, threshold: float, config: Config, stages: Stages, report: Report
) -> DataFrame:
    """Removes all but one of each cluster of near-duplicates.

    What is decided about them is decided in a frame of them alone, which is small.
    """
    members = near_duplicates(rows, threshold, stages)
    near = stages.keep("near_rows", rows.drop("cluster_id").join(members, "row_id"))
    agreed = _agreed(near, config, stages, report)
    kept = stages.keep("near_kept", keep_one(agreed))
    report.take_near_duplicates(agreed, kept)
    removed = near.join(kept.select("row_id"), "row_id", "left_anti").select("row_id")
    return rows.join(stages.keep("near_removed", removed), "row_id", "left_anti")


def _split(rows: DataFrame, config: Config, stages: Stages, report: Report) -> DataFrame:
    """Takes at most so many rows a label, and gives each row its split."""
    if rows.isEmpty():
        raise report.empty_error()
    if config.max_per_label is not None:
        kept = stages.keep("balanced", balanced(rows, config.max_per_label, config.seed))
        report.take_balanced(rows, kept)
        rows = kept
    split = config.split
    named = with_splits(rows, split.validation_fraction, split.test_fraction, config.seed, stages)
    characters = F.length("text").alias("characters")
    columns = ("row_id", "text", "text_pair", "label", "split")
    return stages.keep("split", named.select(*columns, characters))
