"""Writes the splits as Parquet, and the manifest, which comes last and makes them a data set."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pyspark.sql import functions as F

from . import SCHEMA_VERSION
from .places import literal

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

    from .config import Config

SPLITS = ("train", "validation", "test")
# Shards are cut by a hash, so that some have a few rows more than others.
_SLACK = 0.95


def write_splits(frame: DataFrame, rows: dict[str, int], output: str, config: Config) -> None:
    """Writes each split that has rows, below a folder of its name.

    A shard's rows, and their order, depend on the texts alone: not on partitions or executors.
    """
    pair = ("text_pair",) if config.columns.text_pair else ()
    for split in SPLITS:
        if not rows.get(split):
            continue
        shards = -(-rows[split] // max(1, int(config.max_rows_per_shard * _SLACK)))
        part = frame.filter(F.col("split") == split)
        part = part.repartition(shards, "row_id").sortWithinPartitions("row_id", "text")
        part.select("text", *pair, "label").write.mode("overwrite").parquet(f"{output}/{split}")


def written_files(spark: SparkSession, output: str, rows: dict[str, int]) -> list[dict[str, Any]]:
    """Returns the files of each split, with their sizes and rows, in the order of their names."""
    files = []
    for split in SPLITS:
        if not rows.get(split):
            continue
        folder = literal(f"{output}/{split}")
        counts = spark.read.parquet(folder).groupBy("_metadata.file_name").count().collect()
        sizes = spark.read.format("binaryFile").load(folder).select("path", "length").collect()
        by_name = {row.path.rpartition("/")[2]: row.length for row in sizes}
        for name, count in sorted((row[0], row[1]) for row in counts):
            path = f"{split}/{name}"
            files.append({"split": split, "path": path, "rows": count, "bytes": by_name[name]})
    return files


def manifest(spark: SparkSession, config: Config, files: list[dict[str, Any]]) -> str:
    """Returns the manifest's text. Paths are relative to where it lies."""
    pair = ["text_pair"] if config.columns.text_pair else []
    return json.dumps(
        {
            "schema_version": SCHEMA_VERSION,
            "run_id": config.run_id,
            "config_sha256": config.sha256,
            "spark_version": spark.version,
            "columns": ["text", *pair, "label"],
            "rows": {
                split: sum(file["rows"] for file in files if file["split"] == split)
                for split in SPLITS
            },
            "files": files,
        },
        indent=1,
    )
