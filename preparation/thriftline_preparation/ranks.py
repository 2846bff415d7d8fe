"""Which rank of a label's hashes is cut at, and in which cell of them it lies."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

# Cells of all labels together that the driver counts.
MOST_CELLS = 1 << 20
MOST_BITS = 10


@dataclass(frozen=True)
class Wanted:
    """A rank of a label: which cell holds it, and its rank there."""

    label: str
    name: int
    cell: int
    rank: int


def cell_bits(labels: int) -> int:
    """Returns the bits of a cell's number so that the cells of all labels stay few."""
    return max(min(MOST_BITS, (MOST_CELLS // max(labels, 1)).bit_length() - 1), 0)


def wanted(label: str, cells: Iterable[tuple[int, int]], ranks: Iterable[int]) -> list[Wanted]:
    """Returns where each rank lies; a rank beyond the rows lies nowhere.

    Args:
        label: Whose rows these are.
        cells: Numbers of cells, ascending, and their rows.
        ranks: From 0; as many keys lie below the one of that rank.
    """
    numbers, counts = zip(*cells)
    ends = list(accumulate(counts))
    found = []
    for name, rank in enumerate(ranks):
        for number, count, end in zip(numbers, counts, ends):
            if rank < end:
                found.append(Wanted(label, name, number, rank - (end - count)))
                break
    return found


def sizes(clusters: int, validation_fraction: float, test_fraction: float) -> tuple[int, int]:
    """Returns how many clusters of a label are tested on and validated on.

    Rounded, and at least one of each that is wanted; training keeps at least one.
    """
    wanted = [
        max(int(clusters * share + 0.5), 1) if share > 0 else 0
        for share in (test_fraction, validation_fraction)
    ]
    while sum(wanted) >= clusters and sum(wanted) > 0:
        wanted[wanted.index(max(wanted))] -= 1
    return wanted[0], wanted[1]
