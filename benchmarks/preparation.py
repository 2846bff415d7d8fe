"""What the preparation of raw data costs, and its near-duplicates beside other tools.

    make bench-preparation                                  # both tables, 100 and 300 MB
    make bench-preparation BENCH="--megabytes 100 2000 --only cost"

Near-duplicates: every tool reads one corpus with planted copies and edits, in a process of its own.
Recall counts the exact pairs that a tool's pairs connect; precision counts its pairs that are
connected by exact ones. Cost: the whole program on local Spark, on made-up rows of short texts.

Processor seconds and memory are those of all processes that a command starts, sampled; memory is
the sum of their resident pages, a shared one counted once. Files lie in
``.thriftline/bench-preparation``.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.preparation_corpus import components, exact_pairs, planted, reviews, sentences
from benchmarks.preparation_tools import THRESHOLD, TOOLS

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / ".thriftline" / "bench-preparation"
SPARK = ROOT / ".venv-spark" / "bin" / "python"
ON_SPARK = "program-on-spark"
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Usage:
    """What a command used."""

    cpu_seconds: float
    wall_seconds: float
    peak_mb: float


def measured(command: list[str | Path], environment: dict[str, str]) -> Usage:
    """Runs a command and samples the processes of its session."""
    log = FOLDER / "log.txt"
    begun = time.monotonic()
    cpu = peak = 0.0
    with log.open("w", encoding="utf-8") as output:
        process = subprocess.Popen(
            command, stdout=output, stderr=output, env=environment, start_new_session=True, cwd=ROOT
        )
        while process.poll() is None:
            now = _session(process.pid)
            cpu, peak = max(cpu, now[0]), max(peak, now[1])
            time.sleep(0.25)
    if process.returncode:
        raise SystemExit(f"{command} failed:\n{log.read_text(encoding='utf-8')[-3000:]}")
    return Usage(cpu, time.monotonic() - begun, peak / 1e6)


def _session(number: int) -> tuple[float, float]:
    """Returns processor seconds, also of ended children, and resident bytes of a session."""
    cpu = resident = 0
    born = (time.clock_gettime(time.CLOCK_BOOTTIME) - 1) * TICKS
    for place in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = place.read_text().rsplit(")", 1)[1].split()
            if int(fields[3]) == number:
                cpu += sum(map(int, fields[11:15]))
                if int(fields[19]) > born:
                    continue  # a fork that runs no program yet shows its parent's pages as its own
                pages = (place.parent / "smaps_rollup").read_text()
                resident += 1024 * int(pages.split("Pss:", 1)[1].split()[0])
        except (OSError, IndexError):
            continue
    return cpu / TICKS, resident


def environment() -> dict[str, str]:
    """Returns the environment of every command: one thread a task, one gigabyte for the JVM."""
    settings = {
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.shuffle.partitions": "16",
        "spark.local.dir": str(FOLDER / "local"),
    }
    options = " ".join(f"--conf {name}={value}" for name, value in settings.items())
    return {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "OMP_NUM_THREADS": "1",
        "PYSPARK_PYTHON": str(SPARK),
        "PYSPARK_DRIVER_PYTHON": str(SPARK),
        "PYSPARK_SUBMIT_ARGS": f"--master local[2] --driver-memory 1g {options} pyspark-shell",
    }


def near_duplicates(tools: list[str]) -> None:
    """Prints precision, recall and cost of each tool on the planted corpus."""
    rows = planted(list(reviews()), copies=1000, edits=4000, chance=random.Random(14))
    texts = [text for text, _ in rows]
    corpus = FOLDER / "corpus.jsonl"
    with corpus.open("w", encoding="utf-8") as file:
        file.writelines(f"{json.dumps({'id': n, 'text': t})}\n" for n, t in enumerate(texts))
    truth = exact_pairs(texts, THRESHOLD)
    exact = components(truth)
    print(f"\n{len(texts):,} texts, {corpus.stat().st_size / 1e6:.0f} MB, {len(truth):,} pairs\n")
    print("| tool | precision | recall | CPU s | wall s | peak MB | CPU of the program |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    ours = None
    for tool in sorted(tools, key=lambda name: name != ON_SPARK):
        python = SPARK if tool == ON_SPARK else Path(sys.executable)
        output = FOLDER / f"{tool}.json"
        command: list[str | Path] = [
            python,
            "-m",
            "benchmarks.preparation_tools",
            tool,
            corpus,
            output,
        ]
        used = measured(command, environment())
        pairs = [(one, other) for one, other in json.loads(output.read_text())]
        right = sum(exact.get(one, -1) == exact.get(other, -2) for one, other in pairs)
        found = components(pairs)
        recall = sum(found.get(one, -1) == found.get(other, -2) for one, other in truth)
        ours = ours or used.cpu_seconds
        print(
            f"| {tool} | {right / len(pairs):.3f} | {recall / len(truth):.4f} |"
            f" {used.cpu_seconds:.1f} | {used.wall_seconds:.1f} | {used.peak_mb:,.0f} |"
            f" {used.cpu_seconds / ours:.2f} |",
            flush=True,
        )


def write_raw(path: Path, megabytes: int) -> int:
    """Writes JSON Lines of short texts: 5 % repeated, 5 % with one word more; returns the rows."""
    chance = random.Random(megabytes)
    made = sentences(1 << 40, chance, words=20_000, longest=35)
    earlier: list[str] = []
    rows = written = 0
    with path.open("w", encoding="utf-8") as file:
        while written < megabytes * 1_000_000:
            kind = chance.random()
            text = next(made)
            if earlier and kind < 0.05:
                text = chance.choice(earlier)
            elif earlier and kind < 0.1:
                text = f"{chance.choice(earlier)} more"
            if rows % 20 == 0:
                earlier.append(text)
            record = {"body": text, "verdict": chance.choice(("good", "bad", "neutral"))}
            written += file.write(f"{json.dumps(record, ensure_ascii=False)}\n")
            rows += 1
    return rows


def cost(sizes: list[int]) -> None:
    """Prints what the whole program costs at each size."""
    program = FOLDER / "prepare.py"
    subprocess.run([SPARK, ROOT / "preparation" / "bundle.py", program], check=True)
    print("\n| raw MB | rows | CPU s | CPU s per MB | wall s | peak MB |")
    print("| ---: | ---: | ---: | ---: | ---: | ---: |")
    for megabytes in sizes:
        raw = FOLDER / "raw.jsonl"
        rows = write_raw(raw, megabytes)
        configuration = FOLDER / "config.json"
        configuration.write_text(json.dumps(_configuration(raw)), encoding="utf-8")
        used = measured([SPARK, program, "--config", configuration], environment())
        size = raw.stat().st_size / 1e6
        print(
            f"| {size:,.0f} | {rows:,} | {used.cpu_seconds:.0f} | {used.cpu_seconds / size:.2f} |"
            f" {used.wall_seconds:.0f} | {used.peak_mb:,.0f} |",
            flush=True,
        )


def _configuration(raw: Path) -> dict[str, object]:
    return {
        "schema_version": "1.0",
        "run_id": "bench",
        "sources": [str(raw)],
        "columns": {"text": "body", "label": "verdict"},
        "near_duplicates": {"threshold": THRESHOLD},
        "conflicts": "majority",
        "output": str(FOLDER / "out"),
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--megabytes", type=int, nargs="+", default=[100, 300])
    parser.add_argument("--tools", nargs="+", choices=TOOLS, default=list(TOOLS))
    parser.add_argument("--only", choices=["near-duplicates", "cost"])
    given = parser.parse_args()
    FOLDER.mkdir(parents=True, exist_ok=True)
    if given.only != "cost":
        near_duplicates(given.tools)
    if given.only != "near-duplicates":
        cost(given.megabytes)
