"""Training speed: the training program beside transformers' Trainer, one command for CPU and GPU.

    make bench-training                                              # a GPU if there is one
    make bench-training BENCH="--device cpu --workloads rotten-tomatoes --repeats 1"
    make bench-training BENCH="--smoke"        # every path, in two minutes

Same model, rows, rows a step, steps, learning rate, clipping and machine for all; one thread and
one allocator on a CPU. Only real samples and real tokens count: padding earns nothing. The repeats
of the methods alternate, each method in a process of its own; every step counts with the least
time of its repeats, so that a neighbour on the machine disturbs the ratios least.

`MFU` is the FLOPs of the real tokens (training_flops.py) over the measured time, as a share of the
largest matrix product's rate, which is measured in the same run: bf16 on a GPU, on a CPU in the
numbers that our program computes in. The tables lie in `.thriftline/bench-training`.
"""

import argparse
import json
import os
import platform
import sys
from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path

import torch
import transformers

from benchmarks.allocator import restart_with_allocator
from benchmarks.training_data_sets import Workload
from benchmarks.training_methods import OURS, Measured, Workers, profiled
from benchmarks.training_plans import Plan, cpu_plan, gpu_plan, smoke_plan
from benchmarks.training_tables import (
    Result,
    best_b2,
    figures,
    profile_table,
    speed_table,
)
from training_image.hardware import Hardware

FOLDER = Path(__file__).resolve().parent.parent / ".thriftline" / "bench-training"


def measure_workload(
    plan: Plan, workload: Workload, workers: Workers, tell: Callable[[str], None]
) -> Result:
    """Runs all methods in turn, as often as the plan says, then looks where the time goes."""
    tell(f"{workload.title}, {workload.rows_per_step} samples a step")
    peaks = [workers.peak(plan.device, plan.dtype)]
    runs: dict[str, list[Measured]] = {}
    for repeat in range(plan.repeats):
        for method in plan.methods_of(workload, repeat):
            run = workers.measure(plan.task(method, workload, FOLDER))
            runs.setdefault(method, []).append(run)
            seconds = sum(run.steps.wall)
            tell(f"  {method}: {run.rows / seconds:,.2f} samples/s, {len(run.steps.wall)} steps")
    peaks.append(workers.peak(plan.device, plan.dtype))
    peak = max(peaks)
    found = {name: figures(each, peak, plan.device) for name, each in runs.items()}
    looked_at = (OURS, best_b2(found, plan.device))
    runs_looked_at = {
        method: workers.measure(profiled(plan.task(method, workload, FOLDER)))
        for method in looked_at
        if method in found
    }
    profiles = {name: run.profile for name, run in runs_looked_at.items() if run.profile}
    return Result(workload, peak, found, profiles)


def machine(device: str) -> str:
    """Names what computes."""
    if device == "cuda":
        return f"one {torch.cuda.get_device_name()}"
    model = platform.processor() or platform.machine()
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    return f"one thread of {model}, {torch.backends.cpu.get_cpu_capability()}"


def report(plan: Plan, results: list[Result], allocator: str, now: datetime) -> str:
    """The tables as they go into docs/benchmarks.md."""
    lines = [
        f"{now:%Y-%m-%d %H:%M} UTC, {machine(plan.device)}, torch {torch.__version__}, "
        f"transformers {transformers.__version__}, allocator of all: {allocator}."
    ]
    lines += plan.notes
    for result in results:
        workload = result.workload
        lines += [
            f"\n**{workload.title}, {workload.rows_per_step} samples a step**; the peak of "
            f"{str(plan.dtype).removeprefix('torch.')} matrix products is "
            f"{result.peak_flops / 1e12:,.3g} TFLOP/s.\n",
            speed_table(result, plan.device),
            "",
            profile_table(result.profiles),
        ]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Parses the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    parser.add_argument("--workloads", nargs="+", help="their names; all by default")
    parser.add_argument("--methods", nargs="+", help="their names; all by default")
    parser.add_argument("--repeats", type=int)
    parser.add_argument("--steps", type=int, help="optimiser steps that are measured")
    parser.add_argument("--smoke", action="store_true", help="tiny sizes: only whether it runs")
    arguments = parser.parse_args()
    FOLDER.mkdir(parents=True, exist_ok=True)
    allocator = restart_with_allocator(FOLDER / "jemalloc")
    os.environ.setdefault("KINETO_LOG_LEVEL", "99")  # the profiler's own messages
    plan = chosen_plan(arguments)
    say(f"{machine(plan.device)}; {allocator}")
    name = f"speed-{'smoke' if arguments.smoke else plan.device}"
    workers, results = Workers(), list[Result]()
    try:
        for workload in plan.workloads:
            results.append(measure_workload(plan, workload, workers, say))
            # What is measured is kept, should a later workload fail.
            text = report(plan, results, allocator, datetime.now(UTC))
            (FOLDER / f"{name}.md").write_text(text, encoding="utf-8")
            found = json.dumps([asdict(each) for each in results], indent=1)
            (FOLDER / f"{name}.json").write_text(found, encoding="utf-8")
    finally:
        workers.close()
    say(f"\n{text}\nwritten to {FOLDER / name}.md and .json")


def say(text: str) -> None:
    """Prints at once."""
    print(text, flush=True)


def chosen_plan(arguments: argparse.Namespace) -> Plan:
    """The machine's plan, and what the command line changes of it."""
    if arguments.device == "cpu":
        os.environ["CUDA_VISIBLE_DEVICES"] = ""  # for the methods' processes too
    with_gpu = torch.cuda.is_available()
    if arguments.device == "cuda" and not with_gpu:
        sys.exit("bench-training: there is no GPU that torch can use")
    # What our program computes in without a GPU is its own choice, by the processor.
    plan = gpu_plan() if with_gpu else cpu_plan(Hardware.find().dtype)
    if arguments.smoke:
        plan = smoke_plan(plan)
    workloads = tuple(
        replace(each, steps=arguments.steps or each.steps)
        for each in plan.workloads
        if not arguments.workloads or each.name in arguments.workloads
    )
    methods = tuple(
        each for each in plan.methods if not arguments.methods or each in arguments.methods
    )
    if not workloads or not methods:
        names = ", ".join(each.name for each in plan.workloads)
        sys.exit(f"bench-training: workloads are {names}; methods {', '.join(plan.methods)}")
    return replace(
        plan, workloads=workloads, methods=methods, repeats=arguments.repeats or plan.repeats
    )


if __name__ == "__main__":
    main()
