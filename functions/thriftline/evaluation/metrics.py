"""Accuracy, F1 and confusion, from counts by label and prediction."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from thriftline.evaluation.cells import Cells, FloatArray, IntArray
from thriftline.evaluation.document import ClassScores, ConfusedPair, Confusion

MAX_CONFUSION_LABELS = 60
_MOST_CONFUSED = 20


class _GroupSums:
    """Sums columns by group, for many rows of counts at once."""

    def __init__(self, groups: IntArray, number: int, use: npt.NDArray[np.bool_]) -> None:
        chosen = np.flatnonzero(use)
        self._order = chosen[np.argsort(groups[chosen], kind="stable")]
        self._present, self._starts = np.unique(groups[self._order], return_index=True)
        self._number = number

    def __call__(self, counts: IntArray) -> IntArray:
        sums = np.zeros((counts.shape[0], self._number), dtype=np.int64)
        if len(self._order):
            sums[:, self._present] = np.add.reduceat(counts[:, self._order], self._starts, axis=1)
        return sums


class ModelMetrics:
    """The metrics of one model, for one row of counts or for many."""

    def __init__(self, labels: int, truth: IntArray, predicted: IntArray) -> None:
        self._right = truth == predicted
        self._true_positives = _GroupSums(truth, labels, self._right)
        self._support = _GroupSums(truth, labels, np.ones_like(self._right))
        self._predicted = _GroupSums(predicted, labels, predicted < labels)

    def accuracy(self, counts: IntArray) -> FloatArray:
        """Share of the records that are right, for each row."""
        return np.asarray(counts[:, self._right].sum(axis=1) / counts.sum(axis=1))

    def macro_f1(self, counts: IntArray) -> FloatArray:
        """Mean F1 over the labels that occur or are predicted, for each row."""
        hits = 2 * self._true_positives(counts)
        named = self._support(counts) + self._predicted(counts)
        present = named > 0
        f1 = np.divide(hits, named, out=np.zeros(hits.shape), where=present)
        return np.asarray(f1.sum(axis=1) / np.maximum(1, present.sum(axis=1)))

    def by_class(self, counts: IntArray) -> tuple[IntArray, IntArray, IntArray]:
        """True positives, support and predictions of each label, for one row."""
        row = counts[np.newaxis, :]
        return self._true_positives(row)[0], self._support(row)[0], self._predicted(row)[0]


def class_scores(cells: Cells, predicted: IntArray) -> tuple[ClassScores, ...]:
    """Precision, recall and F1 of each label; what is not defined is None."""
    metrics = ModelMetrics(len(cells.labels), cells.truth, predicted)
    columns = (column.tolist() for column in metrics.by_class(cells.counts))
    return tuple(
        ClassScores(
            label=label,
            support=support,
            predicted=said,
            precision=hits / said if said else None,
            recall=hits / support if support else None,
            f1=2 * hits / (said + support) if said + support else None,
        )
        for label, hits, support, said in zip(cells.labels, *columns, strict=True)
    )


@dataclass(frozen=True)
class _Pairs:
    truth: IntArray
    predicted: IntArray
    counts: IntArray


def _pairs(cells: Cells, predicted: IntArray) -> _Pairs:
    width = len(cells.labels) + 2
    codes, where = np.unique(cells.truth * width + predicted, return_inverse=True)
    counts = np.bincount(where.ravel(), weights=cells.counts, minlength=len(codes))
    truth, said = np.divmod(codes, width)
    return _Pairs(truth, said, counts.astype(np.int64))


def confusion(cells: Cells, predicted: IntArray) -> Confusion | None:
    """The whole table, None when it would have too many labels to be read."""
    size = len(cells.labels)
    if size > MAX_CONFUSION_LABELS:
        return None
    table = np.zeros((size, size + 2), dtype=np.int64)
    pairs = _pairs(cells, predicted)
    table[pairs.truth, pairs.predicted] = pairs.counts
    return Confusion(
        labels=cells.labels,
        counts=tuple(tuple(row) for row in table[:, :size].tolist()),
        unusable=tuple(table[:, size:].sum(axis=1).tolist()),
    )


def most_confused(cells: Cells, predicted: IntArray) -> tuple[ConfusedPair, ...]:
    """The most frequent mistakes among the labels, the commonest first."""
    pairs = _pairs(cells, predicted)
    wrong = np.flatnonzero((pairs.truth != pairs.predicted) & (pairs.predicted < len(cells.labels)))
    order = wrong[np.argsort(-pairs.counts[wrong], kind="stable")][:_MOST_CONFUSED]
    return tuple(
        ConfusedPair(
            label=cells.labels[pairs.truth[i]],
            predicted=cells.labels[pairs.predicted[i]],
            count=int(pairs.counts[i]),
        )
        for i in order
    )
