"""A temperature for the probabilities, fitted on the validation split (Guo et al. 2017).

Logits divided by T > 1 are less sure of themselves, by T < 1 more. T is where

    sum of the validation rows' losses  +  (log T)^2 / (2 SPREAD^2)

is least: the second part is what is known before, namely that T is near 1. A few rows that are all
right by luck would else ask for a T of 0. The last matrix and its bias are divided by T, so whoever
loads the model has it: labels are the same, probabilities are not.
"""

import math

import torch

SPREAD = 0.5
"""Of log T: without any rows, T is within a factor of 2.7 with a probability of 95 %."""
MOST = 3.0
"""Of |log T|."""
_ROUNDS = 60
_GOLDEN = (math.sqrt(5) - 1) / 2


def fit_temperature(logits: torch.Tensor, truth: torch.Tensor) -> float:
    """Returns T for logits [rows, labels].

    Args:
        logits: of the validation split.
        truth: index of each row's label, or [rows, labels] of zeros and ones.
    """
    logits = logits.double()
    low, high = -MOST, MOST
    for _ in range(
        _ROUNDS
    ):  # golden section: the loss has one minimum in 1/T, and all but in log T
        width = _GOLDEN * (high - low)
        if _loss(logits, truth, high - width) < _loss(logits, truth, low + width):
            high = low + width
        else:
            low = high - width
    return math.exp((low + high) / 2)


def mean_loss(logits: torch.Tensor, truth: torch.Tensor) -> float:
    """Returns the loss of a row, on the average."""
    return _sum(logits.double(), truth) / len(logits)


def _loss(logits: torch.Tensor, truth: torch.Tensor, log_t: float) -> float:
    return _sum(logits / math.exp(log_t), truth) + log_t**2 / (2 * SPREAD**2)


def _sum(logits: torch.Tensor, truth: torch.Tensor) -> float:
    if truth.ndim == 2:
        each = torch.nn.functional.binary_cross_entropy_with_logits(
            logits, truth.double(), reduction="sum"
        )
        return float(each) / logits.shape[1]
    return float(torch.nn.functional.cross_entropy(logits, truth.long(), reduction="sum"))
