"""One repeat of one method on one workload, in a process of the method's own.

Each method lives in its own process, since they change global things: TF32, compilers' caches,
accelerate's state. The processes wait for one another, so the repeats of all methods alternate.
"""

import functools
import gc
import multiprocessing
import os
import warnings
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
import transformers

from benchmarks.trainer_baselines import (
    B0,
    B1,
    B2_BF16,
    B2_COMPILED,
    B2_FP32,
    Baselines,
    Listener,
    Settings,
)
from benchmarks.training_clock import StepClock, StepTimes
from benchmarks.training_data_sets import DataSet, Workload, made_up_data_set, real_data_set
from benchmarks.training_flops import EncoderShape, matmul_peak
from benchmarks.training_profile import Profile, ProfilingClock
from benchmarks.training_program import Program, count_tokens, fit, said_padding

OURS = "ours"
PEAK = "matmul peak"
BASELINES = {each.name: each for each in (B0, B1, B2_FP32, B2_BF16, B2_COMPILED)}


@dataclass(frozen=True)
class Task:
    """What one process is asked for."""

    method: str
    workload: Workload
    device: str
    folder: Path
    epochs: int = 1
    """The last one is measured."""
    few_steps: int | None = None
    """Only so many steps, for a method too slow to be waited for."""
    profiled: bool = False
    model_sizes: tuple[tuple[str, int], ...] = ()
    """Changes to BERT-base, for made-up workloads."""


@dataclass(frozen=True)
class Measured:
    """One repeat."""

    steps: StepTimes
    rows: int
    flops: float
    """Of the real tokens of all measured steps."""
    real_share: float
    """Real tokens among those in the matrix products."""
    peak_gib: float | None
    """Of GPU memory; None on a CPU."""
    profile: Profile | None


def measure(task: Task) -> Measured:
    """Runs one repeat here."""
    _prepare(task.device)
    device = torch.device(task.device)
    data, shape = _data_set(task.workload, task.folder, task.model_sizes)
    clock = StepClock(device)
    if task.profiled:
        # The very first steps of a process are its slowest.
        skip = task.workload.steps // 3
        clock = ProfilingClock(device, skip, max(1, min(10, task.workload.steps - skip - 1)))
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats()
    run = _run_ours if task.method == OURS else _run_baseline
    real_share = run(task, data, clock)
    steps = clock.steps()
    rows = len(steps.wall) * task.workload.rows_per_step
    gc.collect()  # a Trainer and its model know one another
    peak_gib = None
    if device.type == "cuda":
        peak_gib = torch.cuda.max_memory_allocated() / 2**30
        torch.cuda.empty_cache()
    return Measured(
        steps=steps,
        rows=rows,
        flops=shape.data_flops(data.lengths) * rows / len(data.lengths),
        real_share=real_share,
        peak_gib=peak_gib,
        profile=clock.profile() if isinstance(clock, ProfilingClock) else None,
    )


def _prepare(device: str) -> None:
    warnings.filterwarnings("ignore")
    transformers.logging.set_verbosity_error()
    if device == "cpu":
        torch.set_num_threads(1)


@functools.cache
def _data_set(
    workload: Workload, folder: Path, sizes: tuple[tuple[str, int], ...]
) -> tuple[DataSet, EncoderShape]:
    if workload.source:
        data = real_data_set(workload)
    else:
        data = made_up_data_set(workload, folder / ("tiny" if sizes else "base"), **dict(sizes))
    config = transformers.AutoConfig.from_pretrained(data.model, local_files_only=True)
    return data, EncoderShape.of(config)


@functools.cache
def _program(base: Path, workload: Workload, folder: Path, sizes: Any) -> Program:
    return Program(base, _data_set(workload, folder, sizes)[0])


@functools.cache
def _baselines(workload: Workload, folder: Path, sizes: Any, device: str) -> Baselines:
    return Baselines(_data_set(workload, folder, sizes)[0], torch.device(device))


def _settings(task: Task) -> Settings:
    epochs = 1 if task.few_steps else task.epochs
    return Settings(
        rows_per_step=task.workload.rows_per_step,
        steps=task.few_steps or task.workload.steps,
        epochs=epochs,
        warm_up_epochs=epochs - 1,
    )


def _run_ours(task: Task, data: DataSet, clock: StepClock) -> float:
    base = task.folder / f"job-{task.workload.name}-{os.getpid()}"
    program = _program(base, task.workload, task.folder, task.model_sizes)
    training = program.training(_settings(task), clock)
    if task.device != "cpu":
        return 1 - said_padding(fit(training))
    # A hook would hinder a GPU's compiler; here it checks what the program says.
    counted = count_tokens(training.network)
    fit(training)
    return data.tokens * task.epochs / counted["tokens"]


def _run_baseline(task: Task, data: DataSet, clock: StepClock) -> float:
    torch.compiler.reset()  # each repeat has a model of its own to compile
    baselines = _baselines(task.workload, task.folder, task.model_sizes, task.device)
    settings = _settings(task)
    baseline = BASELINES[task.method]
    trainer = baselines.train(baseline, settings, Listener(clock, settings.warm_up_epochs))
    rows = settings.total_steps * settings.rows_per_step
    share_of_rows = rows / len(data.lengths)
    return data.tokens * share_of_rows / trainer.padded_tokens


class Workers:
    """A process for each method; only one works at a time."""

    def __init__(self) -> None:
        self._pools: dict[str, ProcessPoolExecutor] = {}

    def measure(self, task: Task) -> Measured:
        """Runs one repeat in the method's process."""
        return self._pool(task.method).submit(measure, task).result()

    def peak(self, device: str, dtype: torch.dtype) -> float:
        """Measures the matrix products' peak in FLOP/s."""
        return self._pool(PEAK).submit(_peak, device, dtype).result()

    def _pool(self, method: str) -> ProcessPoolExecutor:
        if method not in self._pools:
            spawn = multiprocessing.get_context("spawn")
            self._pools[method] = ProcessPoolExecutor(1, mp_context=spawn)
        return self._pools[method]

    def close(self) -> None:
        """Ends the processes."""
        for pool in self._pools.values():
            pool.shutdown()
        self._pools.clear()


def _peak(device: str, dtype: torch.dtype) -> float:
    _prepare(device)
    return matmul_peak(torch.device(device), dtype)


def profiled(task: Task) -> Task:
    """The same, under the profiler."""
    return replace(task, profiled=True)
