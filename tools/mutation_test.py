"""Changes what decides in small ways, and counts how many changes the unit tests notice.

    make mutants [MUTANTS='thriftline.money.* --every 10']

mutmut writes the mutants into a copy of the tree in .thriftline/mutants/tree; mutant_runs.py tries
them. What was killed stays killed while its function and the test that killed it are the same. A
mutant that no test reaches lives.
"""

import argparse
import difflib
import json
import os
import shutil
import sys
from collections import Counter
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest
from mutmut.mutation.file_mutation import MutatedFile, mutate_file_contents

from tools.mutant_runs import MutantRuns, Verdict

ROOT = Path(__file__).parents[1]
TREE = ROOT / ".thriftline/mutants/tree"
RESULTS = ROOT / ".thriftline/mutants/results.json"
LIVING = ROOT / ".thriftline/mutants/living.diff"
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
MUTATED = ("*/domain/*.py", "money/*.py")
TESTS = ("tests/unit/audit", "tests/unit/runs", "tests/unit/money", "tests/unit/serving")
# Takes five seconds and looks at the size of a page: nothing that decides.
SLOW = (
    "tests/unit/audit/test_audit_report_pages.py::"
    "test_two_thousand_endpoints_and_thousands_of_findings_make_a_page_of_a_few_megabytes"
)
BAR = 0.9
_CONFIGURATION = """\
[tool.pytest.ini_options]
pythonpath = ["."]
markers = ["containers: not here", "training: not here"]
[tool.mutmut]
source_paths = ["thriftline"]
"""


def lay_out(patterns: list[str]) -> dict[str, MutatedFile]:
    """Copies the tree, writes the mutants into it, and returns the mutated files by module."""
    if TREE.exists():
        shutil.rmtree(TREE)
    for name in COPIED:
        shutil.copytree(ROOT / name, TREE / name)
    shutil.copytree(ROOT / "functions/thriftline", TREE / "thriftline")
    shutil.copy(ROOT / "template.yaml", TREE)
    (TREE / "pyproject.toml").write_text(_CONFIGURATION)
    os.chdir(TREE)
    files = {}
    for path in sorted((TREE / "thriftline").rglob("*.py")):
        inside = path.relative_to(TREE / "thriftline").as_posix()
        module = "thriftline." + inside.removesuffix(".py").replace("/", ".")
        if any(fnmatch(inside, pattern) for pattern in MUTATED) and _is_named(module, patterns):
            mutated = mutate_file_contents(str(path), path.read_text())
            path.write_text(mutated.code)
            files[module] = mutated
    return files


def _is_named(module: str, patterns: list[str]) -> bool:
    return not patterns or any(
        fnmatch(f"{module}.x", pattern) or pattern.startswith(f"{module}.") for pattern in patterns
    )


def _hash(mutant: str, files: dict[str, MutatedFile]) -> str:
    module, _, name = mutant.rpartition(".")
    found: str = files[module].hash_by_function_name.get(name.partition("__mutmut_")[0], "")
    return found


def _former(files: dict[str, MutatedFile]) -> dict[str, Verdict]:
    """Returns the mutants that were killed before and whose function is the same."""
    if not RESULTS.exists():
        return {}
    kept: dict[str, dict[str, Any]] = json.loads(RESULTS.read_text())
    return {
        mutant: Verdict(**row["verdict"])
        for mutant, row in kept.items()
        if mutant.rpartition(".")[0] in files and row["hash"] == _hash(mutant, files)
    }


def _save(verdicts: dict[str, Verdict], files: dict[str, MutatedFile]) -> None:
    """Writes the verdicts down; those of modules that were not asked for stay."""
    before = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    rows = {key: row for key, row in before.items() if key.rpartition(".")[0] not in files}
    for mutant, verdict in verdicts.items():
        rows[mutant] = {"hash": _hash(mutant, files), "verdict": verdict.__dict__}
    RESULTS.write_text(json.dumps(dict(sorted(rows.items())), indent=0))


def _difference(mutant: str, files: dict[str, MutatedFile]) -> str:
    """Returns what a mutant changes of its function."""
    module, _, name = mutant.rpartition(".")
    mutated = files[module]
    lines, spans = mutated.code.splitlines(), mutated.line_span_by_function_name
    before, after = (
        [line.replace(one, "it") for line in lines[spans[one].start - 1 : spans[one].end]]
        for one in (f"{name.partition('__mutmut_')[0]}__mutmut_orig", name)
    )
    heads = ("---", "+++", "@@ ")
    body = difflib.unified_diff(before, after, lineterm="", n=1)
    return "\n".join([mutant, *(line for line in body if line[:3] not in heads), ""])


def report(verdicts: dict[str, Verdict], files: dict[str, MutatedFile]) -> None:
    """Writes down what lives, and prints a line for each module and the share of all."""
    of_module, killed = Counter[str](), Counter[str]()
    for mutant, verdict in verdicts.items():
        module = mutant.rpartition(".")[0]
        of_module[module] += 1
        killed[module] += verdict.is_killed
    living = [mutant for mutant, verdict in sorted(verdicts.items()) if not verdict.is_killed]
    LIVING.write_text("\n".join(_difference(mutant, files) for mutant in living))
    for module, count in sorted(of_module.items()):
        print(f"{killed[module] / count:6.1%}  {killed[module]:4} of {count:4}  {module}")
    total = sum(of_module.values())
    share = sum(killed.values()) / total if total else 0.0
    print(f"{share:6.1%} of {total} mutants were killed; the bar is {BAR:.0%}")
    print(f"The {len(living)} that live are in {LIVING.relative_to(ROOT)}")


def chosen(mutants: list[str], patterns: list[str], every: int) -> list[str]:
    """Returns the mutants that a pattern names (all without patterns), and of these every n-th."""
    named = [one for one in mutants if not patterns or any(fnmatch(one, p) for p in patterns)]
    return named[::every]


def main() -> None:
    """Tries the mutants that the arguments name, or all."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("patterns", nargs="*", help="mutants by name, such as 'thriftline.money.*'")
    parser.add_argument("--every", type=int, default=1, help="try every n-th mutant only")
    parser.add_argument("--tests", nargs="*", default=TESTS, help="run these tests only")
    arguments = parser.parse_args()
    files = lay_out(arguments.patterns)
    mutants = [f"{module}.{name}" for module, file in files.items() for name in file.mutant_names]
    wanted = chosen(mutants, arguments.patterns, arguments.every)
    runs = MutantRuns(wanted, _former(files), lambda verdicts: _save(verdicts, files))
    os.environ.setdefault("IDLE_HISTORIES", "200")
    options = ["-qq", "-s", "-p", "no:cacheprovider", "-p", "no:xdist", "--import-mode=importlib"]
    code = pytest.main(
        [f"--rootdir={TREE}", *options, "--deselect", SLOW, *arguments.tests], plugins=[runs]
    )
    if runs.clean_failures or not runs.verdicts:
        sys.exit(f"Without any mutant these fail: {runs.clean_failures} (pytest: {code})")
    report({one: runs.verdicts[one] for one in wanted}, files)


if __name__ == "__main__":
    main()
