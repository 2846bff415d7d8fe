"""Scores the candidate and the champion from batches of test records."""

from dataclasses import dataclass

import numpy as np

from thriftline.evaluation import bootstrap
from thriftline.evaluation.calibration import CalibrationSums
from thriftline.evaluation.cells import Batch, CellCounter, Cells, IntArray
from thriftline.evaluation.document import (
    Calibration,
    Comparison,
    MetricIntervals,
    MetricName,
    Scores,
)
from thriftline.evaluation.metrics import ModelMetrics, class_scores, confusion, most_confused


@dataclass(frozen=True)
class EvaluationSettings:
    """What the gate reads, and how intervals are made."""

    metric: MetricName
    margin: float
    confidence: float
    seed: int
    champion_model_package_arn: str | None = None


@dataclass(frozen=True)
class Evaluated:
    """Both models' scores and how they compare."""

    records: int
    resamples: int
    candidate: Scores
    champion: Scores | None
    comparison: Comparison | None


class Evaluator:
    """Takes in the test records batch after batch, then gives the scores."""

    def __init__(self, labels: tuple[str, ...], with_champion: bool) -> None:
        self._counter = CellCounter(labels, with_champion)
        self._candidate = CalibrationSums()
        self._champion = CalibrationSums()

    def add(self, batch: Batch) -> None:
        """Counts a batch of test records."""
        self._counter.add(batch)
        if batch.candidate_probabilities is not None:
            self._candidate.add(batch.truth, batch.candidate_probabilities)
        if batch.champion_probabilities is not None:
            self._champion.add(batch.truth, batch.champion_probabilities)

    def result(self, settings: EvaluationSettings) -> Evaluated:
        """Returns the scores; at least one record must have been added."""
        cells = self._counter.cells()
        resamples = bootstrap.resamples_for(cells)
        draws, champion_draws = bootstrap.draw(cells, resamples, settings.seed)
        candidate = _scores(
            cells, cells.candidate, draws.intervals(settings.confidence), self._candidate.result()
        )
        if cells.champion is None or champion_draws is None:
            return Evaluated(cells.records, resamples, candidate, None, None)
        champion = _scores(
            cells,
            cells.champion,
            champion_draws.intervals(settings.confidence),
            self._champion.result(),
        )
        differences = draws.of(settings.metric) - champion_draws.of(settings.metric)
        own, other = getattr(candidate, settings.metric), getattr(champion, settings.metric)
        comparison = Comparison(
            champion_model_package_arn=settings.champion_model_package_arn,
            metric=settings.metric,
            candidate=own,
            champion=other,
            difference=own - other,
            interval=bootstrap.interval(differences, settings.confidence),
            margin=settings.margin,
            probability_worse=bootstrap.probability_worse(differences, settings.margin),
            mcnemar=bootstrap.mcnemar(cells, cells.champion),
        )
        return Evaluated(cells.records, resamples, candidate, champion, comparison)


def _scores(
    cells: Cells,
    predicted: IntArray,
    intervals: MetricIntervals,
    calibration: Calibration | None,
) -> Scores:
    metrics = ModelMetrics(len(cells.labels), cells.truth, predicted)
    row = cells.counts[np.newaxis, :]
    return Scores(
        accuracy=float(metrics.accuracy(row)[0]),
        macro_f1=float(metrics.macro_f1(row)[0]),
        intervals=intervals,
        missing_predictions=int(cells.counts[predicted == cells.missing].sum()),
        unknown_predictions=int(cells.counts[predicted == cells.unknown].sum()),
        per_class=class_scores(cells, predicted),
        confusion=confusion(cells, predicted),
        most_confused=most_confused(cells, predicted),
        calibration=calibration,
    )
