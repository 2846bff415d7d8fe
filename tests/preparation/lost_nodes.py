"""Prepares on a cluster of processes, and kills one of them while each stage is written.

    python -m tests.preparation.lost_nodes FOLDER

The cluster is Spark's own for tests: a master and two workers, whose executors are processes and
log to `FOLDER/spark/work`. It prints how many of them were killed.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyspark

from preparation.thriftline_preparation import pipeline
from preparation.thriftline_preparation.places import Places
from preparation.thriftline_preparation.session import start_session
from preparation.thriftline_preparation.shards import write_splits
from preparation.thriftline_preparation.stages import Stages
from tests.preparation.raw import SETTINGS, config

if TYPE_CHECKING:
    from collections.abc import Callable

OPTIONS = (
    "--master local-cluster[2,1,640] --driver-memory 640m"
    " --conf spark.executor.memory=512m --conf spark.deploy.maxExecutorRetries=-1"
    # A node that is lost has done nothing wrong.
    " --conf spark.task.maxFailures=8 --conf spark.stage.maxConsecutiveAttempts=8"
    " --conf spark.driver.host=127.0.0.1 --conf spark.driver.bindAddress=127.0.0.1"
    " --conf spark.ui.enabled=false --conf spark.sql.shuffle.partitions=4"
    " --driver-java-options '-XX:TieredStopAtLevel=1'"
    " --conf spark.executor.extraJavaOptions=-XX:TieredStopAtLevel=1 pyspark-shell"
)
_SECONDS = 0.2


def cluster_environment(folder: Path) -> dict[str, str]:
    """What a cluster of processes needs, with a home of Spark's in the folder, for its logs."""
    home = folder / "spark"
    home.mkdir()
    for name in ("jars", "bin"):
        (home / name).symlink_to(Path(pyspark.__file__).parent / name)
    return {
        "SPARK_HOME": str(home),
        "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_SCALA_VERSION": "2.12" if pyspark.__version__.startswith("3.") else "2.13",
        "PYSPARK_PYTHON": sys.executable,
        "PYSPARK_DRIVER_PYTHON": sys.executable,
    }


def executors() -> list[int]:
    """The processes of the cluster's executors: those below this one."""
    parents, found = {}, []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            stat = (path / "stat").read_text()
            command = (path / "cmdline").read_bytes()
        except OSError:
            continue
        parents[int(path.name)] = int(stat.rpartition(")")[2].split()[1])
        if b"CoarseGrainedExecutorBackend" in command:
            found.append(int(path.name))
    return sorted(pid for pid in found if _is_below(pid, parents))


def _is_below(pid: int, parents: dict[int, int]) -> bool:
    while pid and pid != os.getpid():
        pid = parents.get(pid, 0)
    return pid == os.getpid()


class Killer:
    """Kills an executor a moment after something has begun."""

    def __init__(self) -> None:
        self.killed = 0

    def during(self, work: Callable[..., Any]) -> Callable[..., Any]:
        """Returns the work, with a node lost while it is done."""

        def disturbed(*arguments: Any, **named: Any) -> Any:
            timer = threading.Timer(_SECONDS, self._kill)
            timer.start()
            try:
                return work(*arguments, **named)
            finally:
                timer.join()

        return disturbed

    def _kill(self) -> None:
        running = executors()
        if running:
            os.kill(running[self.killed % len(running)], signal.SIGKILL)
            self.killed += 1


def main(folder: Path) -> None:
    """Prepares `folder/raw`, with one lost node a stage."""
    os.environ.update(cluster_environment(folder), PYSPARK_SUBMIT_ARGS=OPTIONS)
    spark = start_session()
    # A lost executor is an error to Spark; what a job fails with is in its exception.
    spark.sparkContext.setLogLevel("OFF")
    killer = Killer()
    Stages.keep = killer.during(Stages.keep)  # type: ignore[method-assign]
    vars(pipeline)["write_splits"] = killer.during(write_splits)
    pipeline.prepare(spark, config(folder, **SETTINGS), Places())
    spark.stop()
    sys.stdout.write(f"killed {killer.killed}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
