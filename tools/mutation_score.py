"""Prints the share of killed mutants by module, and names those that live.

Reads what `mutmut run` left in mutants/. A mutant that no test reaches lives.
"""

import json
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[1]
# Exit codes of the tests as mutmut keeps them: passed, and no test at all.
_SURVIVED = {0, 5, 33}
BAR = 0.9


def results() -> dict[str, int | None]:
    """Returns the exit code of each mutant; None where it was not tried."""
    found: dict[str, int | None] = {}
    for meta in sorted((ROOT / "mutants").rglob("*.meta")):
        found.update(json.loads(meta.read_text())["exit_code_by_key"])
    return found


def main() -> None:
    """Prints a line for each module, the share of all, and the living."""
    tried = {key: code for key, code in results().items() if code is not None}
    of_module, killed = Counter[str](), Counter[str]()
    living = []
    for key, code in tried.items():
        module = key.rpartition(".")[0]
        of_module[module] += 1
        killed[module] += code not in _SURVIVED
        if code in _SURVIVED:
            living.append(key)
    for module, count in sorted(of_module.items()):
        print(f"{killed[module] / count:6.1%}  {killed[module]:4} of {count:4}  {module}")
    total = sum(of_module.values())
    share = sum(killed.values()) / total if total else 0.0
    print(f"{share:6.1%} of {total} mutants were killed; the bar is {BAR:.0%}")
    print("Living (python -m mutmut show NAME):", *living, sep="\n  ")


if __name__ == "__main__":
    main()
