"""A linear head on frozen features: logistic regression, for a few rows.

The features of a row are what the network's last matrix reads, with mean pooling where the kind of
network is known (`mean_pooling.py`). They are computed once for each split; the head is then the
minimum of

    mean loss of the rows  +  |W|^2 / (2 C rows)

for each C of a grid (scikit-learn's C; L-BFGS, Liu and Nocedal 1989); which one is taken,
`penalty_choice.py` says. Features are centred and have a mean square norm of 1 meanwhile.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from training_image.evaluation import FloatArray
from training_image.losses import Loss

INVERSE_L2 = (0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0)
"""The grid, from the strongest penalty to the weakest."""
MOST_ITERATIONS = 200


@dataclass(frozen=True)
class Head:
    """The last matrix and its bias, and what its training came to."""

    inverse_l2: float
    weight: torch.Tensor
    bias: torch.Tensor
    loss: float
    """Of the training rows, on the average, without the penalty."""


def last_linear(network: Any) -> tuple[str, torch.nn.Linear]:
    """Returns the matrix that makes logits of features, and its name."""
    found = [
        (name, each) for name, each in network.named_modules() if isinstance(each, torch.nn.Linear)
    ]
    return found[-1]


@contextmanager
def without_last_linear(network: Any) -> Iterator[int]:
    """Lets a network say its features in place of its logits; tells how many there are."""
    name, linear = last_linear(network)
    parent, _, own = name.rpartition(".")
    setattr(network.get_submodule(parent), own, torch.nn.Identity())
    try:
        yield linear.in_features
    finally:
        setattr(network.get_submodule(parent), own, linear)


def heads(features: FloatArray, truth: torch.Tensor, labels: int, loss: Loss) -> Iterator[Head]:
    """Yields the best head for each strength of the penalty.

    Args:
        features: [rows, width].
        truth: of the rows, as the loss takes it.
        labels: how many there are.
        loss: of logits and truth, summed over the rows, on the CPU.
    """
    middle = features.mean(axis=0, dtype=np.float64)
    centred = torch.from_numpy(features.astype(np.float64) - middle)
    scale = float(centred.square().sum(dim=1).mean().sqrt()) or 1.0
    centred /= scale
    weight = torch.zeros(labels, centred.shape[1], dtype=torch.float64)
    bias = torch.zeros(labels, dtype=torch.float64)
    for inverse_l2 in INVERSE_L2:
        found = _minimum(centred, truth, loss, inverse_l2, weight, bias)
        moved = weight / scale
        shifted = bias - moved @ torch.from_numpy(middle)
        yield Head(inverse_l2, moved.float(), shifted.float(), found / len(features))


def _minimum(
    features: torch.Tensor,
    truth: torch.Tensor,
    loss: Loss,
    inverse_l2: float,
    weight: torch.Tensor,
    bias: torch.Tensor,
) -> float:
    """Moves weight and bias to the minimum from where they are; returns the loss there."""
    weight.requires_grad_()
    bias.requires_grad_()
    optimizer = torch.optim.LBFGS(
        [weight, bias],
        max_iter=MOST_ITERATIONS,
        tolerance_grad=1e-6,
        line_search_fn="strong_wolfe",
    )
    of_rows = torch.zeros(())

    def objective() -> torch.Tensor:
        nonlocal of_rows
        optimizer.zero_grad()
        of_rows = loss(torch.nn.functional.linear(features, weight, bias), truth)
        total = of_rows / len(features) + weight.square().sum() / (2 * inverse_l2 * len(features))
        total.backward()  # type: ignore[no-untyped-call]
        return total

    optimizer.step(objective)  # type: ignore[no-untyped-call]
    weight.requires_grad_(False)
    bias.requires_grad_(False)
    return float(of_rows.detach())
