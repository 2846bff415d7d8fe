"""Stages: a frame is written as Parquet and read back.

What follows then reads files and never computes twice, a lost node costs one stage, and nothing is
cached, which some places do not allow.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .places import literal, remove

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession


class Stages:
    """Writes stages below ``output/_stages``."""

    def __init__(self, spark: SparkSession, output: str) -> None:
        self._spark = spark
        self._folder = f"{output}/_stages"

    def keep(self, name: str, frame: DataFrame) -> DataFrame:
        """Returns the frame as read from its files."""
        path = f"{self._folder}/{name}"
        frame.write.mode("overwrite").parquet(path)
        # Its schema is known, and so no file is opened for it; an empty stage has no file.
        return self._spark.read.schema(frame.schema).parquet(literal(path))

    def remove(self) -> bool:
        """Deletes all of them; False where they stay."""
        return remove(self._spark, self._folder)
