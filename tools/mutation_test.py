"""Changes what decides in small ways, and counts how many changes the unit tests notice.

    make mutants [MUTANTS='thriftline.money.*']

mutmut wants the package below src/, so a copy of the tree is laid out that way in
.thriftline/mutants/tree. A mutant that no test reaches lives.
"""

import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[1]
TREE = ROOT / ".thriftline/mutants/tree"
# What the unit tests read beside the package and themselves.
COPIED: tuple[str, ...] = (
    "tests",
    "docs",
    "events",
    "statemachines",
    "training_image",
    "local_aws",
    "laptop",
)
COPIED += ("cli", "tools", "benchmarks", "functions")
BAR = 0.9
# Exit codes of the tests as mutmut keeps them: passed, and no test at all.
_SURVIVED = {0, 5, 33}
_CONFIGURATION = """\
[tool.pytest.ini_options]
pythonpath = ["."]
addopts = "--strict-markers --import-mode=importlib -p no:cacheprovider --timeout 600"
markers = ["containers: not here", "training: not here"]

[tool.mutmut]
source_paths = ["src"]
only_mutate = ["src/thriftline/*/domain/*", "src/thriftline/money/*"]
also_copy = [{copied}]
pytest_add_cli_args_test_selection = [{tests}]
"""
TESTS = ("tests/unit/audit", "tests/unit/runs", "tests/unit/money")


def lay_out() -> None:
    """Copies the tree; results of an earlier run are kept where the code is the same."""
    TREE.mkdir(parents=True, exist_ok=True)
    for name in COPIED:
        shutil.copytree(ROOT / name, TREE / name, dirs_exist_ok=True)
    shutil.copytree(ROOT / "functions/thriftline", TREE / "src/thriftline", dirs_exist_ok=True)
    shutil.copy(ROOT / "template.yaml", TREE)
    quoted = [", ".join(f'"{one}"' for one in names) for names in (COPIED, TESTS)]
    (TREE / "pyproject.toml").write_text(
        _CONFIGURATION.format(copied=f'{quoted[0]}, "template.yaml"', tests=quoted[1])
    )


def results() -> dict[str, int | None]:
    """Returns the exit code of each mutant; None where it was not tried."""
    found: dict[str, int | None] = {}
    for meta in sorted((TREE / "mutants").rglob("*.meta")):
        found.update(json.loads(meta.read_text())["exit_code_by_key"])
    return found


def report() -> None:
    """Prints a line for each module, the share of all, and the living."""
    tried = {key: code for key, code in results().items() if code is not None}
    of_module, killed = Counter[str](), Counter[str]()
    for key, code in tried.items():
        module = key.rpartition(".")[0]
        of_module[module] += 1
        killed[module] += code not in _SURVIVED
    print("Living:", *(key for key, code in tried.items() if code in _SURVIVED), sep="\n  ")
    for module, count in sorted(of_module.items()):
        print(f"{killed[module] / count:6.1%}  {killed[module]:4} of {count:4}  {module}")
    total = sum(of_module.values())
    share = sum(killed.values()) / total if total else 0.0
    print(f"{share:6.1%} of {total} mutants were killed; the bar is {BAR:.0%}")


def main() -> None:
    """Tries the mutants that the arguments name, or all."""
    lay_out()
    environment = {**os.environ, "IDLE_HISTORIES": "200"}
    subprocess.run(
        [sys.executable, "-m", "mutmut", "run", "--max-children", "2", *sys.argv[1:]],
        cwd=TREE,
        env=environment,
        check=False,
    )
    report()


if __name__ == "__main__":
    main()
