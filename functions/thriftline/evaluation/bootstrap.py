"""Confidence intervals by the bootstrap, and the paired comparison of two models.

Candidate and champion are resampled together, record by record, so that what is hard for both
does not blur the difference between them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from thriftline.evaluation.cells import BoolArray, FloatArray, IntArray, resampled
from thriftline.evaluation.document import Interval, McNemar, MetricIntervals, MetricName
from thriftline.evaluation.metrics import Metrics

RESAMPLES = 2000
_FEWEST_RESAMPLES = 400
# Resamples times combinations that one evaluation may draw: some ten seconds of one core.
_WORK = 400_000_000
# Two metrics a rounding error apart are equal.
_TOLERANCE = 1e-12


@dataclass(frozen=True)
class ResampledMetrics:
    """The metrics of one model in each resample."""

    figures: Mapping[MetricName, FloatArray]

    def of(self, metric: MetricName) -> FloatArray:
        """The resamples of the metric that the gate reads."""
        return self.figures[metric]

    def intervals(self, confidence: float) -> MetricIntervals:
        """The metrics' intervals."""
        found = {name: interval(draws, confidence) for name, draws in self.figures.items()}
        return MetricIntervals.model_validate(found)


def resamples_for(combinations: int) -> int:
    """Returns how many resamples to draw: fewer only for a huge number of combinations."""
    return max(_FEWEST_RESAMPLES, min(RESAMPLES, _WORK // max(1, combinations)))


def draw(
    counts: IntArray, models: Sequence[Metrics], resamples: int, seed: int
) -> tuple[ResampledMetrics, ...]:
    """Returns the resampled metrics of each model, in pairs."""
    parts: list[list[Mapping[MetricName, FloatArray]]] = [[] for _ in models]
    for drawn in resampled(counts, resamples, seed):
        for found, model in zip(parts, models, strict=True):
            found.append(model.figures(drawn))
    return tuple(
        ResampledMetrics(
            {name: np.concatenate([part[name] for part in found]) for name in found[0]}
        )
        for found in parts
    )


def interval(draws: FloatArray, confidence: float) -> Interval:
    """Returns the percentile interval of a resampled figure."""
    tail = (1 - confidence) / 2
    low, high = np.quantile(draws, [tail, 1 - tail]).tolist()
    return Interval(low=low, high=high)


def probability_not_better(differences: FloatArray) -> float:
    """Returns the share of the resamples that are no better."""
    return float((differences <= _TOLERANCE).mean())


def probability_worse(differences: FloatArray, margin: float) -> float:
    """Returns the share of the resamples that are worse by more than the margin."""
    return float((differences < -margin - _TOLERANCE).mean())


def mcnemar(counts: IntArray, candidate_right: BoolArray, champion_right: BoolArray) -> McNemar:
    """Returns McNemar's exact test: are the two models right equally often?"""

    def count(first: bool, second: bool) -> int:
        chosen = (candidate_right == first) & (champion_right == second)
        return int(counts[chosen].sum())

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
