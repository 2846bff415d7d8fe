"""Runs of a project that have finished: what they were expected to take, and what they took."""

from collections.abc import Mapping
from typing import Any

from thriftline.core.dataclass import dataclass


@dataclass(frozen=True)
class FinishedRun:
    """One run that trained to its end.

    ``undisturbed`` is whether its only attempt did so without an interruption: the estimates learn
    from those alone.
    ``workload`` is the trainer's own description of the work, which its quote gave. ``place`` says
    where it trained, in the trainer's words too. ``seconds`` are those of the attempt on its
    machines, whatever was billed for them.
    """

    run_id: str
    trainer: str
    workload: Mapping[str, Any]
    place: Mapping[str, Any]
    seconds: int
    ended_at: str
    undisturbed: bool = True
