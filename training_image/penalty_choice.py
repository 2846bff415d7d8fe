"""Which penalty a linear head should have, told by rows that it was not fitted to.

A validation split of a few rows chooses by luck. Where it has fewer than `ENOUGH_ROWS`, the rows of
both splits are held out in turn, a fifth each time, and the heads that were fitted to the others
are asked about them (Stone 1974). Each row of the data then has its say, and none has taught the
head that it judges. The head that is kept is fitted to the training split alone all the same, so
that the validation split still says how good it is.
"""

from collections.abc import Callable, Iterator

import numpy as np
import torch

from training_image.data import IntArray
from training_image.evaluation import FloatArray
from training_image.linear_head import heads
from training_image.losses import Loss
from training_image.temperature import mean_loss

ENOUGH_ROWS = 200
FOLDS = 5
# Of both splits; so many rows take seconds.
MOST_ROWS = 2_500


def should_cross_validate(train_rows: int, validation_rows: int) -> bool:
    """Whether the validation split alone says too little, and the rows are few enough."""
    return validation_rows < ENOUGH_ROWS and FOLDS < train_rows + validation_rows <= MOST_ROWS


def held_out_losses(
    features: FloatArray,
    truth: torch.Tensor,
    labels: int,
    loss: Loss,
    check: Callable[[], None],
) -> dict[float, float]:
    """Returns the mean loss of rows that were held out, for each penalty.

    Args:
        features: [rows, width], of the training and the validation split.
        truth: of the rows, as the loss takes it.
        labels: how many there are.
        loss: what the heads make small.
        check: called between the folds; it may raise.
    """
    rows = len(features)
    found: dict[float, float] = {}
    for held in _folds(truth.numpy()):
        check()
        others = np.setdiff1d(np.arange(rows), held)
        asked = torch.from_numpy(features[held])
        for head in heads(features[others], truth[others], labels, loss):
            logits = torch.nn.functional.linear(asked, head.weight, head.bias)
            share = len(held) / rows
            found[head.inverse_l2] = found.get(head.inverse_l2, 0.0) + share * mean_loss(
                logits, truth[held]
            )
    return found


def _folds(truth: IntArray) -> Iterator[IntArray]:
    """Yields the rows of each fold, of every label as equal a share as can be."""
    order = np.random.default_rng(0).permutation(len(truth))
    if truth.ndim == 1:
        order = order[np.argsort(truth[order], kind="stable")]
    for fold in range(FOLDS):
        yield order[fold::FOLDS]
