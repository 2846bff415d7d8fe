"""`thriftline prepare` with the real program and Spark; the validator takes what it leaves."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet
import pytest

from local_aws.preparation.options import SPARK_PYTHON

ROOT = Path(__file__).parents[2]
RUN_YAML = """\
seed: 7
prepare:
  columns: {text: review, label: stars}
  labels: {'1': bad, '5': good}
  redact: [email]
"""


def command(*words: str | Path) -> "subprocess.CompletedProcess[str]":
    python = os.environ.get("THRIFTLINE_SPARK_PYTHON", str(SPARK_PYTHON))
    line = ["prepare", *map(str, words), "--python", python, "--cores", "2", "--memory", "1g"]
    return subprocess.run(
        [sys.executable, "-m", "thriftline_cli", *line],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT / "cli")},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "raw").mkdir()
    rows = [
        *(
            f"the film number {row} is about thing {row * 7},{1 + row % 2 * 4}"
            for row in range(300)
        ),
        *("the very same words again and again,5" for _ in range(20)),
        *('"write to me, to ann@example.com",1',),
    ]
    (tmp_path / "raw/a.csv").write_text("\n".join(["review,stars", *rows]))
    (tmp_path / "run.yaml").write_text(RUN_YAML)
    return tmp_path


def test_a_folder_of_raw_files_becomes_a_data_set_that_the_validator_takes(folder: Path) -> None:
    done = command(folder / "run.yaml", "--data", folder / "raw", "--into", folder / "out")
    assert done.returncode == 0, done.stderr
    assert "exact duplicates" in done.stdout
    assert "to train on it: thriftline runs submit" in done.stderr

    manifest = json.loads((folder / "out/manifest.json").read_text())
    rows = [
        row
        for one in manifest["files"]
        for row in pyarrow.parquet.read_table(folder / "out" / one["path"]).to_pylist()
    ]
    assert {row["label"] for row in rows} == {"bad", "good"}
    assert any("<EMAIL>" in row["text"] for row in rows)
    (train,) = (folder / "out/train").glob("*.parquet")
    estimate = subprocess.run(
        [sys.executable, "-m", "laptop", "estimate", str(train)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert estimate.returncode == 0, estimate.stderr
    assert "2 labels" in estimate.stdout


def test_what_the_program_refuses_is_said_and_leaves_nothing(folder: Path) -> None:
    (folder / "run.yaml").write_text(RUN_YAML.replace(", '5': good", ""))
    done = command(folder / "run.yaml", "--data", folder / "raw", "--into", folder / "out")
    assert done.returncode == 2
    assert "the map has no label for" in done.stderr
    assert not (folder / "out").exists()
