"""Cuts rows into passes by their lengths; without torch, for servers on another engine."""

import numpy as np

from training_image.data import IntArray


def packs(lengths: IntArray, pass_tokens: int) -> list[IntArray]:
    """Cuts rows into as few passes as will do, with about equal numbers of tokens.

    Args:
        lengths: tokens of each row.
        pass_tokens: the most tokens of a pass, unless one row has more.

    Returns:
        Indices into `lengths`, longest rows first, so that memory is asked for once.
    """
    order = np.argsort(-lengths, kind="stable")
    total = int(lengths.sum())
    target = -(-total // -(-total // pass_tokens)) if total else pass_tokens
    groups: list[IntArray] = []
    start, tokens = 0, 0
    for place, row in enumerate(order):
        length = int(lengths[row])
        if place > start and (tokens + length > pass_tokens or tokens >= target):
            groups.append(order[start:place])
            start, tokens = place, 0
        tokens += length
    if len(order):
        groups.append(order[start:])
    return groups


def rectangles(lengths: IntArray, pass_tokens: int, overhead: int) -> list[IntArray]:
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
