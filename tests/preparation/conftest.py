"""One Spark session a run, on two cores of this machine; each test has folders of its own.

`make test-preparation` runs these in the environments that have pyspark, and in no other.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyspark.sql import SparkSession

    from preparation.thriftline_preparation.stages import Stages

try:
    import pyspark  # noqa: F401
except ImportError:
    collect_ignore_glob = ["test_*.py"]


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    """The session that the program itself would start, with few tasks and little memory."""
    from preparation.thriftline_preparation.session import start_session

    os.environ["PYSPARK_PYTHON"] = os.environ["PYSPARK_DRIVER_PYTHON"] = sys.executable
    warehouse = tmp_path_factory.mktemp("warehouse")
    os.environ["PYSPARK_SUBMIT_ARGS"] = (
        "--master local[2] --driver-memory 1g"
        " --conf spark.driver.host=127.0.0.1 --conf spark.driver.bindAddress=127.0.0.1"
        " --conf spark.ui.enabled=false --conf spark.sql.shuffle.partitions=4"
        # Little data in many short jobs: the second compiler takes more than it gives.
        " --driver-java-options '-XX:TieredStopAtLevel=1 -XX:+UseSerialGC'"
        f" --conf spark.sql.warehouse.dir={warehouse} pyspark-shell"
    )
    session = start_session()
    session.sparkContext.setLogLevel("ERROR")
    yield session
    session.stop()


@pytest.fixture
def stages(spark: SparkSession, tmp_path: Path) -> Stages:
    """Stages below a folder of the test."""
    from preparation.thriftline_preparation.stages import Stages

    return Stages(spark, str(tmp_path / "stages"))
