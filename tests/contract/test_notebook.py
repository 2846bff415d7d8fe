"""The notebook and the SDK: in their own environment, and nowhere else."""

import ast
import json
import re
from pathlib import Path
from typing import Any

import thriftline_notebook

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "examples/notebook"
NOTEBOOK: Any = json.loads((FOLDER / "retrain.ipynb").read_text())
_OURS = {"thriftline", "training_image", "local_aws", "laptop", "cli", "thriftline_cli"}


def _code() -> str:
    cells = [cell for cell in NOTEBOOK["cells"] if cell["cell_type"] == "code"]
    return "\n".join("".join(cell["source"]) for cell in cells)


def _imported(source: str) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {each.name.partition(".")[0] for each in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add((node.module or "").partition(".")[0])
    return found


def test_the_sdk_is_required_by_its_own_file_alone() -> None:
    files = [
        *ROOT.glob("requirements*.txt"),
        *ROOT.glob("*/requirements*.txt"),
        *ROOT.glob("*/pyproject.toml"),
        ROOT / "training_image/Dockerfile",
    ]
    wants = re.compile(r"^\W*sagemaker(-\w+)*\s*[=<>~\"'\[]", re.MULTILINE)
    assert [file.name for file in files if wants.search(file.read_text())] == [
        "requirements-sdk.txt"
    ]


def test_no_program_of_this_repository_imports_the_sdk() -> None:
    folders = ("functions", "training_image", "local_aws", "laptop", "cli", "tools")
    importing = [
        path.relative_to(ROOT)
        for folder in folders
        for path in (ROOT / folder).rglob("*.py")
        if "sagemaker" in path.read_text() and "sagemaker" in _imported(path.read_text())
    ]
    assert importing == []


def test_the_notebook_stands_alone_but_for_the_package_beside_it() -> None:
    assert _imported(_code()) & _OURS == set()
    for path in FOLDER.rglob("*.py"):
        imported = _imported(path.read_text())
        assert imported & _OURS == set(), path
        assert "sagemaker" not in imported, path


def test_the_notebook_imports_what_there_is() -> None:
    wanted = [
        each.name
        for node in ast.walk(ast.parse(_code()))
        if isinstance(node, ast.ImportFrom) and node.module == "thriftline_notebook"
        for each in node.names
    ]
    assert wanted
    assert set(wanted) <= set(thriftline_notebook.__all__)


def test_the_notebook_is_kept_without_outputs() -> None:
    assert (FOLDER / "retrain.ipynb").stat().st_size < 100_000
    for cell in NOTEBOOK["cells"]:
        if cell["cell_type"] == "code":
            assert cell["outputs"] == []
            assert cell["execution_count"] is None


def test_the_page_names_every_environment_variable_that_the_notebook_sets() -> None:
    page = (ROOT / "docs/notebook.md").read_text()
    for name in re.findall(r'os\.environ\["(\w+)"\]', _code()):
        assert f"`{name}`" in page
