"""Confidence intervals, and the paired comparison of two models by the bootstrap.

Candidate and champion are resampled together, record by record, so that what is hard for both
does not blur the difference between them. What no resample moves is not sure for that: thirty
records that are all right say little of the next one. There the interval is as wide as Wilson's is
for none of so many records.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from thriftline.core.dataclass import dataclass
from thriftline.core.shares import wilson
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
    """The metrics of one model in each resample.

    ``records`` says of how many records each metric is a share, or as sure as one.
    """

    figures: Mapping[MetricName, FloatArray]
    observed: Mapping[MetricName, float]
    records: Mapping[MetricName, float]

    def of(self, metric: MetricName) -> FloatArray:
        """The resamples of the metric that the gate reads."""
        return self.figures[metric]

    def intervals(self, confidence: float) -> MetricIntervals:
        """The metrics' intervals; the accuracy is a share of the records, so it has Wilson's."""
        found = {
            name: interval(draws, confidence, self.records[name])
            for name, draws in self.figures.items()
        }
        records = self.records["accuracy"]
        low, high = wilson(self.observed["accuracy"] * records, records, confidence)
        return MetricIntervals.model_validate({**found, "accuracy": Interval(low=low, high=high)})


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
        _resampled_metrics(counts, model, found) for model, found in zip(models, parts, strict=True)
    )


def _resampled_metrics(
    counts: IntArray, model: Metrics, found: Sequence[Mapping[MetricName, FloatArray]]
) -> ResampledMetrics:
    records = float(counts.sum())
    observed = {name: float(row[0]) for name, row in model.figures(counts[np.newaxis, :]).items()}
    of_labels = _records_of_a_mean(model.label_records(counts))
    return ResampledMetrics(
        figures={name: np.concatenate([part[name] for part in found]) for name in found[0]},
        observed=observed,
        records={name: of_labels if name == "macro_f1" else records for name in observed},
    )


def _records_of_a_mean(supports: IntArray) -> float:
    """Returns how many records make one share as sure as the mean of the labels' shares is.

    Its variance is the mean of the labels' variances over their number: of K labels with n records
    each it is that of K²/Σ(1/n) records, which a rare label makes few.
    """
    present = supports[supports > 0]
    return float(len(present) ** 2 / (1 / present).sum()) if len(present) else 1.0


def interval(draws: FloatArray, confidence: float, records: float, least: float = 0.0) -> Interval:
    """Returns the percentile interval of a resampled figure, which lies in ``least`` to 1.

    Args:
        draws: the figure in each resample.
        confidence: between 0 and 1.
        records: of how many records it is a share; read where no resample moves it.
        least: -1 of a difference.
    """
    tail = (1 - confidence) / 2
    low, high = np.quantile(draws, [tail, 1 - tail]).tolist()
    if high - low <= _TOLERANCE:
        _, unseen = wilson(0, records, confidence)
        low, high = max(least, low - unseen), min(1.0, high + unseen)
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
