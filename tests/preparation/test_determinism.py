"""The same rows in the same splits, byte for byte, however the input and the work are cut up.

The digest is one for Spark 3.5 and 4: both environments run this file. Who changes what the program
makes of a text changes it too, and says so.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow.parquet as pq
import pytest

from benchmarks.preparation_corpus import planted, sentences
from preparation.thriftline_preparation.config import read_config
from tests.preparation import raw
from tests.preparation.lost_nodes import cluster_environment

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

ROOT = Path(__file__).parents[2]
DIGEST = "8b9efea44b6576725777760cd0d680e183e7c90136050fa7942334be7ed4cec4"
SPLITS = ("train", "validation", "test")


def configuration(folder: Path) -> str:
    value = {
        "schema_version": "1.0",
        "run_id": "run-1",
        "sources": [str(folder / "raw")],
        "columns": {"text": "body", "label": "verdict"},
        "output": str(folder / "out"),
        "conflicts": "majority",
        "balance": {"max_per_label": 700},
        "near_duplicates": {"threshold": 0.8},
        "seed": 11,
    }
    return json.dumps(value)


def dirty_rows() -> list[tuple[str, str]]:
    chance = random.Random(11)
    labels = ["good"] * 6 + ["bad"] * 3 + ["Good "]
    originals = [(text, chance.choice(labels)) for text in sentences(1500, chance)]
    rows = planted(originals, copies=150, edits=500, chance=chance)
    return rows + [(text, chance.choice(labels)) for text, _ in rows[::20]]


def digest_of(output: Path) -> str:
    rows = [
        [split, *row.values()]
        for split in SPLITS
        for row in pq.read_table(output / split).to_pylist()
    ]
    assert len(rows) > 1000
    return hashlib.sha256(json.dumps(sorted(rows), ensure_ascii=False).encode()).hexdigest()


def write_files(folder: Path, files: int, order: int) -> None:
    rows = dirty_rows()
    random.Random(order).shuffle(rows)
    for number in range(files):
        write = (raw.write_csv, raw.write_jsonl)[number % 2]
        write(folder, f"{number}.{('csv', 'jsonl')[number % 2]}", rows[number::files])


@pytest.mark.every_spark
@pytest.mark.parametrize(
    ("files", "partitions"), [pytest.param(1, 1, marks=pytest.mark.thorough), (7, 8)]
)
def test_the_rows_and_splits_are_the_same(
    spark: SparkSession, tmp_path: Path, files: int, partitions: int
) -> None:
    write_files(tmp_path, files, order=files)
    before = spark.conf.get("spark.sql.shuffle.partitions")
    spark.conf.set("spark.sql.shuffle.partitions", str(partitions))
    try:
        raw.run(spark, read_config(configuration(tmp_path)))
    finally:
        spark.conf.set("spark.sql.shuffle.partitions", before)
    assert digest_of(tmp_path / "out") == DIGEST


def test_they_are_the_same_after_an_executor_was_killed(tmp_path: Path) -> None:
    """The program itself on a cluster of two executors, one of which dies while it works."""
    write_files(tmp_path, 3, order=3)
    program = tmp_path / "prepare.py"
    subprocess.run([sys.executable, ROOT / "preparation" / "bundle.py", program], check=True)
    wanted = tmp_path / "config.json"
    wanted.write_text(configuration(tmp_path), encoding="utf-8")
    log = tmp_path / "log.txt"
    with log.open("w", encoding="utf-8") as output:
        process = subprocess.Popen(
            [sys.executable, program, "--config", wanted],
            stdout=output,
            stderr=output,
            env=_cluster_environment(tmp_path),
        )
        try:
            killed = _kill_an_executor(process, tmp_path)
            assert process.wait() == 0, log.read_text(encoding="utf-8")[-3000:]
        finally:
            process.kill()
    assert killed
    assert "Lost executor" in log.read_text(encoding="utf-8")
    assert digest_of(tmp_path / "out") == DIGEST


def _cluster_environment(folder: Path) -> dict[str, str]:
    settings = {
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.shuffle.partitions": "4",
        "spark.local.dir": str(folder / "local"),
    }
    options = " ".join(f"--conf {name}={value}" for name, value in settings.items())
    return {
        **os.environ,
        **cluster_environment(folder),
        "PYSPARK_SUBMIT_ARGS": f"--master local-cluster[2,1,1024] {options} pyspark-shell",
    }


def _kill_an_executor(process: subprocess.Popen[bytes], folder: Path) -> bool:
    """Kills one when the hashes of the texts are being written; False if it ended before."""
    stage = folder / "out" / "_stages" / "near_candidates"
    while process.poll() is None:
        if stage.exists():
            executors = [
                int(place.parent.name)
                for place in Path("/proc").glob("[0-9]*/cmdline")
                if _is_executor(place, folder)
            ]
            if executors:
                os.kill(min(executors), signal.SIGKILL)
                return True
        time.sleep(0.05)
    return False


def _is_executor(place: Path, folder: Path) -> bool:
    try:
        command = place.read_bytes()
    except OSError:
        return False
    return b"CoarseGrainedExecutorBackend" in command and str(folder).encode() in command
