"""The one file, started as a person or an engine starts it: exit codes, errors, S3 as a folder."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from preparation import bundle

if TYPE_CHECKING:
    from pathlib import Path

ENVIRONMENT = {
    name: value
    for name, value in os.environ.items()
    if not name.startswith(("PYSPARK", "SPARK", "PYTHONPATH"))
}


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("program") / "prepare.py"
    path.write_text(bundle.program())
    return path


def start(program: Path, root: Path, **changes: Any) -> subprocess.CompletedProcess[str]:
    """Prepares `s3://raw/reviews/` of a folder that stands for S3."""
    value = {
        "schema_version": "1.0",
        "run_id": "run-1",
        "sources": ["s3://raw/reviews/"],
        "columns": {"text": "body", "label": "verdict"},
        "output": "s3://artifacts/out/",
        **changes,
    }
    config = root / "artifacts/config.json"
    config.parent.mkdir(parents=True, exist_ok=True)
    config.write_text(json.dumps(value))
    return subprocess.run(
        [
            *(sys.executable, "-I", str(program)),
            *("--config", "s3://artifacts/config.json", "--s3-root", str(root)),
        ],
        cwd=root,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
    )


def write(root: Path, name: str, text: str) -> None:
    path = root / "raw/reviews" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_the_file_alone_prepares_a_data_set(program: Path, tmp_path: Path) -> None:
    rows = "".join(f"a text of number {n},{'xy'[n % 2]}\n" for n in range(40))
    write(tmp_path, "a.csv", f"body,verdict\n{rows}")

    ended = start(program, tmp_path, near_duplicates={"threshold": 0.9})

    assert ended.returncode == 0, ended.stderr
    out = tmp_path / "artifacts/out"
    assert json.loads((out / "manifest.json").read_text())["rows"] == {
        "train": 32,
        "validation": 4,
        "test": 4,
    }
    assert json.loads((out / "preparation.json").read_text())["rows_read"] == 40
    assert not (out / "error.json").exists()
    assert "a text of number" not in ended.stdout + ended.stderr


def test_a_users_fault_is_the_last_line_and_a_document(program: Path, tmp_path: Path) -> None:
    write(tmp_path, "a.parquet", "no Parquet at all, but joe@example.com")

    ended = start(program, tmp_path)

    assert ended.returncode == 2
    line = ended.stderr.strip().splitlines()[-1]
    assert line.startswith("PREPARATION_ERROR ")
    error = json.loads(line.partition(" ")[2])
    assert error["code"] == "unreadable"
    assert "s3://raw/reviews/a.parquet" in error["message"]
    written = json.loads((tmp_path / "artifacts/out/error.json").read_text())
    assert written == {"schema_version": "1.0", **error}
    assert not (tmp_path / "artifacts/out/manifest.json").exists()


def test_a_wrong_configuration_says_so_where_an_engine_looks(program: Path, tmp_path: Path) -> None:
    ended = start(program, tmp_path, seed="many")

    assert ended.returncode == 2
    written = json.loads((tmp_path / "artifacts/out/error.json").read_text())
    assert written["code"] == "config"
    assert "`seed`" in written["message"]
