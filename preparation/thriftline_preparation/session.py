"""The Spark session, on whichever cluster or machine the program was started."""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING

from .errors import PreparationError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

# Where no cluster started the program: this machine, seen by nobody else.
_LOCAL = {
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.sql.shuffle.partitions": "8",
}
# What rows are made must not depend on where the program runs.
_SETTINGS = {
    "spark.sql.ansi.enabled": "false",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.caseSensitive": "true",
    # A row with too few fields is noticed only where all of them are parsed.
    "spark.sql.csv.parser.columnPruning.enabled": "false",
    "spark.sql.execution.arrow.maxRecordsPerBatch": "2000",
    # Spark 4.1 and later; long texts would make a batch of gigabytes.
    "spark.sql.execution.arrow.maxBytesPerBatch": str(64 << 20),
}
_SHUFFLE_BYTES = 128 << 20
# More of them than this, on few executors, is more fetches than work.
_MOST_PARTITIONS = 6_000
_PACKAGES = ("pyspark", "numpy", "pandas", "pyarrow")


def require_packages() -> None:
    """Raises an error that names what is missing before anything is started."""
    missing = [name for name in _PACKAGES if find_spec(name) is None]
    if missing:
        raise PreparationError(
            "package_missing",
            f"The Python packages {', '.join(missing)} are not where the program runs "
            f"({sys.executable}). Install them there, or use an image that has them.",
        )


def start_session() -> SparkSession:
    """Returns the session of the cluster, or one of this machine. Names no master."""
    if "PYSPARK_GATEWAY_PORT" not in os.environ:
        # Started by Python itself: workers would run the `python3` of PATH.
        for name in ("PYSPARK_PYTHON", "PYSPARK_DRIVER_PYTHON"):
            os.environ.setdefault(name, sys.executable)
        options = " ".join(f"--conf {name}={value}" for name, value in _LOCAL.items())
        os.environ.setdefault("PYSPARK_SUBMIT_ARGS", f"{options} pyspark-shell")
    from pyspark import cloudpickle
    from pyspark.errors import PySparkException
    from pyspark.sql import SparkSession

    # Executors have no file of this package: its functions travel whole.
    cloudpickle.register_pickle_by_value(sys.modules[__package__])

    try:
        spark = SparkSession.builder.appName("thriftline-preparation").getOrCreate()
    except PySparkException as error:
        if "JAVA_GATEWAY" not in str(error.getErrorClass()):
            raise
        raise PreparationError(
            "package_missing",
            "Java did not start; Spark needs version 17. Install it, or set JAVA_HOME.",
        ) from None
    for name, value in _SETTINGS.items():
        spark.conf.set(name, value)
    return spark


def set_partitions(spark: SparkSession, unpacked_bytes: int) -> None:
    """Cuts what moves between tasks into pieces that a task can sort in its memory."""
    name = "spark.sql.shuffle.partitions"
    wanted = min(-(-unpacked_bytes // _SHUFFLE_BYTES), _MOST_PARTITIONS)
    # A cluster may say `auto`.
    present = str(spark.conf.get(name))
    if present.isdigit() and int(present) < wanted:
        spark.conf.set(name, str(wanted))
