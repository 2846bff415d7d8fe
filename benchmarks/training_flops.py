"""What a training step must compute, and what the machine can: the share is the MFU."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from benchmarks.training_clock import StepClock


@dataclass(frozen=True)
class EncoderShape:
    """The sizes of a BERT-like encoder that decide its arithmetic."""

    layers: int
    hidden: int
    intermediate: int

    @classmethod
    def of(cls, config: Any) -> "EncoderShape":
        """Reads a transformers configuration of a BERT-like model."""
        return cls(config.num_hidden_layers, config.hidden_size, config.intermediate_size)

    def training_flops(self, length: float, mean_square: float | None = None) -> float:
        """FLOPs of forward and backward of one sample: three times the forward's.

        `6 n p L + 12 n H L^2 + 6 H^2` with `p = 4 H^2 + 2 H I` weights of linear maps a layer, and
        the pooler at the end. Look-ups of embeddings, norms and the optimiser count as nothing.

        Args:
            length: its tokens, or the mean over a data set.
            mean_square: over a data set, the mean of the squared lengths.
        """
        square = length**2 if mean_square is None else mean_square
        weights = 4 * self.hidden**2 + 2 * self.hidden * self.intermediate
        linear = 6 * self.layers * weights * length
        attention = 12 * self.layers * self.hidden * square
        return linear + attention + 6 * self.hidden**2

    def data_flops(self, lengths: Sequence[int]) -> float:
        """FLOPs of training on every row of a data set once, padding not counted."""
        rows = len(lengths)
        square = sum(length**2 for length in lengths) / rows
        return rows * self.training_flops(sum(lengths) / rows, square)


def matmul_peak(device: torch.device, dtype: torch.dtype) -> float:
    """Measures the FLOP/s of large square matrix products, as they go on one after another."""
    size, products, tries = (8192, 20, 5) if device.type == "cuda" else (1536, 1, 8)
    left = torch.randn(size, size, device=device).to(dtype)
    right = torch.randn(size, size, device=device).to(dtype)
    out = torch.empty_like(left)
    seconds = [_seconds_of(products, left, right, out) for _ in range(tries)]
    return products * 2 * size**3 / min(seconds[1:])  # the first one warms up


def _seconds_of(products: int, left: torch.Tensor, right: torch.Tensor, out: torch.Tensor) -> float:
    clock = StepClock(left.device)
    clock.start()
    for _ in range(products):
        torch.mm(left, right, out=out)
    clock.stamp()
    steps = clock.steps()
    # A processor's own seconds have no neighbour's in them.
    return steps.wall[0] if left.device.type == "cuda" else steps.processor[0]
