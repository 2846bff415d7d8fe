"""Scaling: the training program on 1, 2, … processes, started as SageMaker starts it.

    make bench-training-scaling                                  # every GPU; 2 processes on a CPU
    make bench-training-scaling BENCH="--processes 1 8"

Each process gets the same rows a step, so a step of N processes has N times the rows (weak
scaling). The rate is that of the steps after the first ones, by the lines that the program prints.
On a GPU the work is BERT-base on IMDB-like texts, 32 a step; on a CPU MiniLM on Rotten Tomatoes,
one thread a process, which says that it works, and little about speed: two processes share caches
and memory there. Balance is how many more tokens than the mean the fullest rank has in a step.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.training_data_sets import (
    DataSet,
    Workload,
    made_up_data_set,
    real_data_set,
    write_channels,
)
from benchmarks.training_plans import CPU_WORKLOADS, GPU_WORKLOADS
from benchmarks.training_speed import FOLDER, machine
from training_image.schedule import Schedule, share_of

PROGRAM = Path(__file__).resolve().parent.parent / "training_image" / "train"
EPOCHS = 4
"""The first two are warm-up."""


@dataclass(frozen=True)
class Scaled:
    """What a number of processes did."""

    processes: int
    rows_per_step: int
    samples_per_second: float
    imbalance: float
    """Of the fullest rank over the mean, on the average over the steps."""


def run_program(base: Path, data: DataSet, processes: int) -> list[dict[str, Any]]:
    """Runs the program, and returns its lines.

    Raises:
        SystemExit: it failed.
    """
    shutil.rmtree(base, ignore_errors=True)
    write_channels(base, data)
    config = base / "input" / "config"
    config.mkdir(parents=True)
    hyperparameters = {
        "base_model": "benchmark",
        "epochs": str(EPOCHS),
        "batch_tokens": str(batch_tokens(data, processes)),
        "max_length": str(data.workload.max_length),
        "patience": "100",
    }
    (config / "hyperparameters.json").write_text(json.dumps(hyperparameters))
    environment = {
        **os.environ,
        "SAGEMAKER_BASE_DIR": str(base),
        "THRIFTLINE_PROCESSES": str(processes),
        "THRIFTLINE_CHECKPOINT_SECONDS": "1e9",
    }
    if not torch.cuda.is_available():
        environment["OMP_NUM_THREADS"] = "1"
    done = subprocess.run(
        [sys.executable, str(PROGRAM)], env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"{processes} processes failed:\n{done.stderr[-2000:]}")
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def batch_tokens(data: DataSet, processes: int) -> int:
    """Tokens of a step in which each process has the workload's rows."""
    return round(data.workload.rows_per_step * processes * data.tokens / len(data.texts))


def steady_rate(lines: Sequence[dict[str, Any]], rows_per_step: int) -> float:
    """Samples a second between the line of the middle and the last line of a run."""
    steps = [line for line in lines if line["event"] == "step"]
    half = steps[-1]["total_steps"] / 2
    first = next((line for line in steps[:-1] if line["step"] >= half), steps[0])
    last = steps[-1]
    return float(
        (last["step"] - first["step"]) * rows_per_step / (last["seconds"] - first["seconds"])
    )


def imbalance(lengths: Sequence[int], tokens_per_step: int, processes: int) -> float:
    """How many more tokens than the mean the fullest rank has, on the average over an epoch."""
    known = np.array(lengths)
    schedule = Schedule(len(known), int(known.sum()), tokens_per_step, epochs=1, seed=42)
    found = []
    for step in range(schedule.total_steps):
        rows = schedule.rows(step)
        shares = [share_of(rows, known[rows], part, processes) for part in range(processes)]
        tokens = np.array([known[share].sum() for share in shares])
        found.append(tokens.max() / tokens.mean() - 1)
    return float(np.mean(found))


def measure(data: DataSet, processes: int) -> Scaled:
    """Runs one number of processes."""
    rows = data.workload.rows_per_step * processes
    lines = run_program(FOLDER / "job-scaling", data, processes)
    return Scaled(
        processes,
        rows,
        steady_rate(lines, rows),
        imbalance(data.lengths, batch_tokens(data, processes), processes),
    )


def scaling_table(results: Sequence[Scaled]) -> str:
    """A row for each number of processes, beside the first."""
    first = results[0]
    lines = [
        "| processes | samples a step | real samples/s | times the first | of perfect | "
        "fullest rank's tokens over the mean |",
        "| ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for each in results:
        ratio = each.samples_per_second / first.samples_per_second
        perfect = each.processes / first.processes
        lines.append(
            f"| {each.processes} | {each.rows_per_step} | {each.samples_per_second:,.1f} | "
            f"{ratio:.2f} | {ratio / perfect:.1%} | {each.imbalance:.2%} |"
        )
    return "\n".join(lines)


def workload_of(device: str, processes: int) -> Workload:
    """IMDB-like on GPUs, Rotten Tomatoes on a CPU; enough rows for the most processes."""
    base = GPU_WORKLOADS[0] if device == "cuda" else CPU_WORKLOADS[0]
    return replace(base, steps=(50 if device == "cuda" else 4) * processes)


def main() -> None:
    """Parses the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--processes", type=int, nargs="+")
    arguments = parser.parse_args()
    gpus = torch.cuda.device_count()
    counts = arguments.processes or ([1, gpus] if gpus else [1, 2])
    device = "cuda" if gpus else "cpu"
    FOLDER.mkdir(parents=True, exist_ok=True)
    workload = workload_of(device, max(counts))
    data = made_up_data_set(workload, FOLDER / "base") if gpus else real_data_set(workload)
    results = []
    for count in counts:
        results.append(measure(data, count))
        print(f"{count} processes: {results[-1].samples_per_second:,.1f} samples/s", flush=True)
    text = f"{datetime.now(UTC):%Y-%m-%d} UTC, {workload.title}, {machine(device)}.\n\n"
    text += scaling_table(results) + "\n"
    (FOLDER / f"scaling-{device}.md").write_text(text, encoding="utf-8")
    print(f"\n{text}")


if __name__ == "__main__":
    main()
