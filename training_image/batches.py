"""How the rows of a step become the inputs of forward and backward passes, with little padding.

A step's rows are a random draw without regard to length. Inside the step they are sorted by length
and cut into passes whose gradients are summed: the gradient is that of the whole step. A packed
network reads a pass as one line of tokens, without any padding; for another one a pass is a
rectangle of rows of like length.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch

from training_image.data import IntArray, Split
from training_image.packing import Layout, Packing
from training_image.passes import packs, rectangles

# What one more forward and backward pass costs, in tokens: on a GPU about a thousand kernel
# launches of 5 us, at some 800,000 tokens a second; on a CPU, smaller matrix products.
PASS_OVERHEAD_TOKENS = {"cpu": 64, "cuda": 4096}


def pass_overhead(device: torch.device) -> int:
    """Returns what one more pass costs in tokens; an accelerator of another kind is like a GPU."""
    return PASS_OVERHEAD_TOKENS.get(device.type, PASS_OVERHEAD_TOKENS["cuda"])


class Batch(NamedTuple):
    """The model's inputs for some rows, and their truth."""

    inputs: dict[str, Any]
    truth: torch.Tensor
    rows: IntArray
    tokens: int
    padded_tokens: int


def batches(
    split: Split, rows: IntArray, packing: Packing | None, pass_tokens: int, device: torch.device
) -> Iterator[Batch]:
    """Yields the given rows of a split, cut into passes, as inputs on the device.

    Args:
        split: the split.
        rows: which of its rows.
        packing: how the network reads packed rows; None for rectangles.
        pass_tokens: the most tokens of a pass, padding included, unless one row has more.
        device: where the network is.
    """
    lengths = split.lengths_of(rows)
    if packing is not None:
        for group in packs(lengths, pass_tokens):
            yield packed(split, rows[group], packing, device)
    else:
        for group in rectangles(lengths, pass_tokens, pass_overhead(device)):
            yield rectangle(split, rows[group], device)


def packed(split: Split, rows: IntArray, packing: Packing, device: torch.device) -> Batch:
    """Lays rows end to end, in one line; equal lengths must be neighbours."""
    lengths = split.lengths_of(rows)
    starts = np.concatenate([[0], np.cumsum(lengths)])
    total = int(starts[-1])
    positions = np.arange(total) - np.repeat(starts[:-1], lengths)
    places = np.repeat(split.offsets[rows], lengths) + positions
    inputs: dict[str, Any] = {
        "input_ids": send(split.tokens[places].astype(np.int64)[np.newaxis], device),
        "position_ids": send((positions + packing.first_position)[np.newaxis], device),
        # Of the vectors that the head gets, which are one for each row.
        "attention_mask": torch.ones(len(rows), 1, dtype=torch.int64, device=device),
    }
    if split.tokenizer.has_pair_types:
        types = positions >= np.repeat(split.pair_starts[rows], lengths)
        inputs["token_type_ids"] = send(types.astype(np.int64)[np.newaxis], device)
    inputs["layout"] = Layout(
        runs=_runs(lengths) if device.type == "cpu" else (),
        starts=send(starts.astype(np.int32), device),
        longest=packing.longest,
    )
    return Batch(inputs, send(split.truth[rows], device), rows, total, total)


def _runs(lengths: IntArray) -> tuple[tuple[int, int], ...]:
    edges = np.flatnonzero(np.diff(lengths)) + 1
    firsts = np.concatenate([[0], edges])
    counts = np.diff(np.append(firsts, len(lengths)))
    return tuple(zip(counts.tolist(), lengths[firsts].tolist(), strict=True))


def rectangle(split: Split, rows: IntArray, device: torch.device) -> Batch:
    """Lays rows out as one rectangle, as wide as the longest."""
    starts, lengths = split.offsets[rows], split.lengths_of(rows)
    positions = np.arange(lengths.max())
    real = positions < lengths[:, np.newaxis]
    places = np.where(real, starts[:, np.newaxis] + positions, 0)
    tokens = np.where(real, split.tokens[places], split.tokenizer.pad_id)
    inputs = {"input_ids": send(tokens.astype(np.int64), device)}
    inputs["attention_mask"] = send(real.astype(np.int64), device)
    if split.tokenizer.has_pair_types:
        types = real & (positions >= split.pair_starts[rows][:, np.newaxis])
        inputs["token_type_ids"] = send(types.astype(np.int64), device)
    truth = send(split.truth[rows], device)
    return Batch(inputs, truth, rows, int(lengths.sum()), real.size)


def send(values: npt.NDArray[Any], device: torch.device) -> torch.Tensor:
    """Returns an array on a device; to a GPU it travels while others are computed."""
    tensor = torch.from_numpy(np.ascontiguousarray(values))
    if device.type == "cuda":
        return tensor.pin_memory().to(device, non_blocking=True)
    return tensor.to(device)
