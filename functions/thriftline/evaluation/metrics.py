"""Accuracy, F1 and confusion, from counts by label and prediction."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from thriftline.core.dataclass import dataclass
from thriftline.evaluation.cells import BoolArray, Cells, FloatArray, IntArray
from thriftline.evaluation.document import ClassScores, ConfusedPair, Confusion, MetricName

MAX_CONFUSION_LABELS = 60
_MOST_CONFUSED = 20


class Metrics(Protocol):
    """One model's metrics as functions of how often each combination of a test record occurs."""

    @property
    def right(self) -> BoolArray:
        """Which combinations the model has wholly right."""

    def figures(self, counts: IntArray) -> dict[MetricName, FloatArray]:
        """Each metric, for each row of counts."""

    def label_records(self, counts: IntArray) -> IntArray:
        """How many records carry each label, for one row of counts."""


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
        self._right: BoolArray = truth == predicted
        self._true_positives = _GroupSums(truth, labels, self._right)
        self._support = _GroupSums(truth, labels, np.ones_like(self._right))
        self._predicted = _GroupSums(predicted, labels, predicted < labels)

    @property
    def right(self) -> BoolArray:
        """Which combinations the model has right."""
        return self._right

    def figures(self, counts: IntArray) -> dict[MetricName, FloatArray]:
        """Both metrics, for each row of counts."""
        return {"accuracy": self.accuracy(counts), "macro_f1": self.macro_f1(counts)}

    def accuracy(self, counts: IntArray) -> FloatArray:
        """Share of the records that are right, for each row."""
        return np.asarray(counts[:, self._right].sum(axis=1) / counts.sum(axis=1))

    def macro_f1(self, counts: IntArray) -> FloatArray:
        """Mean F1 over the labels that occur or are predicted, for each row."""
        return mean_f1(self._true_positives(counts), self._support(counts), self._predicted(counts))

    def label_records(self, counts: IntArray) -> IntArray:
        """How many records carry each label, for one row of counts."""
        return np.asarray(self._support(counts[np.newaxis, :])[0])

    def by_class(self, counts: IntArray) -> tuple[IntArray, IntArray, IntArray]:
        """True positives, support and predictions of each label, for one row."""
        row = counts[np.newaxis, :]
        return self._true_positives(row)[0], self._support(row)[0], self._predicted(row)[0]


def class_scores(cells: Cells, predicted: IntArray) -> tuple[ClassScores, ...]:
    """Precision, recall and F1 of each label; what is not defined is None."""
    metrics = ModelMetrics(len(cells.labels), cells.truth, predicted)
    return label_scores(cells.labels, *metrics.by_class(cells.counts))


def label_scores(
    labels: Sequence[str], hits: IntArray, support: IntArray, predicted: IntArray
) -> tuple[ClassScores, ...]:
    """Precision, recall and F1 of each label, from its counts; what is not defined is None."""
    columns = (column.tolist() for column in (hits, support, predicted))
    return tuple(
        ClassScores(
            label=label,
            support=carried,
            predicted=said,
            precision=right / said if said else None,
            recall=right / carried if carried else None,
            f1=2 * right / (said + carried) if said + carried else None,
        )
        for label, right, carried, said in zip(labels, *columns, strict=True)
    )


def mean_f1(hits: IntArray, support: IntArray, predicted: IntArray) -> FloatArray:
    """Mean F1 over the labels that occur or are predicted, for each row of the counts."""
    named = support + predicted
    present = named > 0
    f1 = np.divide(2 * hits, named, out=np.zeros(named.shape), where=present)
    return np.asarray(f1.sum(axis=1) / np.maximum(1, present.sum(axis=1)))


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
