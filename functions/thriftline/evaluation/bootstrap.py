"""Confidence intervals by the bootstrap, and the paired comparison of two models.

Candidate and champion are resampled together, record by record, so that what is hard for both
does not blur the difference between them.
"""

from dataclasses import dataclass

import numpy as np

from thriftline.evaluation.cells import Cells, FloatArray, IntArray, resampled
from thriftline.evaluation.document import Interval, McNemar, MetricIntervals, MetricName
from thriftline.evaluation.metrics import ModelMetrics

RESAMPLES = 2000
_FEWEST_RESAMPLES = 400
# Resamples times combinations that one evaluation may draw: some ten seconds of one core.
_WORK = 400_000_000
# Two metrics a rounding error apart are equal.
_TOLERANCE = 1e-12


@dataclass(frozen=True)
class Draws:
    """The metrics of one model in each resample."""

    accuracy: FloatArray
    macro_f1: FloatArray

    def of(self, metric: MetricName) -> FloatArray:
        """The resamples of the metric that the gate reads."""
        return self.accuracy if metric == "accuracy" else self.macro_f1

    def intervals(self, confidence: float) -> MetricIntervals:
        """Both metrics' intervals."""
        return MetricIntervals(
            accuracy=interval(self.accuracy, confidence),
            macro_f1=interval(self.macro_f1, confidence),
        )


def resamples_for(cells: Cells) -> int:
    """Returns how many resamples to draw: fewer only for a huge number of combinations."""
    return max(_FEWEST_RESAMPLES, min(RESAMPLES, _WORK // max(1, len(cells.counts))))


def draw(cells: Cells, resamples: int, seed: int) -> tuple[Draws, Draws | None]:
    """Returns the resampled metrics of the candidate and of the champion, in pairs."""
    models = [ModelMetrics(len(cells.labels), cells.truth, cells.candidate)]
    if cells.champion is not None:
        models.append(ModelMetrics(len(cells.labels), cells.truth, cells.champion))
    accuracy: list[list[FloatArray]] = [[] for _ in models]
    macro_f1: list[list[FloatArray]] = [[] for _ in models]
    for counts in resampled(cells.counts, resamples, seed):
        for index, model in enumerate(models):
            accuracy[index].append(model.accuracy(counts))
            macro_f1[index].append(model.macro_f1(counts))
    drawn = [
        Draws(np.concatenate(first), np.concatenate(second))
        for first, second in zip(accuracy, macro_f1, strict=True)
    ]
    return drawn[0], drawn[1] if len(drawn) > 1 else None


def interval(draws: FloatArray, confidence: float) -> Interval:
    """Returns the percentile interval of a resampled figure."""
    tail = (1 - confidence) / 2
    low, high = np.quantile(draws, [tail, 1 - tail]).tolist()
    return Interval(low=low, high=high)


def probability_worse(differences: FloatArray, margin: float) -> float:
    """Returns the share of the resamples that are worse by more than the margin."""
    return float((differences < -margin - _TOLERANCE).mean())


def mcnemar(cells: Cells, champion: IntArray) -> McNemar:
    """Returns McNemar's exact test: are the two models right equally often?"""
    candidate_right = cells.truth == cells.candidate
    champion_right = cells.truth == champion

    def count(first: bool, second: bool) -> int:
        chosen = (candidate_right == first) & (champion_right == second)
        return int(cells.counts[chosen].sum())

    only_candidate, only_champion = count(True, False), count(False, True)
    return McNemar(
        both_right=count(True, True),
        only_candidate_right=only_candidate,
        only_champion_right=only_champion,
        both_wrong=count(False, False),
        p_value=_binomial_p_value(
            min(only_candidate, only_champion), only_candidate + only_champion
        ),
    )


def _binomial_p_value(fewer: int, trials: int) -> float:
    """Two-sided p of at most ``fewer`` of ``trials`` when both sides are equally likely."""
    if not trials:
        return 1.0
    log_factorial = np.concatenate(([0.0], np.cumsum(np.log(np.arange(1, trials + 1)))))
    chosen = np.arange(fewer + 1)
    logs = log_factorial[trials] - log_factorial[chosen] - log_factorial[trials - chosen]
    largest = logs.max()
    log_tail = largest + np.log(np.exp(logs - largest).sum()) - trials * np.log(2)
    return float(min(1.0, 2 * np.exp(log_tail)))
