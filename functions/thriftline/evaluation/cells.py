"""Counts test records by (label, candidate's prediction, champion's prediction).

All metrics and all resamples are functions of these counts, so that a million predictions need no
more memory than their distinct combinations. A prediction that is missing, or is no label of the
data set, has an index past the last label: it is counted, and is never right.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field

import numpy as np
import numpy.typing as npt

from thriftline.core.dataclass import dataclass
from thriftline.evaluation.document import BaselineKind

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Batch:
    """Some test records as indices into the labels, with probabilities in the labels' order.

    Index ``len(labels)`` is a missing prediction, one more an unknown label. A record without
    probabilities has NaN in its row. ``untuned`` is what the base model answers. ``ids`` are the
    records' names, none where nobody asked for them.
    """

    truth: IntArray
    candidate: IntArray
    candidate_probabilities: FloatArray | None = None
    champion: IntArray | None = None
    champion_probabilities: FloatArray | None = None
    baseline: IntArray | None = None
    untuned: Mapping[BaselineKind, IntArray] = field(default_factory=dict)
    ids: tuple[str, ...] = ()


@dataclass(frozen=True)
class Cells:
    """Distinct combinations with their counts; ``champion`` is None when there is none."""

    labels: tuple[str, ...]
    truth: IntArray
    candidate: IntArray
    champion: IntArray | None
    counts: IntArray

    @property
    def records(self) -> int:
        """All test records."""
        return int(self.counts.sum())

    @property
    def missing(self) -> int:
        """The index of a prediction that is not there."""
        return len(self.labels)

    @property
    def unknown(self) -> int:
        """The index of a prediction that is no label."""
        return len(self.labels) + 1


class CellCounter:
    """Counts batch after batch."""

    def __init__(self, labels: Sequence[str], with_champion: bool) -> None:
        self._labels = tuple(labels)
        self._width = len(self._labels) + 2
        self._with_champion = with_champion
        self._counts: dict[int, int] = {}

    def add(self, batch: Batch) -> None:
        """Counts the records of a batch."""
        codes = batch.truth * self._width + batch.candidate
        if self._with_champion:
            if batch.champion is None:
                raise ValueError("a batch without the champion's predictions")
            codes = codes * self._width + batch.champion
        found, counts = np.unique(codes, return_counts=True)
        for code, count in zip(found.tolist(), counts.tolist(), strict=True):
            self._counts[code] = self._counts.get(code, 0) + count

    def cells(self) -> Cells:
        """Returns what was counted, in a fixed order so that a seed gives the same resamples."""
        codes = np.array(sorted(self._counts), dtype=np.int64)
        counts = np.array([self._counts[code] for code in codes.tolist()], dtype=np.int64)
        champion = None
        if self._with_champion:
            codes, champion = np.divmod(codes, self._width)
        truth, candidate = np.divmod(codes, self._width)
        return Cells(self._labels, truth, candidate, champion, counts)


def resampled(
    counts: IntArray, resamples: int, seed: int, memory_cells: int = 4_000_000
) -> Iterator[IntArray]:
    """Yields bootstrap resamples of the counts, as rows, some at a time to bound the memory.

    Drawing n records with replacement is one multinomial draw over the distinct combinations.
    """
    records = int(counts.sum())
    shares = counts / records
    random = np.random.default_rng(seed)
    at_once = max(1, min(resamples, memory_cells // max(1, len(counts))))
    for start in range(0, resamples, at_once):
        yield random.multinomial(records, shares, size=min(at_once, resamples - start))
