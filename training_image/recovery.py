"""A run's checkpoints: when one is due, what is in it, how a run goes on from one.

Among several ranks the lead reads and writes them. A rank that keeps a part of the weights gives
that to the whole before, and takes its part of it after.
"""

import time
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import torch

from training_image.checkpoint_interval import CheckpointPace
from training_image.checkpoints import (
    Checkpoint,
    Checkpoints,
    load_training_tensors,
    training_tensors,
)
from training_image.job import Job, JobError
from training_image.parallel import Ranks, like, whole
from training_image.progress import Progress, warn
from training_image.tensor_files import Tensors


class Recovery:
    """Saves and restores weights, moments and progress of one training."""

    def __init__(
        self,
        job: Job,
        network: torch.nn.Module,
        optimizer: torch.optim.Optimizer,
        scaler: torch.amp.GradScaler,
        spec: Mapping[str, Any],
        ranks: Ranks,
        device: torch.device,
    ) -> None:
        self._network, self._optimizer, self._scaler = network, optimizer, scaler
        self._spec, self._ranks, self._device = dict(spec), ranks, device
        self._fixed_interval = job.checkpoint_seconds
        self.checkpoints = Checkpoints(job.checkpoints, warn)
        # A checkpoint copies the weights beside the next forward pass, until they change.
        optimizer.register_step_pre_hook(lambda *_: self.checkpoints.wait_until_copied())

    def resume(self) -> tuple[Progress, Tensors] | None:
        """Goes back to the newest checkpoint; returns its progress and its best weights, if any.

        Raises:
            JobError: it is of another run.
        """
        found, failed = None, None
        try:
            found = self.checkpoints.newest(self._spec) if self._ranks.leads else None
        except JobError as error:
            failed = error
        self._ranks.raise_any(failed)
        rest = self._ranks.gather((found.progress, found.scaler) if found else None)[0]
        if rest is None:
            return None
        progress, scaler = rest
        tensors = self._ranks.from_lead(found.tensors if found else {}, self._device)
        best = self._ranks.from_lead(found.best_weights if found else {}, torch.device("cpu"))
        load_training_tensors(self._network, self._optimizer, self._parts(tensors))
        self._scaler.load_state_dict(scaler)
        return Progress(**progress), best

    def begin(self) -> None:
        """Starts the clock."""
        self._pace = CheckpointPace(time.monotonic(), self._fixed_interval)

    def is_due(self, progress: Progress) -> bool:
        """Whether to save now, after a step, as the lead sees it."""
        if not self._ranks.leads:
            return False
        now = time.monotonic()
        if not self._pace.has_begun:  # the optimiser has its moments from the first step on
            self.checkpoints.prepare(training_tensors(self._network, self._optimizer))
        evaluated = progress.evaluated_step == progress.step - 1
        self._pace.step(now, progress.tokens, self.checkpoints.busy, interrupted=evaluated)
        return self._pace.is_due(now, self.checkpoints.seconds_until_durable)

    def save(self, progress: Progress, best_weights: Tensors) -> None:
        """Begins to write a checkpoint beside the training; every rank must call it."""
        tensors = self._tensors()
        if self._ranks.leads:
            self.checkpoints.save(self._checkpoint(progress, tensors, best_weights))
            self._pace.saved(time.monotonic())

    def save_last(self, progress: Progress, best_weights: Tensors) -> None:
        """Writes a checkpoint of where the run stands, and verifies it; every rank must call it.

        Raises:
            JobError: it cannot be written.
        """
        if not progress.step:
            return
        tensors = self._tensors()
        if self._ranks.leads:
            self.checkpoints.save_last(self._checkpoint(progress, tensors, best_weights))

    def _checkpoint(self, progress: Progress, tensors: Tensors, best: Tensors) -> Checkpoint:
        return Checkpoint(
            step=progress.step,
            spec=self._spec,
            progress=asdict(progress),
            tensors=tensors,
            best_weights=best,
            scaler=self._scaler.state_dict(),
        )

    def _tensors(self) -> Tensors:
        return whole(training_tensors(self._network, self._optimizer))

    def _parts(self, tensors: Tensors) -> Tensors:
        """Returns this rank's parts of whole tensors."""
        weights = self._network.state_dict()
        updated = [each for group in self._optimizer.param_groups for each in group["params"]]
        parts: Tensors = {}
        for key, tensor in tensors.items():
            kind, name = key.split(".", 1)
            pattern = weights[name] if kind == "weights" else updated[int(name.split(".")[0])]
            parts[key] = like(tensor, pattern)
        return parts
