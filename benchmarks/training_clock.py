"""Times optimiser steps so that a neighbour on the machine disturbs the figures least.

Every repeat of a method runs the same steps over the same rows. What counts is, step by step, the
least time of all repeats: whatever a neighbour took is in the others.
"""

import time
from collections.abc import Sequence
from typing import NamedTuple

import torch


class StepTimes(NamedTuple):
    """Seconds of each optimiser step of one epoch."""

    wall: list[float]
    processor: list[float]
    """Of all threads of this process."""


class StepClock:
    """Stamps the ends of optimiser steps; on a GPU by its own events, so nothing waits for it."""

    def __init__(self, device: torch.device) -> None:
        self._cuda = device.type == "cuda"
        self._stamps: list[tuple[float | torch.cuda.Event, float]] = []

    def start(self) -> None:
        """Forgets what was stamped, and starts the first step."""
        self._stamps.clear()
        if self._cuda:
            torch.cuda.synchronize()
        self.stamp()

    def stamp(self) -> None:
        """Ends a step, and starts the next."""
        now: float | torch.cuda.Event = time.perf_counter()
        if self._cuda:
            now = gpu_event()
            now.record()
        self._stamps.append((now, time.process_time()))

    def steps(self) -> StepTimes:
        """Returns the seconds between the stamps."""
        if self._cuda:
            torch.cuda.synchronize()
        pairs = list(zip(self._stamps, self._stamps[1:], strict=False))
        return StepTimes(
            wall=[_seconds(start[0], end[0]) for start, end in pairs],
            processor=[end[1] - start[1] for start, end in pairs],
        )


def gpu_event() -> torch.cuda.Event:
    """Returns a stamp for the GPU's own time."""
    return torch.cuda.Event(enable_timing=True)  # type: ignore[no-untyped-call]


def _seconds(start: float | torch.cuda.Event, end: float | torch.cuda.Event) -> float:
    if isinstance(start, float) and isinstance(end, float):
        return end - start
    assert isinstance(start, torch.cuda.Event)
    assert isinstance(end, torch.cuda.Event)
    return start.elapsed_time(end) / 1000


def least_seconds(repeats: Sequence[Sequence[float]]) -> float:
    """Returns the sum over steps of the least seconds of any repeat.

    Raises:
        ValueError: the repeats have different numbers of steps.
    """
    least: list[float] = [min(step) for step in zip(*repeats, strict=True)]
    return sum(least)
