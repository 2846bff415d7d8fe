"""Which rows make an optimiser step, and how they are laid out so that little is padding.

A step's rows are a random draw without regard to length. Inside the step the rows are sorted
by length and cut into micro-batches whose gradients are summed: the gradient is that of the
whole batch, and the padding that a single rectangle would need is gone.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch

from training_image.data import IntArray, Split

# What one more forward and backward pass costs, in tokens: on a GPU about a thousand kernel
# launches of 5 us, at some 800,000 tokens a second; on a CPU, smaller matrix products.
PASS_OVERHEAD_TOKENS = {"cpu": 64, "cuda": 4096}
# The most tokens, padding included, of one forward and backward pass: it bounds the memory.
PASS_TOKENS = {"cpu": 8192, "cuda": 65_536}


class Batch(NamedTuple):
    """The model's inputs for some rows, and their labels."""

    inputs: dict[str, torch.Tensor]
    truth: torch.Tensor
    rows: IntArray
    tokens: int
    padded_tokens: int


class Schedule:
    """Which rows every step of a run gets: a function of seed and step, so resuming is free."""

    def __init__(self, split: Split, batch_tokens: int, epochs: int, seed: int) -> None:
        self._rows = len(split)
        self._seed = seed
        mean_length = len(split.tokens) / self._rows
        rows_per_step = max(1, round(batch_tokens / mean_length))
        self.steps_per_epoch = -(-self._rows // rows_per_step)
        self.total_steps = self.steps_per_epoch * epochs
        self._order: tuple[int, IntArray] = (-1, np.empty(0, dtype=np.int64))

    def rows(self, step: int) -> IntArray:
        """Returns the rows of a step, the first of which is 0; steps differ by one row at most."""
        epoch, place = divmod(step, self.steps_per_epoch)
        if self._order[0] != epoch:
            random = np.random.default_rng([self._seed, epoch])
            self._order = (epoch, random.permutation(self._rows))
        start = place * self._rows // self.steps_per_epoch
        end = (place + 1) * self._rows // self.steps_per_epoch
        return self._order[1][start:end]


def micro_batches(lengths: IntArray, pass_tokens: int, overhead: int) -> list[IntArray]:
    """Cuts rows into groups of like length, so that padding and passes cost least together.

    Args:
        lengths: tokens of each row.
        pass_tokens: the most tokens of a group, padding included, unless one row has more.
        overhead: what a group costs beyond its tokens.

    Returns:
        Indices into `lengths`, longest rows first, so that memory is asked for once.
    """
    order = np.argsort(lengths, kind="stable")
    distinct, first = np.unique(lengths[order], return_index=True)
    ends = np.append(first[1:], len(order))
    cuts = _cheapest_cuts(distinct, first, ends, overhead)
    groups: list[IntArray] = []
    for low, high in cuts:
        group = order[first[low] : ends[high]][::-1]
        size = max(1, pass_tokens // int(distinct[high]))
        groups += [group[i : i + size] for i in range(0, len(group), size)]
    return groups


def _cheapest_cuts(
    distinct: IntArray, first: IntArray, ends: IntArray, overhead: int
) -> list[tuple[int, int]]:
    """Dynamic programme over the distinct lengths; returns index ranges, longest first."""
    best = np.zeros(len(distinct) + 1, dtype=np.int64)
    start = np.zeros(len(distinct), dtype=np.int64)
    for last, length in enumerate(distinct):
        costs = best[: last + 1] + (ends[last] - first[: last + 1]) * length + overhead
        start[last] = costs.argmin()
        best[last + 1] = costs[start[last]]
    cuts: list[tuple[int, int]] = []
    last = len(distinct) - 1
    while last >= 0:
        cuts.append((int(start[last]), last))
        last = int(start[last]) - 1
    return cuts


def batches(split: Split, rows: IntArray, device: torch.device) -> Iterator[Batch]:
    """Yields the given rows of a split as micro-batches on the device."""
    kind = device.type
    groups = micro_batches(split.lengths_of(rows), PASS_TOKENS[kind], PASS_OVERHEAD_TOKENS[kind])
    for group in groups:
        yield collate(split, rows[group], device)


def collate(split: Split, rows: IntArray, device: torch.device) -> Batch:
    """Lays rows out as one rectangle, as wide as the longest."""
    starts, lengths = split.offsets[rows], split.lengths_of(rows)
    positions = np.arange(lengths.max())
    real = positions < lengths[:, np.newaxis]
    places = np.where(real, starts[:, np.newaxis] + positions, 0)
    tokens = np.where(real, split.tokens[places], split.tokenizer.pad_id)
    inputs = {"input_ids": _send(tokens.astype(np.int64), device)}
    inputs["attention_mask"] = _send(real.astype(np.int64), device)
    if split.tokenizer.has_pair_types:
        types = real & (positions >= split.pair_starts[rows][:, np.newaxis])
        inputs["token_type_ids"] = _send(types.astype(np.int64), device)
    truth = _send(split.truth[rows], device)
    return Batch(inputs, truth, rows, int(lengths.sum()), real.size)


def _send(values: npt.NDArray[Any], device: torch.device) -> torch.Tensor:
    tensor = torch.from_numpy(values)
    if device.type == "cuda":
        return tensor.pin_memory().to(device, non_blocking=True)
    return tensor
