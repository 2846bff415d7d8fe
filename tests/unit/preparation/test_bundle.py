"""The program as one file."""

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from preparation import bundle
from tools.test_other_pythons import interpreter

PACKAGE = Path(__file__).parents[3] / "preparation/thriftline_preparation"


def test_the_same_sources_give_the_same_file() -> None:
    assert bundle.program() == bundle.program()


def test_the_layer_is_made_in_a_copy_of_its_folder(tmp_path: Path) -> None:
    """SAM and the embedded AWS copy the folder, and run its Makefile there."""
    source = shutil.copytree(PACKAGE.parent, tmp_path / "source")
    made = tmp_path / "layer"

    subprocess.run(
        ["make", "build-PreparationLayer", f"ARTIFACTS_DIR={made}"],
        cwd=source,
        check=True,
        capture_output=True,
    )

    assert (made / "preparation/prepare.py").read_text() == bundle.program()


def test_the_file_needs_nothing_of_the_repository(tmp_path: Path) -> None:
    """It starts, and says what it takes, or what its interpreter lacks, without a traceback."""
    program = tmp_path / "prepare.py"
    program.write_text(bundle.program())

    shown = subprocess.run(
        [sys.executable, "-I", str(program), "--help"], cwd=tmp_path, capture_output=True, text=True
    )

    assert shown.returncode == 0, shown.stderr
    assert "--config" in shown.stdout


def test_an_interpreter_without_spark_is_told_what_to_install(tmp_path: Path) -> None:
    program = tmp_path / "prepare.py"
    program.write_text(bundle.program())

    # Isolated and without site packages, no interpreter has pyspark.
    ended = subprocess.run(
        [sys.executable, "-I", "-S", str(program), "--config", "/nowhere"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )

    assert ended.returncode == 2
    assert ended.stderr.startswith('PREPARATION_ERROR {"code": "package_missing"')
    assert "pyspark, numpy, pandas, pyarrow" in ended.stderr


def test_every_module_is_python_3_9() -> None:
    for path in [*PACKAGE.glob("*.py"), Path(bundle.__file__)]:
        ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 9))


def test_no_module_does_what_a_place_forbids() -> None:
    """No master, no RDD, no context of the driver, no cache: Databricks refuses each somewhere."""
    for path in PACKAGE.glob("*.py"):
        names = {
            node.attr
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.Attribute)
        }
        assert not names & {"master", "rdd", "sparkContext", "persist", "cache"}, path.name


PYTHON_39 = interpreter("3.9")
_A_ROW = """
import json
from preparation.thriftline_preparation import page, reasons, session
from preparation.thriftline_preparation.config import read_config
from preparation.thriftline_preparation.rows import RowWork

config = {"schema_version": "1.0", "run_id": "r", "sources": ["a"], "output": "b"}
config["columns"] = {"text": "t", "label": "l"}
(row,) = RowWork(read_config(json.dumps(config))).lines([b'{"t": "a  text", "l": 5}'])
print(row.text, row.label)
"""


@pytest.mark.skipif(PYTHON_39 is None, reason="this machine has no Python 3.9")
def test_a_row_is_judged_on_python_3_9() -> None:
    judged = subprocess.run(
        [str(PYTHON_39), "-c", _A_ROW], cwd=PACKAGE.parents[1], capture_output=True, text=True
    )

    assert judged.stdout == "a text 5\n", judged.stderr
