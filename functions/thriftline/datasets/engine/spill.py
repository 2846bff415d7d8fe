"""Hashes of texts on disk, parted by their first bits, so that each part fits in memory.

A chunk of rows is sorted by part and appended to one file; the index says where each part of
each chunk lies. Reading one part of all chunks gives every row whose text could be the same.
"""

from dataclasses import field
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from thriftline.core.dataclass import dataclass

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


def sampled_parts(rows: int, most: int) -> int:
    """How many parts are compared: all, or as few halvings of them as hold ``most`` rows."""
    parts = PARTS
    while parts > 1 and rows * parts // PARTS > most:
        parts //= 2
    return parts


class HashSpill:
    """Collects the rows of one range and writes them to a file, a chunk at a time.

    Parts that will not be compared, because this range alone has too many rows, are dropped, so
    that the disk is bounded too.
    """

    def __init__(self, path: Path, chunk_rows: int, exact_rows: int) -> None:
        self.path = path
        self.index = SpillIndex()
        self.rows = 0
        self._chunk_rows = chunk_rows
        self._exact_rows = exact_rows
        self._parts = PARTS
        self._written = 0
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
        self.rows += len(rows)
        self._pending.append(rows)
        self._pending_rows += len(rows)
        if self._pending_rows >= self._chunk_rows:
            self.flush()

    def flush(self) -> None:
        """Writes what is pending as one chunk."""
        if not self._pending_rows:
            return
        rows = np.concatenate(self._pending)
        self._pending, self._pending_rows = [], 0
        part = part_of(rows[:, 0])
        self._write(rows.take(np.argsort(part, kind="stable"), axis=0), part)
        parts = sampled_parts(self.rows, self._exact_rows)
        if parts < self._parts:
            self._parts = parts
            self._join_chunks()

    def _write(self, rows: NDArray[np.uint64], part: NDArray[np.uint8]) -> None:
        sizes = np.bincount(part, minlength=PARTS)
        sizes[self._parts :] = 0
        starts = self._written + np.concatenate(([0], np.cumsum(sizes)))
        with self.path.open("ab") as file:
            rows[: sizes.sum()].tofile(file)
        self.index.chunks.append(starts.tolist())
        self._written += int(sizes.sum())

    def consolidate(self) -> None:
        """Brings each part together, so that it is one read instead of one a chunk."""
        self.flush()
        if len(self.index.chunks) > 1:
            self._join_chunks()

    def _join_chunks(self) -> None:
        joined = self.path.with_suffix(".joined")
        starts = [0]
        with self.path.open("rb") as file, joined.open("wb") as out:
            for part in range(PARTS):
                size = 0
                for offset, length in self.index.spans(part, part + 1):
                    if part < self._parts:
                        file.seek(offset)
                        size += out.write(file.read(length))
                starts.append(starts[-1] + size // ROW.itemsize)
        joined.replace(self.path)
        self.index.chunks = [starts]
        self._written = starts[-1]
