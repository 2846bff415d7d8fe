"""The training of a linear head on a frozen encoder, with the outputs that every training leaves.

A step is the fit of one penalty; all of them read the rows' features, which are computed once.
There are no checkpoints: a forward pass over the data is sooner done again than kept, and the
second attempt of an interrupted job ends with the same weights.
"""

from collections.abc import Callable
from dataclasses import asdict

import numpy as np
import torch

from training_image.data import Split
from training_image.evaluation import FloatArray, Predictions, log_likelihood, logits_of, score
from training_image.job import DivergedError, JobError, StopRequestedError
from training_image.linear_head import INVERSE_L2, Head, heads, last_linear, without_last_linear
from training_image.losses import make_loss
from training_image.progress import say
from training_image.tensor_files import copied
from training_image.training import Training


class HeadTraining(Training):
    """Fits the head for each penalty; the best on the validation split is kept."""

    @property
    def total_steps(self) -> int:
        """One for each penalty."""
        return len(INVERSE_L2)

    def fit(self, until: int | None = None, tell: Callable[..., None] = say) -> None:
        """Computes the features and fits the heads.

        Raises:
            DivergedError: a loss is not a number.
            JobError: machines hold rows, or GPUs parts of the network, of their own.
            StopRequestedError: SIGTERM came.
        """
        if self.share.is_sharded:
            raise JobError(
                "Hyperparameters: method linear_head reads all rows on each machine, but the "
                "channel train is sharded; take method finetune or replicate the channel."
            )
        if self.is_sharded:
            raise JobError(
                "Hyperparameters: method linear_head keeps the whole network on each GPU, and this "
                "one is spread over all of them (sharding); take method finetune."
            )
        self.begin(tell)
        train, validation = self.splits["train"], self.splits["validation"]
        features, seen = self._features(train), self._features(validation)
        progress = self.progress
        progress.samples, progress.tokens = len(train), len(train.tokens)
        loss = make_loss(self.config, train, torch.device("cpu"))
        truth = torch.from_numpy(np.array(train.truth)).to(torch.int64)
        for head in heads(features, truth, len(train.labels), loss):
            self._take(head, self._predictions(head, seen), tell)
            if self.ranks.any(self.stop.requested):
                raise StopRequestedError
        self.reporter.close()

    def save_last(self) -> None:
        """There is nothing to keep."""

    def epoch(self, step: float) -> float:
        """The rows go through the encoder once."""
        return 1.0 if step else 0.0

    def _features(self, split: Split) -> FloatArray:
        network = self.classifier.network
        with without_last_linear(network) as width:
            return logits_of(
                self.classifier,
                split,
                self.hardware.autocast(),
                self.progress.pass_tokens,
                self.stop,
                self.ranks,
                width=width,
            )

    def _predictions(self, head: Head, features: FloatArray) -> Predictions:
        logits = torch.nn.functional.linear(torch.from_numpy(features), head.weight, head.bias)
        likelihood = log_likelihood(logits, self.classifier.multi_label).numpy()
        return Predictions(self.classifier.labels, likelihood, self.classifier.multi_label)

    def _take(self, head: Head, predictions: Predictions, tell: Callable[..., None]) -> None:
        """Reports one head, and keeps it where it is the best so far."""
        progress = self.progress
        scores = score(predictions, self.splits["validation"])
        progress.step += 1
        progress.evaluated_step = progress.step
        if scores.loss is None or not np.isfinite(head.loss):
            raise DivergedError(f"The loss of the linear head at C = {head.inverse_l2:g} is none.")
        progress.final_loss = round(head.loss, 6)
        self.reporter.fit(self.total_steps)
        self.reporter.evaluation(1.0, scores)
        # By the loss: accuracies on a few rows are often equal, and often by luck.
        if progress.best and scores.loss >= progress.best["loss"]:
            return
        progress.best = {"step": progress.step, "epoch": 1.0, **asdict(scores)}
        _, linear = last_linear(self.classifier.network)
        with torch.no_grad():
            linear.weight.copy_(head.weight)
            linear.bias.copy_(head.bias)
        self.best_weights = copied(self.network.state_dict())
