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


class Moment(NamedTuple):
    """A point in time: seconds of a processor's clock, or an event of a GPU's."""

    wall: "float | torch.cuda.Event"
    processor: float


class StepClock:
    """Stamps the ends of optimiser steps; on a GPU by its own events, so nothing waits for it."""

    def __init__(self, device: torch.device) -> None:
        self._cuda = device.type == "cuda"
        self._steps: list[tuple[Moment, Moment]] = []
        self._started = self._now()

    def start(self) -> None:
        """Forgets what was stamped, and starts the first step."""
        self._steps.clear()
        self.resume()

    def resume(self) -> None:
        """Starts the next step anew: what came since the last one, an evaluation say, is none."""
        self._synchronize()
        self._started = self._now()

    def stamp(self) -> None:
        """Ends a step, and starts the next."""
        now = self._now()
        self._steps.append((self._started, now))
        self._started = now

    def steps(self) -> StepTimes:
        """Returns the seconds of each step."""
        self._synchronize()
        return StepTimes(
            wall=[_seconds(start.wall, end.wall) for start, end in self._steps],
            processor=[end.processor - start.processor for start, end in self._steps],
        )

    def _now(self) -> Moment:
        if not self._cuda:
            return Moment(time.perf_counter(), time.process_time())
        event = gpu_event()
        event.record()
        return Moment(event, time.process_time())

    def _synchronize(self) -> None:
        if self._cuda:
            torch.cuda.synchronize()


def gpu_event() -> torch.cuda.Event:
    """Returns a stamp for the GPU's own time."""
    return torch.cuda.Event(enable_timing=True)  # type: ignore[no-untyped-call]


def _seconds(start: float | torch.cuda.Event, end: float | torch.cuda.Event) -> float:
    if isinstance(start, float) and isinstance(end, float):
        return end - start
    assert isinstance(start, torch.cuda.Event)
    assert isinstance(end, torch.cuda.Event)
    milliseconds: float = start.elapsed_time(end)
    return milliseconds / 1000


def least_seconds(repeats: Sequence[Sequence[float]]) -> float:
    """Returns the sum over steps of the least seconds of any repeat.

    Raises:
        ValueError: the repeats have different numbers of steps.
    """
    least: list[float] = [min(step) for step in zip(*repeats, strict=True)]
    return sum(least)
