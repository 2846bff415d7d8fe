"""Two models on the same test records, in pairs; or why they are not compared."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import NormalDist
from typing import Literal

import numpy as np
import numpy.typing as npt

from thriftline_notebook.answers import Answers, Label
from thriftline_notebook.retraining import Champion, Retraining

Metric = Literal["accuracy", "macro_f1"]
_NAMES = {"accuracy": "accuracy", "macro_f1": "macro-F1"}
_RESAMPLES = 2000
# Two differences a rounding error apart are equal.
_TOLERANCE = 1e-12
_Counts = npt.NDArray[np.int64]
_Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Comparison:
    """A difference with its interval, in favour of the retrained model where it is above 0."""

    metric: Metric
    own: float
    other: float
    low: float
    high: float
    records: int
    confidence: float

    @property
    def difference(self) -> float:
        """What the retrained model has more."""
        return self.own - self.other

    @property
    def sentence(self) -> str:
        """The comparison for a person."""
        return (
            f"{_NAMES[self.metric]} {self.own:.4f} against {self.other:.4f}, a difference of "
            f"{self.difference:+.4f} ({self.confidence:.0%} interval {self.low:+.4f} to "
            f"{self.high:+.4f})"
        )


@dataclass(frozen=True)
class NotCompared:
    """Why two models are not compared; the end of a sentence."""

    reason: str


def with_champion(
    answers: Answers,
    retraining: Retraining,
    champion: Champion | None,
    metric: Metric,
    confidence: float,
) -> Comparison | NotCompared:
    """Compare with the champion of now, which may not be the one that the job asked."""
    if champion is None:
        return NotCompared("no version of the project is approved")
    if retraining.not_asked is not None:
        return NotCompared(retraining.not_asked)
    asked = retraining.champion
    if asked is None or asked.package_arn != champion.package_arn:
        return NotCompared(
            f"version {champion.version} was approved after the job began, and has not seen these "
            "test records"
        )
    if not answers.champion_said:
        return NotCompared("the job left no answers of the champion")
    if set(answers.champion_labels or ()) != set(answers.labels):
        return NotCompared(f"version {champion.version} knows other labels")
    return compared(answers, answers.champion_said, metric, confidence)


def compared(
    answers: Answers, other: Mapping[str, Label], metric: Metric, confidence: float
) -> Comparison | NotCompared:
    """Compare a model with another's answers to the same records, by a paired bootstrap."""
    if answers.multi_label:
        return NotCompared("records have several labels, which this notebook does not compare")
    if other.keys() != answers.truth.keys():
        return NotCompared("they have not answered the same test records")
    cells = Counter((answers.truth[each], answers.said[each], other[each]) for each in other)
    counts = np.array(list(cells.values()), dtype=np.int64)
    codes = _codes(list(cells), answers.labels)
    draws = np.random.default_rng(0).multinomial(
        counts.sum(), counts / counts.sum(), size=_RESAMPLES
    )
    score = _accuracy if metric == "accuracy" else _macro_f1
    differences = score(draws, codes[:, 0], codes[:, 1]) - score(draws, codes[:, 0], codes[:, 2])
    low, high = _interval(differences, confidence, int(counts.sum()))
    whole = counts[np.newaxis, :]
    return Comparison(
        metric=metric,
        own=float(score(whole, codes[:, 0], codes[:, 1])[0]),
        other=float(score(whole, codes[:, 0], codes[:, 2])[0]),
        low=low,
        high=high,
        records=int(counts.sum()),
        confidence=confidence,
    )


def _interval(differences: _Floats, confidence: float, records: int) -> tuple[float, float]:
    """Where no resample moves the difference: as wide as Wilson's interval of none of so many."""
    low, high = np.quantile(differences, [(1 - confidence) / 2, (1 + confidence) / 2]).tolist()
    if high - low <= _TOLERANCE:
        square = NormalDist().inv_cdf((1 + confidence) / 2) ** 2
        unseen = square / (records + square)
        return max(-1.0, low - unseen), min(1.0, high + unseen)
    return low, high


def _codes(cells: list[tuple[Label, ...]], labels: tuple[str, ...]) -> _Counts:
    known: dict[Label, int] = {label: number for number, label in enumerate(labels)}
    # An answer that is none of the labels is wrong whatever is true.
    return np.array([[known.get(each, -1) for each in cell] for cell in cells], dtype=np.int64)


def _accuracy(draws: _Counts, truth: _Counts, said: _Counts) -> _Floats:
    right: _Floats = draws[:, truth == said].sum(axis=1) / draws.sum(axis=1)
    return right


def _macro_f1(draws: _Counts, truth: _Counts, said: _Counts) -> _Floats:
    """The mean over the labels that occur or are predicted, as the training program has it."""
    total = np.zeros(len(draws))
    present = np.zeros(len(draws))
    for label in range(max(int(truth.max()), int(said.max())) + 1):
        hits = draws[:, (truth == label) & (said == label)].sum(axis=1)
        both = draws[:, truth == label].sum(axis=1) + draws[:, said == label].sum(axis=1)
        total += np.divide(2 * hits, both, out=np.zeros(len(draws)), where=both > 0)
        present += both > 0
    return total / np.maximum(present, 1)
