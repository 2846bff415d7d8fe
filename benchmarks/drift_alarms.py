"""How often drift alarms without a reason, and how often with one.

PYTHONPATH=functions:. .venv/bin/python -m benchmarks.drift_alarms [windows]
"""

import sys

from tests.unit.serving.drift_windows import (
    DRIFTED,
    RULES,
    SIZES,
    share_found,
    share_of_quiet_alarms,
)


def main(windows: int) -> None:
    """Prints both tables."""
    each = windows // len(SIZES)
    print(f"{each * len(SIZES):,} windows without drift; stated: {RULES.alpha:.0%} at most\n")
    print("| rows of the window | of the test split | alarm |\n| --- | --- | --- |")
    for number, size in enumerate(SIZES):
        share = share_of_quiet_alarms(size, each, number)
        print(f"| {size[0]:,} | {size[1]:,} | {share:.2%} |", flush=True)
    print("\n| drift, against 2,000 test records | rows | found |\n| --- | --- | --- |")
    for case in DRIFTED:
        print(f"| {case.what} | {case.rows:,} | {share_found(case, each // 50):.0%} |", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
