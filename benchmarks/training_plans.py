"""What the training benchmark measures: workloads, methods and repeats of a CPU and of a GPU."""

from dataclasses import dataclass, replace
from pathlib import Path

import torch

from benchmarks.trainer_baselines import B0, B1, B2_BF16, B2_COMPILED, B2_FP32
from benchmarks.training_data_sets import Workload
from benchmarks.training_methods import OURS, Task

CPU_WORKLOADS = (
    Workload("rotten-tomatoes", "MiniLM-L6, Rotten Tomatoes, at most 128 tokens",
             "rotten_tomatoes", max_length=128, rows_per_step=32, steps=8),
    Workload("imdb", "MiniLM-L6, IMDB, at most 512 tokens",
             "imdb", max_length=512, rows_per_step=16, steps=4),
)  # fmt: skip
# Spreads such that the root mean square of the lengths is that of the real data sets, in relation
# to the mean: 1.14 for IMDB cut at 512, 1.1 for single sentences.
GPU_WORKLOADS = (
    Workload("imdb-like-32", "BERT-base, IMDB-like (mean 230, at most 512 tokens)",
             "", max_length=512, rows_per_step=32, steps=50, mean_length=230, spread=0.6),
    Workload("sst2-like-32", "BERT-base, SST-2-like (mean 25, at most 128 tokens)",
             "", max_length=128, rows_per_step=32, steps=50, mean_length=25, spread=0.45),
    Workload("sst2-like-256", "BERT-base, SST-2-like (mean 25, at most 128 tokens)",
             "", max_length=128, rows_per_step=256, steps=50, mean_length=25, spread=0.45),
)  # fmt: skip
SMOKE_WORKLOADS = (
    Workload("smoke-made-up", "a tiny BERT, made-up texts (mean 25, at most 64 tokens)",
             "", max_length=64, rows_per_step=8, steps=6, mean_length=25, spread=0.45),
    Workload("smoke-real", "MiniLM-L6, Rotten Tomatoes, at most 128 tokens",
             "rotten_tomatoes", max_length=128, rows_per_step=4, steps=2),
)  # fmt: skip
TINY = (
    ("hidden_size", 32),
    ("num_hidden_layers", 2),
    ("num_attention_heads", 2),
    ("intermediate_size", 64),
)


NO_ATTENTION_DROPOUT = (
    "Attention over packed rows has no dropout, so B2 trains without it too "
    "(`attention_probs_dropout_prob = 0`); B0 and B1 train as the model comes."
)


@dataclass(frozen=True)
class Plan:
    """What is measured on this machine."""

    device: str
    dtype: torch.dtype
    """Our program's numbers; the peak is measured in them too."""
    workloads: tuple[Workload, ...]
    methods: tuple[str, ...]
    repeats: int
    epochs: int
    """The last one is measured."""
    few_steps: dict[str, int]
    """Methods too slow to be waited for: how many steps they get, on the first workload, once."""
    notes: tuple[str, ...]
    model_sizes: tuple[tuple[str, int], ...] = ()

    def methods_of(self, workload: Workload, repeat: int) -> tuple[str, ...]:
        """Returns who takes part in a repeat."""
        once = repeat == 0 and workload == self.workloads[0]
        return tuple(each for each in self.methods if once or each not in self.few_steps)

    def task(self, method: str, workload: Workload, folder: Path) -> Task:
        """Returns one repeat."""
        return Task(
            method=method,
            workload=workload,
            device=self.device,
            folder=folder,
            epochs=self.epochs,
            few_steps=self.few_steps.get(method),
            model_sizes=self.model_sizes if not workload.source else (),
        )


def gpu_plan() -> Plan:
    """Two warm-up epochs for the compilers, then one that counts."""
    notes = (
        NO_ATTENTION_DROPOUT,
        "B2 is the faster of eager and compiled; both are shown.",
    )
    return Plan(
        device="cuda",
        dtype=torch.bfloat16,
        workloads=GPU_WORKLOADS,
        methods=(OURS, B2_BF16.name, B2_COMPILED.name, B1.name, B0.name),
        repeats=3,
        epochs=3,
        few_steps={},
        notes=notes,
    )


def cpu_plan(dtype: torch.dtype) -> Plan:
    """bf16 only where the processor has it: emulated it takes many times as long."""
    plan = Plan(
        device="cpu",
        dtype=dtype,
        workloads=CPU_WORKLOADS,
        methods=(OURS, B2_BF16.name, B2_FP32.name, B0.name, B1.name),
        repeats=2,
        epochs=1,
        few_steps={},
        notes=(
            NO_ATTENTION_DROPOUT,
            "One thread. torch.compile is left out: on a CPU it costs time at this size.",
        ),
    )
    if dtype == torch.bfloat16:
        return plan
    emulated = (
        f"This processor emulates bf16: {B1.name} gets one step, on the first workload alone, to "
        "show what that costs, and B2 is fp32.",
    )
    return replace(
        plan,
        methods=(OURS, B2_FP32.name, B0.name, B1.name),
        few_steps={B1.name: 1},
        notes=plan.notes + emulated,
    )


def smoke_plan(plan: Plan) -> Plan:
    """Every method and path on tiny sizes; its figures mean nothing."""
    compiled = tuple(each for each in plan.methods if each == B2_COMPILED.name)
    return replace(
        plan,
        workloads=SMOKE_WORKLOADS,
        methods=(OURS, B2_FP32.name, *compiled, B2_BF16.name, B0.name, B1.name),
        repeats=2,
        epochs=2,
        few_steps={B1.name: 1},
        notes=("A smoke run: the figures mean nothing.",),
        model_sizes=TINY,
    )
