"""The training loop: one run's steps, its evaluations and its checkpoints."""

import time
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
import torch

from training_image.batches import Batch, batches
from training_image.checkpoint_interval import CheckpointPace
from training_image.checkpoints import (
    Checkpoint,
    Checkpoints,
    load_training_tensors,
    training_tensors,
)
from training_image.config import TrainConfig
from training_image.data import IntArray, Split
from training_image.evaluation import Predictions, Scores, predict, score
from training_image.hardware import Hardware
from training_image.job import Job, JobError, StopSignal
from training_image.losses import make_loss
from training_image.models import Classifier
from training_image.optimizer import MAX_GRADIENT_NORM, make_optimizer, set_learning_rate
from training_image.progress import Progress, Reporter, warn
from training_image.schedule import Schedule, evaluation_places, learning_rate_share
from training_image.tensor_files import Tensors, copied


class Training:
    """The training of one classifier, from its first step or from a checkpoint."""

    def __init__(
        self,
        job: Job,
        config: TrainConfig,
        classifier: Classifier,
        splits: Mapping[str, Split],
        hardware: Hardware,
        stop: StopSignal,
    ) -> None:
        self.job, self.config, self.hardware, self.stop = job, config, hardware, stop
        self.classifier, self.splits = hardware.place(classifier), splits
        self.network: torch.nn.Module = classifier.network
        train = splits["train"]
        self.schedule = Schedule(
            len(train), len(train.tokens), config.batch_tokens, config.epochs, config.seed
        )
        self.evaluate_at = evaluation_places(self.schedule.steps_per_epoch, config.epochs)
        self.loss = make_loss(config, train, hardware.device)
        self.optimizer = make_optimizer(self.network, config)
        fp16 = hardware.dtype == torch.float16
        self.scaler = torch.amp.GradScaler(hardware.device.type, enabled=fp16)
        packed = self.classifier.packing is not None
        self.progress = Progress(pass_tokens=hardware.pass_tokens(self.network, packed))
        self.best_weights: Tensors = {}
        self.checkpoints = Checkpoints(job.checkpoints, warn)
        self.fixed_interval = job.checkpoint_seconds
        # A checkpoint copies the weights beside the next forward pass, until they change.
        self.optimizer.register_step_pre_hook(lambda *_: self.checkpoints.wait_until_copied())
        self.resumed_from_step = self._resume()

    def fit(self) -> None:
        """Trains to the last step, or until it does not get better any more.

        Raises:
            StopRequestedError: SIGTERM came.
        """
        progress = self.progress
        self.reporter = Reporter(progress, self.schedule.total_steps, self.hardware.device)
        self.pace = CheckpointPace(time.monotonic(), self.fixed_interval)
        # Evaluation comes first: a run that was interrupted in one starts with it.
        self._evaluate_if_due()
        while not self._is_finished():
            self.stop.check()
            self._step()
            self._save_if_due()
            self._evaluate_if_due()
        self.reporter.close()

    def _step(self) -> None:
        """One optimiser step over one random draw of rows."""
        progress, config = self.progress, self.config
        rows = self.schedule.rows(progress.step)
        while (too_large := self._gradients(rows)) is not None:
            self._halve_passes(too_large)
        share = learning_rate_share(
            progress.step, self.schedule.total_steps, config.warmup_fraction, config.lr_schedule
        )
        set_learning_rate(self.optimizer, config.learning_rate * share)
        self.scaler.unscale_(self.optimizer)
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), MAX_GRADIENT_NORM)
        self.scaler.step(self.optimizer)
        self.scaler.update()
        self.optimizer.zero_grad(set_to_none=True)
        progress.step += 1
        progress.samples += len(rows)
        self.reporter.step(self.epoch(progress.step), config.learning_rate * share)

    def _gradients(self, rows: IntArray) -> Batch | None:
        """Sums the gradients of the mean loss; returns a pass that the GPU cannot hold, if any."""
        progress, config, split = self.progress, self.config, self.splits["train"]
        # Dropout depends on seed and step alone: there is no generator's state to keep.
        draw = np.random.SeedSequence([config.seed, progress.step]).generate_state(1, np.uint64)
        torch.manual_seed(int(draw[0]))
        self.network.train()
        total = torch.zeros((), device=self.hardware.device)
        tokens = padded_tokens = 0
        packing, device = self.classifier.packing, self.hardware.device
        for batch in batches(split, rows, packing, progress.pass_tokens, device):
            try:
                with self.hardware.autocast():
                    logits = self.network(**batch.inputs).logits
                    loss = self.loss(logits, batch.truth)
                self.scaler.scale(loss / len(rows)).backward()  # type: ignore[no-untyped-call]
            except torch.OutOfMemoryError:
                return batch
            total += loss.detach()
            tokens += batch.tokens
            padded_tokens += batch.padded_tokens
        self.reporter.count(total, padded_tokens)
        progress.tokens += tokens
        return None

    def _halve_passes(self, too_large: Batch) -> None:
        """Makes passes half as long as one that the GPU cannot hold.

        Raises:
            JobError: it is one row.
        """
        self.optimizer.zero_grad(set_to_none=True)
        if len(too_large.rows) == 1:
            raise JobError(
                f"The GPU's memory cannot hold one row of {too_large.tokens} tokens; a shorter "
                "max_length needs less."
            )
        tokens = min(self.progress.pass_tokens, too_large.padded_tokens) // 2
        warn(f"The GPU's memory cannot hold a pass; from now on one has {tokens} tokens at most.")
        self.progress.pass_tokens = tokens
        if self.hardware.device.type == "cuda":
            torch.cuda.empty_cache()

    def _is_finished(self) -> bool:
        progress = self.progress
        since_best = progress.evaluated_step - progress.best.get("step", 0)
        out_of_patience = since_best >= self.config.patience * self.schedule.steps_per_epoch
        return out_of_patience or progress.step >= self.schedule.total_steps

    def epoch(self, step: float) -> float:
        """Returns the epochs done after a step, with their fraction."""
        return round(step / self.schedule.steps_per_epoch, 4)

    # Evaluation while it trains

    def _evaluate_if_due(self) -> None:
        progress = self.progress
        place = (progress.step - 1) % self.schedule.steps_per_epoch + 1
        if progress.evaluated_step == progress.step or place not in self.evaluate_at:
            return
        scores = score(self.predict("validation"), self.splits["validation"])
        if scores.loss is None:
            raise JobError(f"The validation loss at step {progress.step} is not a number.")
        progress.evaluated_step = progress.step
        epoch = self.epoch(progress.step)
        self.reporter.evaluation(epoch, scores)
        if self._is_better(scores):
            progress.best = {"step": progress.step, "epoch": epoch, **asdict(scores)}
            self.best_weights = copied(self.network.state_dict())

    def _is_better(self, scores: Scores) -> bool:
        """By the metric asked for; where that is equal, by the loss."""
        best, metric = self.progress.best, self.config.eval_metric
        if not best:
            return True
        now = asdict(scores)
        return (now[metric], -now["loss"]) > (best[metric], -best["loss"])

    def predict(self, split: str) -> Predictions:
        """Runs the network as it stands over a split."""
        return predict(
            self.classifier,
            self.splits[split],
            self.hardware.autocast(),
            self.progress.pass_tokens,
            self.stop.check,
        )

    def take_best(self) -> None:
        """Puts the best weights into the network."""
        self.checkpoints.wait_until_copied()
        self.network.load_state_dict(self.best_weights)

    # Checkpoints

    def save_last(self) -> None:
        """Writes a checkpoint of where the run stands, and verifies it.

        Raises:
            JobError: it cannot be written.
        """
        if self.progress.step:
            self.checkpoints.save_last(self._checkpoint())

    def _checkpoint(self) -> Checkpoint:
        self.reporter.seconds()
        return Checkpoint(
            step=self.progress.step,
            spec=self._spec(),
            progress=asdict(self.progress),
            tensors=training_tensors(self.network, self.optimizer),
            best_weights=self.best_weights,
            scaler=self.scaler.state_dict(),
        )

    def _save_if_due(self) -> None:
        now, progress = time.monotonic(), self.progress
        if not self.pace.has_begun:  # the optimiser has its moments from the first step on
            self.checkpoints.prepare(training_tensors(self.network, self.optimizer))
        evaluated = progress.evaluated_step == progress.step - 1
        self.pace.step(now, progress.tokens, self.checkpoints.busy, interrupted=evaluated)
        if self.pace.is_due(now, self.checkpoints.seconds_until_durable):
            self.checkpoints.save(self._checkpoint())
            self.pace.saved(now)

    def _resume(self) -> int | None:
        found = self.checkpoints.newest(self._spec())
        if found is None:
            return None
        load_training_tensors(self.network, self.optimizer, found.tensors)
        self.best_weights = found.best_weights
        self.scaler.load_state_dict(found.scaler)
        self.progress = Progress(**found.progress)
        return found.step

    def _spec(self) -> dict[str, Any]:
        """What decides the result. Neither the run's name nor the hardware does."""
        data = {f"{name} data": self.splits[name].digest for name in ("train", "validation")}
        return {**self.config.spec, **data}
