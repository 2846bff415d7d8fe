"""Counts test records by the labels that they have and get, where one may have any number.

A combination is a set of true labels with what each model says. Sets are kept as bits, so that a
million different records with a hundred labels are some 40 MB.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from thriftline.core.dataclass import dataclass
from thriftline.evaluation.cells import BoolArray, FloatArray, IntArray
from thriftline.evaluation.document import MetricName
from thriftline.evaluation.metrics import mean_f1

Bits = npt.NDArray[np.uint8]
# Combinations whose sets are unpacked at once.
_BLOCK = 8192
# A byte says what else a model said: 255 is no answer, a smaller number so many unknown labels.
_NO_ANSWER = 255


@dataclass(frozen=True)
class PredictedSets:
    """What a model says of some records: ``given`` has a column for each label.

    ``unknown`` counts labels that the data set does not have; ``missing`` are records without an
    answer, which is not the answer that they have no label.
    """

    given: BoolArray
    unknown: IntArray
    missing: BoolArray
    probabilities: FloatArray | None = None

    def bits(self) -> Bits:
        """Each record as a row of bytes."""
        other = np.where(self.missing, _NO_ANSWER, np.minimum(self.unknown, _NO_ANSWER - 1))
        return np.column_stack([np.packbits(self.given, axis=1), other.astype(np.uint8)])


@dataclass(frozen=True)
class SetBatch:
    """Some test records; ``truth`` has a column for each label."""

    truth: BoolArray
    candidate: PredictedSets
    champion: PredictedSets | None = None
    baseline: PredictedSets | None = None


@dataclass(frozen=True)
class LabelSets:
    """Distinct combinations with their counts; ``champion`` is None when there is none."""

    labels: tuple[str, ...]
    counts: IntArray
    truth: Bits
    candidate: Bits
    champion: Bits | None


class LabelSetCounter:
    """Counts batch after batch."""

    def __init__(self, labels: Sequence[str], with_champion: bool) -> None:
        self._labels = tuple(labels)
        self._with_champion = with_champion
        self._counts: dict[bytes, int] = {}

    def add(self, batch: SetBatch) -> None:
        """Counts the records of a batch."""
        parts = [np.packbits(batch.truth, axis=1), batch.candidate.bits()]
        if self._with_champion:
            if batch.champion is None:
                raise ValueError("a batch without the champion's predictions")
            parts.append(batch.champion.bits())
        for row in np.column_stack(parts):
            key = row.tobytes()
            self._counts[key] = self._counts.get(key, 0) + 1

    def sets(self) -> LabelSets:
        """Returns what was counted, in a fixed order so that a seed gives the same resamples."""
        keys = sorted(self._counts)
        width = (len(self._labels) + 7) // 8
        rows = np.frombuffer(b"".join(keys), dtype=np.uint8).reshape(len(keys), -1)
        return LabelSets(
            self._labels,
            np.array([self._counts[key] for key in keys], dtype=np.int64),
            rows[:, :width],
            rows[:, width : 2 * width + 1],
            rows[:, 2 * width + 1 :] if self._with_champion else None,
        )


class SetMetrics:
    """The metrics of one model, for one row of counts or for many."""

    def __init__(self, sets: LabelSets, said: Bits) -> None:
        self._labels = len(sets.labels)
        self._truth, self._given = sets.truth, said[:, :-1]
        other = said[:, -1].astype(np.int64)
        self.missing: BoolArray = other == _NO_ANSWER
        self.unknown = np.where(self.missing, 0, other)
        self._right: BoolArray = (self._truth == self._given).all(axis=1) & (other == 0)

    @property
    def right(self) -> BoolArray:
        """Which combinations have every label right, and no other."""
        return self._right

    def figures(self, counts: IntArray) -> dict[MetricName, FloatArray]:
        """Subset accuracy, micro-F1 and macro-F1, for each row of counts."""
        hits, support, predicted = self.by_label(counts)
        named = support.sum(axis=1) + predicted.sum(axis=1) + counts @ self.unknown
        micro_f1 = np.divide(
            2 * hits.sum(axis=1), named, out=np.zeros(named.shape), where=named > 0
        )
        return {
            "accuracy": np.asarray(counts[:, self._right].sum(axis=1) / counts.sum(axis=1)),
            "micro_f1": micro_f1,
            "macro_f1": mean_f1(hits, support, predicted),
        }

    def label_records(self, counts: IntArray) -> IntArray:
        """How many records carry each label, for one row of counts."""
        _, support, _ = self.by_label(counts[np.newaxis, :])
        return np.asarray(support[0])

    def by_label(self, counts: IntArray) -> tuple[IntArray, IntArray, IntArray]:
        """True positives, support and predictions of each label, for each row of counts."""
        sums = np.zeros((3, len(counts), self._labels))
        for first, truth, given in self._blocks():
            part = counts[:, first : first + len(truth)].astype(np.float64)
            for total, carried in zip(sums, (truth & given, truth, given), strict=True):
                total += part @ carried
        hits, support, predicted = sums.astype(np.int64)
        return hits, support, predicted

    def _blocks(self) -> Iterator[tuple[int, Bits, Bits]]:
        for first in range(0, len(self._truth), _BLOCK):
            chosen = slice(first, first + _BLOCK)
            truth, given = (
                np.unpackbits(bits[chosen], axis=1, count=self._labels)
                for bits in (self._truth, self._given)
            )
            yield first, truth, given
