"""Hashes of texts on disk, parted by their first bits, so that each part fits in memory.

A chunk of rows is sorted by part and appended to one file; the index says where each part of
each chunk lies. Reading one part of all chunks gives every row whose text could be the same.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

PARTS: Final = 128
_PART_SHIFT: Final = np.uint64(64 - 7)
ROW: Final = np.dtype([("high", "<u8"), ("low", "<u8"), ("line", "<u4"), ("label", "<u4")])
Rows = NDArray[Any]


@dataclass(slots=True)
class SpillIndex:
    """Where each part lies: for each chunk, the first row of every part, and the end."""

    chunks: list[list[int]] = field(default_factory=list)

    def spans(self, first: int, stop: int) -> list[tuple[int, int]]:
        """Offset and length in bytes of neighbouring parts in each chunk that has some."""
        spans = [(chunk[first], chunk[stop]) for chunk in self.chunks]
        size = ROW.itemsize
        return [(a * size, (b - a) * size) for a, b in spans if b > a]


def part_of(high: NDArray[np.uint64]) -> NDArray[np.uint8]:
    """The part of each hash, by its first bits."""
    return (high >> _PART_SHIFT).astype(np.uint8)


class HashSpill:
    """Collects the rows of one range and writes them to a file, a chunk at a time."""

    def __init__(self, path: Path, chunk_rows: int) -> None:
        self.path = path
        self.index = SpillIndex()
        self.rows = 0
        self._chunk_rows = chunk_rows
        self._pending: list[NDArray[np.uint64]] = []
        self._pending_rows = 0

    def add(
        self, hashes: NDArray[np.uint64], lines: NDArray[np.uint32], labels: NDArray[np.int64]
    ) -> None:
        """Takes rows in any number."""
        # Three numbers move faster than a row of fields; the last holds line and label.
        rows = np.empty((len(hashes), 3), np.uint64)
        rows[:, :2] = hashes
        rows[:, 2] = labels
        rows[:, 2] <<= np.uint64(32)
        rows[:, 2] |= lines
        self._pending.append(rows)
        self._pending_rows += len(rows)
        if self._pending_rows >= self._chunk_rows:
            self.flush()

    def flush(self) -> None:
        """Writes what is pending as one chunk."""
        if not self._pending_rows:
            return
        rows = np.concatenate(self._pending)
        part = part_of(rows[:, 0])
        sizes = np.bincount(part, minlength=PARTS)
        starts = self.rows + np.concatenate(([0], np.cumsum(sizes)))
        with self.path.open("ab") as file:
            rows.take(np.argsort(part, kind="stable"), axis=0).tofile(file)
        self.index.chunks.append(starts.tolist())
        self.rows += len(rows)
        self._pending, self._pending_rows = [], 0

    def consolidate(self) -> None:
        """Brings each part together, so that it is one read instead of one a chunk."""
        self.flush()
        if len(self.index.chunks) <= 1:
            return
        joined = self.path.with_suffix(".joined")
        starts = [0]
        with self.path.open("rb") as file, joined.open("wb") as out:
            for part in range(PARTS):
                size = 0
                for offset, length in self.index.spans(part, part + 1):
                    file.seek(offset)
                    out.write(file.read(length))
                    size += length
                starts.append(starts[-1] + size // ROW.itemsize)
        joined.replace(self.path)
        self.index.chunks = [starts]
