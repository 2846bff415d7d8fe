"""Validation of JSON Lines beside pandas, polars and DuckDB, on one thread each.

    make bench-validation                                   # 2 GB
    python benchmarks/dataset_validation.py --megabytes 200 # while tuning

Every engine runs in a process of its own and answers the same questions: rows, rows of each label,
empty texts, repeated rows, rows of texts with several labels, rows with e-mail addresses, card
numbers (Luhn) and telephone numbers, characters, median, 95th percentile and longest text. The
answers must be equal. Thriftline does all its other checks as well.

Rates are by processor seconds, which a busy machine changes least; wall seconds stand beside them.
The data lie in ``.thriftline/bench`` and are made anew when their size changes.
"""

import argparse
import json
import os
import random
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.engines import ENGINES

FOLDER = Path(__file__).resolve().parent.parent / ".thriftline" / "bench"
LABELS = ("negative", "neutral", "positive")
PERSONAL = (
    " write to jane.doe@example.com today",
    " call +49 30 1234567 today",
    " or (555) 123-4567 today",
    " card 4111 1111 1111 1111 today",
    " order 4111 1111 1111 1112 today",
)


def generate(path: Path, size: int, seed: int = 7) -> None:
    """Writes about ``size`` bytes: sentences of some 200 characters, 1 % of rows repeated."""
    rng = random.Random(seed)
    letters = "aaabcdeeeefghiiijklmnooopqrrssttuuvwxyz"
    words = ["".join(rng.choices(letters, k=rng.randint(2, 9))) for _ in range(20_000)]
    words += ["café", "naïve", "über", "日本"] * 50
    parts = [" ".join(rng.choices(words, k=rng.randint(2, 20))) for _ in range(30_000)]
    earlier: list[str] = []
    written = number = 0
    with path.open("wb", buffering=1 << 20) as file:
        while written < size:
            text = f"{rng.choice(parts)}, {rng.choice(parts)} {rng.choice(parts)}."
            chance = rng.random()
            if chance < 0.01 and earlier:
                text = rng.choice(earlier)
            elif chance < 0.014:
                text += rng.choice(PERSONAL)
            elif chance < 0.0142:
                text = "   "
            if number % 500 == 0:
                earlier.append(text)
            record = {"id": number, "text": text, "label": rng.choice(LABELS)}
            line = json.dumps(record, ensure_ascii=False).encode() + b"\n"
            written += file.write(line)
            number += 1


def run_engine(name: str, path: Path) -> dict[str, Any]:
    """Runs here; a child process calls it."""
    engine = ENGINES[name]
    engine.load()
    before = resource.getrusage(resource.RUSAGE_SELF)
    started = time.perf_counter()
    answers = engine.count(path)
    wall = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"answers": answers, "wall": wall, "cpu": cpu, "rss_mb": after.ru_maxrss / 1024}


def run_in_child(name: str, path: Path) -> dict[str, Any]:
    """Runs an engine in a new process, held to one thread."""
    single = dict.fromkeys(("POLARS_MAX_THREADS", "OMP_NUM_THREADS", "ARROW_IO_THREADS"), "1")
    command = [sys.executable, __file__, "--engine", name, "--file", str(path)]
    done = subprocess.run(
        command, env={**os.environ, **single}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"{name} failed:\n{done.stderr[-2000:]}")
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def table(results: dict[str, dict[str, Any]], size: int) -> str:
    """The figures as a table for docs/benchmarks.md."""
    ours = results["thriftline"]["cpu"]
    lines = [
        "| engine | records/s | MB/s per core | processor s | wall s | peak MB | "
        "Thriftline is faster by |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for name, result in results.items():
        rows, cpu = result["answers"]["rows"], result["cpu"]
        lines.append(
            f"| {ENGINES[name].title} | {rows / cpu:,.0f} | {size / 1e6 / cpu:,.1f} | {cpu:,.1f} | "
            f"{result['wall']:,.1f} | {result['rss_mb']:,.0f} | {cpu / ours:,.2f} |"
        )
    return "\n".join(lines)


def compare(path: Path, names: list[str], repeats: int) -> None:
    """Runs the engines in turn, and keeps each one's best run."""
    size = path.stat().st_size
    best: dict[str, dict[str, Any]] = {}
    for _ in range(repeats):
        for name in names:
            result = run_in_child(name, path)
            print(
                f"{name}: {result['cpu']:.1f} s of processor, {result['rss_mb']:.0f} MB", flush=True
            )
            if name not in best or result["cpu"] < best[name]["cpu"]:
                best[name] = result
    expected = best[names[0]]["answers"]
    for name, result in best.items():
        if result["answers"] != expected:
            raise SystemExit(f"{name} counts {result['answers']}\nbut {names[0]} {expected}")
    print(f"\n{size / 1e9:.2f} GB, {expected['rows']:,} records, the same answers by all:\n")
    print(json.dumps(expected))
    print()
    print(table(best, size))


def main() -> None:
    """Parses the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--megabytes", type=int, default=2000)
    parser.add_argument("--engines", nargs="+", default=list(ENGINES), choices=list(ENGINES))
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--engine", help=argparse.SUPPRESS)
    parser.add_argument("--file", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.engine:
        print(json.dumps(run_engine(arguments.engine, arguments.file)))
        return
    FOLDER.mkdir(parents=True, exist_ok=True)
    path = FOLDER / f"validation-{arguments.megabytes}.jsonl"
    if not path.exists():
        for stale in FOLDER.glob("validation-*.jsonl"):
            stale.unlink()
        print(f"making {arguments.megabytes} MB of JSON Lines", flush=True)
        generate(path, arguments.megabytes * 1_000_000)
    compare(path, arguments.engines, arguments.repeats)


if __name__ == "__main__":
    main()
