"""What limits a training step: a short torch.profiler run, its operators put into few kinds."""

import re
import time
from dataclasses import dataclass
from typing import Any

import torch
from torch.profiler import ProfilerActivity, profile

from benchmarks.training_clock import StepClock

# The first kind whose pattern a kernel's or operator's name matches, in this order.
KINDS = {
    "attention": r"flash|fmha|scaled_dot_product|attention|softmax|attn",
    "matrix products": r"gemm|cutlass|cublas|nvjet|xmma|splitk|aten::(add|b|badd)?mm|matmul|linear",
    "optimiser and clipping": r"adam|foreach|multi_tensor|lpnorm",
    "fused by the compiler": r"triton",
    "embeddings": r"embedding|gather|scatter|index",
    "copies and casts": r"memcpy|memset|copy|aten::(cat|zeros|empty|fill|zero)|dtod|htod|cast",
    "elementwise, norms, dropout": r"",
}


@dataclass(frozen=True)
class Profile:
    """Where the time of some optimiser steps goes."""

    seconds_per_step: float
    """Wall clock while profiled, which is slower than not profiled."""
    shares: dict[str, float]
    """Share of the wall clock in each kind of work of the device; what is left, it waited."""
    launches_per_step: float
    """Kernels of a GPU; operators on a CPU."""
    longest: list[tuple[str, float]]
    """The longest kernels or operators, as shares of the wall clock."""

    @property
    def waiting(self) -> float:
        """Share of the wall clock in which the device did nothing, or Python ran."""
        return max(0.0, 1 - sum(self.shares.values()))

    @property
    def limit(self) -> str:
        """What takes most, in words."""
        shares = {**self.shares, "launches and Python": self.waiting}
        kind = max(shares, key=shares.__getitem__)
        return f"{kind} ({shares[kind]:.0%})"


class ProfilingClock(StepClock):
    """A clock that profiles some of the steps that it would time."""

    def __init__(self, device: torch.device, skip: int, steps: int) -> None:
        super().__init__(device)
        activities = [ProfilerActivity.CPU]
        if device.type == "cuda":
            activities.append(ProfilerActivity.CUDA)
        self._skip, self._profiled = skip, steps
        self._profiler = profile(activities=activities)
        self._began = self._seconds = 0.0

    def start(self) -> None:
        """Starts the first step, and the profiler where none is skipped."""
        super().start()
        self._turn()

    def stamp(self) -> None:
        """Ends a step, and starts or stops the profiler where it is time for it."""
        super().stamp()
        self._turn()

    def _turn(self) -> None:
        done = len(self._steps)
        if done == self._skip:
            self._synchronize()
            self._profiler.start()
            self._began = time.perf_counter()
        elif done == self._skip + self._profiled:
            self._synchronize()
            self._seconds = time.perf_counter() - self._began
            self._profiler.stop()

    def profile(self) -> Profile:
        """Returns what was seen.

        Raises:
            RuntimeError: the training ended before the profiled steps did.
        """
        if not self._seconds:
            raise RuntimeError("the training ended before the profiled steps did")
        events = self._profiler.key_averages()
        seconds = {each.key: _seconds(each, self._cuda) for each in events}
        counts = {each.key: each.count for each in events if seconds[each.key] > 0}
        shares = dict.fromkeys(KINDS, 0.0)
        for name, spent in seconds.items():
            shares[kind_of(name)] += spent / self._seconds
        longest = sorted(seconds, key=seconds.__getitem__, reverse=True)[:12]
        return Profile(
            self._seconds / self._profiled,
            shares,
            sum(counts.values()) / self._profiled,
            [(name[:90], seconds[name] / self._seconds) for name in longest],
        )


def _seconds(event: Any, on_gpu: bool) -> float:
    if not on_gpu:
        return float(event.self_cpu_time_total) / 1e6
    # A span that somebody named covers kernels that count themselves.
    if event.device_type != torch._C._autograd.DeviceType.CUDA or event.is_user_annotation:
        return 0.0
    return float(event.self_device_time_total) / 1e6


def kind_of(name: str) -> str:
    """Returns the kind of work that a kernel or operator does, by its name."""
    low = name.lower()
    return next(kind for kind, pattern in KINDS.items() if re.search(pattern, low))
