"""What training makes small: cross-entropy over the labels, weighted and smoothed as asked for.

With one label a record, the loss of a row with the label y is, over the labels c,

    -(1 - e) w[y] log p[y]  -  e/k  sum_c w[c] log p[c]

where p is the softmax of the logits, e the label smoothing, k the number of labels and w their
weights: `torch.nn.functional.cross_entropy`. `balanced` is scikit-learn's n / (k * count), so that
the mean weight of a row is 1 (`compute_class_weight`; King and Zeng, 2001).

With several labels a record, it is the mean over the labels of

    -w[c] t[c] log s[c]  -  (1 - t[c]) log(1 - s[c])

where s is the sigmoid of the logits and t the target, 1 or 0, moved by e/2 towards 1/2:
`torch.nn.functional.binary_cross_entropy_with_logits` and its `pos_weight`, for which `balanced` is
the number of rows without the label by that of rows with it (at least 1), as its documentation
proposes.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import torch
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

from training_image.config import TrainConfig
from training_image.data import IntArray, Split
from training_image.job import JobError
from training_image.token_cache import shown

Loss = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
BLOCK_ROWS = 65_536


def make_loss(
    config: TrainConfig,
    split: Split,
    device: torch.device,
    total: Callable[[IntArray], IntArray] = lambda counts: counts,
) -> Loss:
    """Returns the loss of logits [rows, labels] against a batch's truth, summed over the rows.

    Args:
        config: says label smoothing and class weights.
        split: the training rows of this instance; their labels are counted where needed.
        device: where the logits are.
        total: adds up an array of counts over all instances, where each sees rows of its own.

    Raises:
        JobError: `class_weights` names a label that there is not, or leaves one out.
    """
    weights = class_weights(config.class_weights, split, total)
    weight = None if weights is None else torch.tensor(weights, dtype=torch.float32, device=device)
    smoothing = config.label_smoothing

    def one_label(logits: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
        return cross_entropy(
            logits.float(), truth, weight, reduction="sum", label_smoothing=smoothing
        )

    def many_labels(logits: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
        target = truth.float() * (1 - smoothing) + smoothing / 2
        loss = binary_cross_entropy_with_logits(
            logits.float(), target, pos_weight=weight, reduction="sum"
        )
        return loss / logits.shape[1]

    return many_labels if split.multi_label else one_label


def class_weights(
    wanted: str | dict[str, float],
    split: Split,
    total: Callable[[IntArray], IntArray] = lambda counts: counts,
) -> npt.NDArray[np.float64] | None:
    """Returns the weight of each label, None for no weights; see `make_loss`."""
    if wanted == "none":
        return None
    if isinstance(wanted, dict):
        return _given(wanted, split.labels)
    rows, *counts = total(np.array([len(split), *label_counts(split)]))
    count = np.array(counts, dtype=np.float64)
    if split.multi_label:
        odds: npt.NDArray[np.float64] = np.maximum(rows - count, 1) / np.maximum(count, 1)
        return odds
    balanced: npt.NDArray[np.float64] = rows / (len(count) * np.maximum(count, 1))
    return balanced


def label_counts(split: Split) -> IntArray:
    """Returns of how many rows each label is."""
    counts = np.zeros(len(split.labels), dtype=np.int64)
    for first in range(0, len(split), BLOCK_ROWS):
        block = split.truth[first : first + BLOCK_ROWS]
        if split.multi_label:
            counts += block.sum(axis=0, dtype=np.int64)
        else:
            counts += np.bincount(block, minlength=len(counts))
    return counts


def _given(wanted: dict[str, float], labels: tuple[str, ...]) -> npt.NDArray[np.float64]:
    unknown = [label for label in wanted if label not in labels]
    missing = [label for label in labels if label not in wanted]
    if unknown:
        raise JobError(
            f"Hyperparameters: class_weights names the label {unknown[0]!r}, which the training "
            f"split never has (it has {shown(labels)})."
        )
    if missing:
        raise JobError(
            f"Hyperparameters: class_weights has no weight for {shown(missing)}; every label of "
            "the training split needs one."
        )
    return np.array([wanted[label] for label in labels])
