"""Calibration, Brier score and log loss, summed up batch after batch."""

import numpy as np

from thriftline.evaluation.cells import BoolArray, FloatArray, IntArray
from thriftline.evaluation.document import Calibration, ReliabilityBin

BINS = 10
# A probability of exactly 0 for the true label would make the mean infinite for ever.
_LEAST = float(np.finfo(np.float64).eps)


class CalibrationSums:
    """What calibration needs to remember of the records seen so far."""

    def __init__(self) -> None:
        self._counts = np.zeros(BINS)
        self._confidence = np.zeros(BINS)
        self._right = np.zeros(BINS)
        self._squared_error = 0.0
        self._log_loss = 0.0

    def add(self, truth: IntArray, probabilities: FloatArray) -> None:
        """Adds records; rows that have no probabilities (NaN) are left out."""
        known = ~np.isnan(probabilities).any(axis=1)
        truth, probabilities = truth[known], probabilities[known]
        if not len(truth):
            return
        rows = np.arange(len(truth))
        said = probabilities.argmax(axis=1)
        confidence = probabilities[rows, said]
        self._bin_up(confidence, said == truth)
        of_truth = probabilities[rows, truth]
        self._squared_error += float((probabilities**2).sum() - 2 * of_truth.sum() + len(truth))
        self._log_loss -= float(np.log(np.clip(of_truth, _LEAST, 1.0)).sum())

    def add_label_sets(self, truth: BoolArray, probabilities: FloatArray) -> None:
        """Adds records with any number of labels, each label of each record by itself."""
        known = ~np.isnan(probabilities).any(axis=1)
        carried, chance = truth[known].ravel(), probabilities[known].ravel()
        self._bin_up(chance, carried)
        self._squared_error += float(((chance - carried) ** 2).sum())
        of_truth = np.where(carried, chance, 1 - chance)
        self._log_loss -= float(np.log(np.clip(of_truth, _LEAST, 1.0)).sum())

    def _bin_up(self, confidence: FloatArray, right: BoolArray) -> None:
        # A bin holds its upper end: (0.8, 0.9]; the first holds 0 too.
        place = np.clip(np.ceil(confidence * BINS).astype(np.int64) - 1, 0, BINS - 1)
        self._counts += np.bincount(place, minlength=BINS)
        self._confidence += np.bincount(place, weights=confidence, minlength=BINS)
        self._right += np.bincount(place, weights=right, minlength=BINS)

    def result(self) -> Calibration | None:
        """Returns the calibration, None when no record had probabilities."""
        records = int(self._counts.sum())
        if not records:
            return None
        return Calibration(
            records=records,
            expected_calibration_error=float(np.abs(self._confidence - self._right).sum())
            / records,
            brier_score=max(0.0, self._squared_error / records),
            log_loss=max(0.0, self._log_loss / records),
            bins=tuple(self._bin(index) for index in range(BINS)),
        )

    def _bin(self, index: int) -> ReliabilityBin:
        count = int(self._counts[index])
        return ReliabilityBin(
            low=index / BINS,
            high=(index + 1) / BINS,
            count=count,
            confidence=float(self._confidence[index]) / count if count else None,
            accuracy=float(self._right[index]) / count if count else None,
        )
