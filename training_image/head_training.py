"""The training of a linear head on a frozen encoder, with the outputs that every training leaves.

A step is the fit of one penalty; all of them read the rows' features, which are computed once.
There are no checkpoints: a forward pass over the data is sooner done again than kept, and the
second attempt of an interrupted job ends with the same weights.
"""

from collections.abc import Callable, Iterator
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
        refuse_parts(self)
        self.begin(tell)
        train = self.splits["train"]
        progress = self.progress
        progress.samples, progress.tokens = len(train), len(train.tokens)
        for head, predictions in fitted_heads(self):
            self._take(head, predictions)
        self.reporter.close()

    def save_last(self) -> None:
        """There is nothing to keep."""

    def epoch(self, step: float) -> float:
        """The rows go through the encoder once."""
        return 1.0 if step else 0.0

    def _take(self, head: Head, predictions: Predictions) -> None:
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
        put_head(self, head)
        self.best_weights = copied(self.network.state_dict())


def refuse_parts(training: Training) -> None:
    """Raises JobError where a machine lacks rows, or a GPU parts of the network."""
    method = training.config.method
    if training.share.is_sharded:
        raise JobError(
            f"Hyperparameters: method {method} reads all rows on each machine, but the "
            "channel train is sharded; take method finetune or replicate the channel."
        )
    if training.is_sharded:
        raise JobError(
            f"Hyperparameters: method {method} keeps the whole network on each GPU, and this "
            "one is spread over all of them (sharding); take method finetune."
        )


def fitted_heads(training: Training) -> Iterator[tuple[Head, Predictions]]:
    """Yields the head of each penalty, and what it predicts of the validation split.

    Raises:
        StopRequestedError: SIGTERM came.
    """
    train, classifier = training.splits["train"], training.classifier
    features, seen = _features(training, train), _features(training, training.splits["validation"])
    loss = make_loss(training.config, train, torch.device("cpu"))
    truth = torch.from_numpy(np.array(train.truth)).to(torch.int64)
    for head in heads(features, truth, len(train.labels), loss):
        logits = torch.nn.functional.linear(torch.from_numpy(seen), head.weight, head.bias)
        likelihood = log_likelihood(logits, classifier.multi_label).numpy()
        yield head, Predictions(classifier.labels, likelihood, classifier.multi_label)
        if training.ranks.any(training.stop.requested):
            raise StopRequestedError


def put_head(training: Training, head: Head) -> None:
    """Makes a head the network's last matrix."""
    _, linear = last_linear(training.classifier.network)
    with torch.no_grad():
        linear.weight.copy_(head.weight)
        linear.bias.copy_(head.bias)


def _features(training: Training, split: Split) -> FloatArray:
    with without_last_linear(training.classifier.network) as width:
        return logits_of(
            training.classifier,
            split,
            training.hardware.autocast(),
            training.progress.pass_tokens,
            training.stop,
            training.ranks,
            width=width,
        )
