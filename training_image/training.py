"""The training loop: one run's steps, its evaluations and its checkpoints."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
import torch

from training_image.compiling import compiled
from training_image.config import TrainConfig
from training_image.data import IntArray, Split
from training_image.data_share import DataShare
from training_image.evaluation import Predictions, Scores, logits_of, predict, score
from training_image.gradients import Gradients, StepSums
from training_image.hardware import Hardware
from training_image.job import DivergedError, Job, StopRequestedError, StopSignal
from training_image.linear_head import last_linear
from training_image.losses import make_loss
from training_image.models import Classifier
from training_image.optimizer import MAX_GRADIENT_NORM, make_optimizer, set_learning_rate
from training_image.parallel import ALONE, Ranks, Votes, is_sharded, like, replicate, shard, whole
from training_image.progress import Progress, Reporter, say
from training_image.recovery import Recovery
from training_image.schedule import Schedule, evaluation_places, learning_rate_share
from training_image.temperature import fit_temperature
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
        ranks: Ranks = ALONE,
    ) -> None:
        self.job, self.config, self.hardware, self.stop = job, config, hardware, stop
        self.classifier, self.splits, self.ranks = hardware.place(classifier), splits, ranks
        self.network: torch.nn.Module = classifier.network
        self.share = DataShare.of(splits["train"], ranks)
        self.schedule = Schedule(
            self.share.rows,
            self.share.tokens,
            config.batch_tokens,
            config.epochs,
            config.seed,
            config.batch_rows,
        )
        self.evaluate_at = evaluation_places(self.schedule.steps_per_epoch, config.epochs)
        fp16 = hardware.dtype == torch.float16
        self.scaler = torch.amp.GradScaler(hardware.device.type, enabled=fp16)
        packed = self.classifier.packing is not None
        self.progress = Progress(pass_tokens=hardware.pass_tokens(self.network, packed))
        self.is_sharded = is_sharded(config.sharding, self.network, hardware.device, ranks)
        if self.is_sharded:
            shard(self.network, hardware.dtype)
        self.optimizer = make_optimizer(self.network, config)
        self.best_weights: Tensors = {}
        self.final_weights: Tensors = {}
        self.recovery = Recovery(
            job, self.network, self.optimizer, self.scaler, self._spec(), ranks, hardware.device
        )
        self.resumed_from_step: int | None = None
        if found := self.recovery.resume():
            self.progress, self.best_weights = found
            self.resumed_from_step = self.progress.step
        self.gradients = Gradients(
            self.classifier,
            self._wrapped(),
            self.share,
            make_loss(config, splits["train"], hardware.device, self._total),
            hardware,
            self.scaler,
            ranks,
            config.seed,
            equal_passes=self.is_sharded,
        )

    @property
    def total_steps(self) -> int:
        """Steps of the whole run."""
        return self.schedule.total_steps

    def _wrapped(self) -> torch.nn.Module:
        """Returns the network as passes call it: compiled, replicated, or sharded as it is."""
        if self.is_sharded:
            return self.network
        fast = compiled(
            self.network,
            self.job.compile_mode,
            packed=self.classifier.packing is not None,
            tokens=self.share.tokens * self.config.epochs,
            device=self.hardware.device,
        )
        return replicate(fast, self.ranks, self.hardware.device)

    def _total(self, counts: IntArray) -> IntArray:
        """Adds up counts of labels where machines have rows of their own."""
        if not self.share.is_sharded:
            return counts
        return self.ranks.sum(counts if self.ranks.leads_machine else np.zeros_like(counts))

    def fit(self, until: int | None = None, tell: Callable[..., None] = say) -> None:
        """Trains to the last step, or until it does not get better any more.

        Args:
            until: step after which to stop all the same; a later call goes on from there.
            tell: prints a line of an event and its values.

        Raises:
            DivergedError: a loss is not a number any more.
            StopRequestedError: SIGTERM came.
        """
        self.begin(tell)
        self.prepare()
        # Evaluation comes first: a run that was interrupted in one starts with it.
        self._evaluate_if_due()
        self._heed_stop()
        while not self._is_finished() and (until is None or self.progress.step < until):
            self._step()
            self._evaluate_if_due()
        self.votes.close()
        self.reporter.close()

    def prepare(self) -> None:
        """Does what comes before the first step: nothing here."""

    def begin(self, tell: Callable[..., None] = say) -> None:
        """Starts the clocks of what is printed and of the checkpoints."""
        steps, device = self.total_steps, self.hardware.device
        self.reporter = Reporter(
            self.progress, steps, device, self.ranks, self.job.hourly_rate_usd, tell
        )
        self.votes = Votes(self.ranks, 3)
        self.recovery.begin()

    def _heed_stop(self) -> None:
        if self.ranks.world == 1:
            self.stop.check()
        elif self.ranks.any(self.stop.requested):
            raise StopRequestedError

    def _step(self) -> None:
        """One optimiser step over one random draw of rows, and what is due after it."""
        progress, config = self.progress, self.config
        rows = self.schedule.rows(progress.step)
        sums, progress.pass_tokens = self.gradients.add(progress.step, rows, progress.pass_tokens)
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
        progress.tokens += self._tokens_of(rows, sums)
        self.reporter.count(sums.loss, sums.padded_tokens, config.learning_rate * share)
        stop, save, tell = self.votes.cast(
            self.stop.requested, self.recovery.is_due(progress), self.reporter.is_due()
        )
        self.reporter.step(self.epoch(progress.step), due=tell)
        if save:
            self.reporter.seconds()
            self.recovery.save(progress, self.best_weights)
        if self.ranks.world == 1:
            self.stop.check()
        elif stop:
            raise StopRequestedError

    def _tokens_of(self, rows: IntArray, sums: StepSums) -> int:
        """Returns the real tokens of a step on all ranks."""
        if self.share.is_sharded:
            return int(self.ranks.sum(np.array([sums.tokens]))[0])
        return int(self.share.split.lengths_of(rows).sum())

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
        scores = self.validate()
        progress.evaluated_step = progress.step
        epoch = self.epoch(progress.step)
        self.reporter.evaluation(epoch, scores)
        if self._is_better(scores):
            progress.best = {"step": progress.step, "epoch": epoch, **asdict(scores)}
            self.best_weights = copied(whole(self.network.state_dict()))

    def _is_better(self, scores: Scores) -> bool:
        """By the metric asked for; where that is equal, by the loss."""
        best, metric = self.progress.best, self.config.eval_metric
        if not best:
            return True
        now = asdict(scores)
        return (now[metric], -now["loss"]) > (best[metric], -best["loss"])

    def validate(self) -> Scores:
        """Scores the network as it stands on the validation split.

        Raises:
            DivergedError: the loss is not a number.
        """
        scores = score(self.predict("validation"), self.splits["validation"])
        if scores.loss is None:
            raise DivergedError(
                f"The validation loss at step {self.progress.step} is not a number."
            )
        return scores

    def predict(self, split: str) -> Predictions:
        """Runs the network as it stands over a split."""
        return predict(
            self.classifier,
            self.splits[split],
            self.hardware.autocast(),
            self.progress.pass_tokens,
            self.stop,
            self.ranks,
            equal_passes=self.is_sharded,
        )

    def take_best(self) -> None:
        """Puts the best weights into the network."""
        self.recovery.checkpoints.wait_until_copied()
        self._load(self.best_weights)

    def _load(self, weights: Tensors) -> None:
        pattern = self.network.state_dict()
        self.network.load_state_dict(
            {name: like(each, pattern[name]) for name, each in weights.items()}
        )

    def calibrate(self) -> float:
        """Divides the best weights' logits by a temperature that fits the validation split.

        Returns:
            The temperature.
        """
        split = self.splits["validation"]
        logits = logits_of(
            self.classifier,
            split,
            self.hardware.autocast(),
            self.progress.pass_tokens,
            self.stop,
            self.ranks,
            equal_passes=self.is_sharded,
        )
        temperature = fit_temperature(
            torch.from_numpy(logits), torch.from_numpy(np.array(split.truth))
        )
        name, _ = last_linear(self.classifier.network)
        parts = {f"{name}.weight", f"{name}.bias"} & self.best_weights.keys()
        scaled = {part: self.best_weights[part] / temperature for part in parts}
        # The best weights stay as they are: an attempt after this one fits the same temperature.
        self.final_weights = {**self.best_weights, **scaled}
        self._load(self.final_weights)
        return temperature

    def save_last(self) -> None:
        """Writes a checkpoint of where the run stands, and verifies it.

        Raises:
            JobError: it cannot be written.
        """
        self.reporter.seconds()
        self.recovery.save_last(self.progress, self.best_weights)

    def _spec(self) -> dict[str, Any]:
        """What decides the result. Neither the run's name nor the hardware does."""
        return {
            **self.config.spec,
            "train data": self.share.digest,
            "validation data": self.splits["validation"].digest,
        }
