"""The training of a linear head on a frozen encoder, with the outputs that every training leaves.

A step is the fit of one penalty; all of them read the rows' features, which are computed once.
There are no checkpoints: a forward pass over the data is sooner done again than kept, and the
second attempt of an interrupted job ends with the same weights.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass

import numpy as np
import torch

from training_image.data import Split
from training_image.evaluation import (
    FloatArray,
    Predictions,
    Scores,
    log_likelihood,
    logits_of,
    score,
)
from training_image.job import DivergedError, JobError, StopRequestedError
from training_image.linear_head import INVERSE_L2, Head, heads, last_linear, without_last_linear
from training_image.losses import make_loss
from training_image.penalty_choice import held_out_losses, should_cross_validate
from training_image.progress import say
from training_image.tensor_files import copied
from training_image.training import Training


@dataclass(frozen=True)
class FittedHead:
    """A head, what it says of the validation split, and how good it is on rows it never saw.

    `held_out_loss` is None where the validation split is to be asked.
    """

    head: Head
    scores: Scores
    held_out_loss: float | None

    @property
    def judged(self) -> float:
        """The loss that heads are compared by: accuracies of a few rows are equal by luck.

        Raises:
            DivergedError: it is not a number.
        """
        loss = self.scores.loss if self.held_out_loss is None else self.held_out_loss
        if self.scores.loss is None or loss is None or not math.isfinite(loss + self.head.loss):
            raise DivergedError(
                f"The loss of the linear head at C = {self.head.inverse_l2:g} is none."
            )
        return loss


class HeadTraining(Training):
    """Fits the head for each penalty; the best on rows that it was not fitted to is kept."""

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
        best: float | None = None
        for fitted in fitted_heads(self):
            loss = fitted.judged
            self._report(fitted)
            if best is None or loss < best:
                best = loss
                self._keep(fitted)
        self.reporter.close()

    def save_last(self) -> None:
        """There is nothing to keep."""

    def epoch(self, step: float) -> float:
        """The rows go through the encoder once."""
        return 1.0 if step else 0.0

    def _report(self, fitted: FittedHead) -> None:
        progress = self.progress
        progress.step += 1
        progress.evaluated_step = progress.step
        progress.final_loss = round(fitted.head.loss, 6)
        self.reporter.fit(self.total_steps)
        self.reporter.evaluation(1.0, fitted.scores)

    def _keep(self, fitted: FittedHead) -> None:
        self.progress.best = {"step": self.progress.step, "epoch": 1.0, **asdict(fitted.scores)}
        put_head(self, fitted.head)
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


def fitted_heads(training: Training) -> Iterator[FittedHead]:
    """Yields the head of each penalty, and how good it is.

    Raises:
        StopRequestedError: SIGTERM came.
    """
    train, validation = training.splits["train"], training.splits["validation"]
    classifier = training.classifier
    features, seen = _features(training, train), _features(training, validation)
    loss = make_loss(training.config, train, torch.device("cpu"))
    truth = _truth(train)

    def check() -> None:
        if training.ranks.any(training.stop.requested):
            raise StopRequestedError

    losses: dict[float, float] = {}
    if should_cross_validate(len(train), len(validation)):
        both = torch.cat([truth, _truth(validation)])
        every = np.concatenate([features, seen])
        losses = held_out_losses(every, both, len(train.labels), loss, check)
    for head in heads(features, truth, len(train.labels), loss):
        logits = torch.nn.functional.linear(torch.from_numpy(seen), head.weight, head.bias)
        likelihood = log_likelihood(logits, classifier.multi_label).numpy()
        said = Predictions(classifier.labels, likelihood, classifier.multi_label)
        yield FittedHead(head, score(said, validation), losses.get(head.inverse_l2))
        check()


def _truth(split: Split) -> torch.Tensor:
    return torch.from_numpy(np.array(split.truth)).to(torch.int64)


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
