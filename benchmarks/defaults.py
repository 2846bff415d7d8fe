"""A default run beside TF-IDF, a linear head, SetFit, and a grid of settings, on small data sets.

    make bench-defaults
    make bench-defaults BENCH="--sizes 200 600 --methods default linear_head --minutes 30"
    make bench-defaults BENCH=--table

Each result is a line of .thriftline/bench-defaults/results.jsonl and is not measured again while
the rows and the code that decides it stay as they are: hours of processor time can be spent in
pieces. What costs least is measured first. The base model is MiniLM-L6 for all; DistilBERT, which
is the stack's default, is in no package.
"""

import argparse
import math
import os
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from statistics import mean

import torch

from benchmarks.defaults_data import SIZES, TASKS, Sample, Task, draw
from benchmarks.defaults_methods import GRID, SETFIT_PAIRS, measure, plan, settings
from benchmarks.defaults_results import Results, Wanted, key_of, version_of
from benchmarks.defaults_table import table
from thriftline.runs.domain.tokens import mean_tokens

METHODS = ("tfidf", "linear_head", "finetune", "default", "before", "setfit", "grid")
# A row costs a backward pass too, twice as much as the forward one.
BACKWARD = 3
MAX_LENGTH = 256


def wanted_of(
    sizes: Iterable[int], methods: Iterable[str], tasks: Iterable[Task], seeds: int, pairs: int
) -> Iterator[Wanted]:
    """Yields what to measure; of the grid each setting alone, so that it can be stopped between."""
    tasks, methods = list(tasks), list(methods)
    for rows in sizes:
        for task in tasks:
            for method in methods:
                each = {"grid": list(GRID), "setfit": [f"setfit {pairs}"]}.get(method, [method])
                for name in each:
                    for seed in range(seeds):
                        yield Wanted(task, rows, name, seed)


def cost(wanted: Wanted, sample: Sample, max_length: int) -> float:
    """Returns about how many tokens go forward through the encoder; a grid's all together."""
    tokens = mean_tokens(mean(len(text) for text, _ in sample.train), max_length)
    rows = len(sample.train)
    asked = len(sample.test) + len(sample.validation)
    if wanted.method == "tfidf":
        return 0.0
    if wanted.method.startswith("setfit"):
        return tokens * (asked + BACKWARD * rows * 4 * int(wanted.method.split()[1]))
    if wanted.method in GRID:
        return tokens * sum(
            asked + BACKWARD * rows * float(str(each["epochs"])) for each in GRID.values()
        )
    chosen = settings(wanted.method, sample, max_length)
    if chosen.get("method") == "linear_head":
        return tokens * (asked + rows)
    return tokens * (asked + BACKWARD * rows * float(chosen["epochs"]))


def same_as(method: str, sample: Sample, max_length: int) -> str:
    """Returns the method that a default run of these rows takes; else the method itself."""
    return str(plan(sample, max_length)["method"]) if method == "default" else method


def drawn(
    every: Iterable[Wanted], test_rows: int | None, max_length: int
) -> list[tuple[Wanted, Sample]]:
    """Returns what can be measured, with its rows, what costs least first."""
    samples: dict[tuple[str, int, int], Sample | None] = {}
    found: list[tuple[float, int, Wanted, Sample]] = []
    for number, wanted in enumerate(every):
        place = (wanted.task.name, wanted.rows, wanted.seed)
        if place not in samples:
            samples[place] = draw(wanted.task, wanted.rows, wanted.seed)
        if sample := samples[place]:
            sample = replace(sample, test=sample.test[:test_rows])
            found.append((cost(wanted, sample, max_length), number, wanted, sample))
    return [(wanted, sample) for _, _, wanted, sample in sorted(found, key=lambda one: one[:2])]


def run_all(
    every: Iterable[tuple[Wanted, Sample]], results: Results, max_length: int, minutes: float
) -> None:
    """Measures what is not known yet, until so many processor minutes are spent."""
    until = time.process_time() + 60 * minutes
    for wanted, sample in every:
        key = key_of(wanted, sample, max_length)
        if results.get(key):
            continue
        method = same_as(wanted.method, sample, max_length)
        same = key_of(replace(wanted, method=method), sample, max_length)
        result = results.get(same)
        if result is None:
            if time.process_time() > until:
                print("The time is up; the same command goes on.", file=sys.stderr)
                return
            result = measure(wanted.method, sample, wanted.seed, max_length)
        for each in dict.fromkeys((key, same)):
            results.add(each, result)
        print(
            f"{wanted.rows} {wanted.task.name}, {wanted.method}: {result['accuracy']:.3f}, "
            f"{result['processor_seconds']:.0f} processor s",
            file=sys.stderr,
        )


def main() -> None:
    """Measures what is not known yet and prints the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SIZES))
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=list(METHODS))
    parser.add_argument("--tasks", nargs="+", help="parts of the tasks' names")
    parser.add_argument("--seeds", type=int, default=1, help="draws of each data set")
    parser.add_argument("--test-rows", type=int, help="fewer test rows, for a slow machine")
    parser.add_argument("--max-length", type=int, default=MAX_LENGTH, help="tokens of a text")
    parser.add_argument(
        "--setfit-pairs", type=int, default=SETFIT_PAIRS, help="of each kind for each row"
    )
    parser.add_argument("--minutes", type=float, default=math.inf, help="of the processor")
    parser.add_argument("--table", action="store_true", help="measure nothing")
    parser.add_argument("--results", default=".thriftline/bench-defaults/results.jsonl")
    options = parser.parse_args()
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "2")))
    results = Results(Path(options.results))
    if not options.table:
        tasks = [t for t in TASKS if not options.tasks or any(p in t.name for p in options.tasks)]
        every = wanted_of(
            options.sizes, options.methods, tasks, options.seeds, options.setfit_pairs
        )
        run_all(
            drawn(every, options.test_rows, options.max_length),
            results,
            options.max_length,
            options.minutes,
        )
    print(table(results, version_of("default")))


if __name__ == "__main__":
    main()
