"""The steps of every set-up: the first one in a fresh clone, and what a waiting person reads."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tools.make_environment import follow, parsed

ROOT = Path(__file__).parents[2]


def test_the_first_stamp_is_made_in_a_fresh_clone(tmp_path: Path) -> None:
    shutil.copy(ROOT / "Makefile", tmp_path)
    made = subprocess.run(
        ["make", f"PYTHON={sys.executable}", ".thriftline/setup/python"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stderr
    assert (tmp_path / ".thriftline/setup/python").exists()


def test_an_installation_reports_how_far_it_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "package").write_bytes(b"0" * 40_000_000)
    pip = [sys.executable, "-c", "import time; time.sleep(1)"]

    assert follow(pip, tmp_path, every=0.02, started=time.monotonic()) == 0

    lines = capsys.readouterr().out.splitlines()
    assert len(lines) >= 2
    assert all(line.endswith("s, 40 MB installed") for line in lines)


def test_a_failed_installation_keeps_its_exit_code(tmp_path: Path) -> None:
    assert follow([sys.executable, "-c", "raise SystemExit(3)"], tmp_path, 60, 0.0) == 3


def test_what_follows_two_dashes_is_for_pip() -> None:
    given = parsed([".venv", "pins.txt", "--for", "a test", "--takes", "1 s", "--", "--no-compile"])

    assert (str(given.folder), given.requirements, given.pip) == (
        ".venv",
        "pins.txt",
        ["--no-compile"],
    )


def test_the_environments_are_made_side_by_side_and_announced() -> None:
    makefile = (ROOT / "Makefile").read_text()

    assert "--jobs" in makefile
    assert makefile.count("tools/make_environment.py") == 7
    assert makefile.count("--takes") == 7


def test_the_functions_environment_is_compiled_since_they_may_not_write_bytecode() -> None:
    makefile = (ROOT / "Makefile").read_text()
    recipe = makefile.partition("$(STAMPS)/lambda:")[2].partition("$(STAMPS)/sam:")[0]

    assert "--no-compile" not in recipe


def test_what_make_runs_keeps_its_bytecode_where_the_shell_forbids_it(tmp_path: Path) -> None:
    shutil.copy(ROOT / "Makefile", tmp_path)
    (tmp_path / "imported.py").write_text("")
    recipe = f'probe: ; @{sys.executable} -c "import imported"'
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    environment.pop("PYTHONPYCACHEPREFIX", None)

    subprocess.run(["make", "--eval", recipe, "probe"], cwd=tmp_path, env=environment, check=True)

    assert list(tmp_path.glob("__pycache__/imported.*.pyc"))
