"""Scores the candidate and the champion from batches of test records."""

from collections.abc import Callable
from functools import partial

import numpy as np

from thriftline.core.dataclass import dataclass
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
from thriftline.evaluation.label_sets import (
    Bits,
    LabelSetCounter,
    LabelSets,
    SetBatch,
    SetMetrics,
)
from thriftline.evaluation.metrics import (
    Metrics,
    ModelMetrics,
    class_scores,
    confusion,
    label_scores,
    most_confused,
)


@dataclass(frozen=True)
class EvaluationSettings:
    """What the gate reads, and how intervals are made."""

    metric: MetricName
    margin: float
    confidence: float
    seed: int
    champion_model_package_arn: str | None = None


@dataclass(frozen=True)
class EvaluationResult:
    """Both models' scores and how they compare."""

    records: int
    resamples: int
    candidate: Scores
    champion: Scores | None
    comparison: Comparison | None


@dataclass(frozen=True)
class _Model:
    """One model's metrics, and how its scores are made of them and their intervals."""

    metrics: Metrics
    scores: Callable[[MetricIntervals], Scores]


class Evaluator:
    """Takes in the test records batch after batch, then gives the scores; one label a record."""

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

    def result(self, settings: EvaluationSettings) -> EvaluationResult:
        """Returns the scores; at least one record must have been added."""
        cells = self._counter.cells()

        def model(predicted: IntArray, sums: CalibrationSums) -> _Model:
            metrics = ModelMetrics(len(cells.labels), cells.truth, predicted)
            return _Model(metrics, partial(_scores, cells, metrics, predicted, sums.result()))

        return _evaluated(
            settings,
            cells.counts,
            model(cells.candidate, self._candidate),
            None if cells.champion is None else model(cells.champion, self._champion),
        )


class LabelSetEvaluator:
    """The same where a record has any number of labels."""

    def __init__(self, labels: tuple[str, ...], with_champion: bool) -> None:
        self._counter = LabelSetCounter(labels, with_champion)
        self._candidate = CalibrationSums()
        self._champion = CalibrationSums()

    def add(self, batch: SetBatch) -> None:
        """Counts a batch of test records."""
        self._counter.add(batch)
        for said, sums in ((batch.candidate, self._candidate), (batch.champion, self._champion)):
            if said is not None and said.probabilities is not None:
                sums.add_label_sets(batch.truth, said.probabilities)

    def result(self, settings: EvaluationSettings) -> EvaluationResult:
        """Returns the scores; at least one record must have been added."""
        sets = self._counter.sets()

        def model(said: Bits, sums: CalibrationSums) -> _Model:
            metrics = SetMetrics(sets, said)
            return _Model(metrics, partial(_set_scores, sets, metrics, sums.result()))

        return _evaluated(
            settings,
            sets.counts,
            model(sets.candidate, self._candidate),
            None if sets.champion is None else model(sets.champion, self._champion),
        )


def _evaluated(
    settings: EvaluationSettings, counts: IntArray, candidate: _Model, champion: _Model | None
) -> EvaluationResult:
    models = [each for each in (candidate, champion) if each is not None]
    resamples = bootstrap.resamples_for(len(counts))
    draws = bootstrap.draw(counts, [each.metrics for each in models], resamples, settings.seed)
    scores = [
        model.scores(drawn.intervals(settings.confidence))
        for model, drawn in zip(models, draws, strict=True)
    ]
    records = int(counts.sum())
    if champion is None:
        return EvaluationResult(records, resamples, scores[0], None, None)
    differences = draws[0].of(settings.metric) - draws[1].of(settings.metric)
    own, other = (getattr(each, settings.metric) for each in scores)
    comparison = Comparison(
        champion_model_package_arn=settings.champion_model_package_arn,
        metric=settings.metric,
        candidate=own,
        champion=other,
        difference=own - other,
        interval=bootstrap.interval(
            differences, settings.confidence, draws[0].records[settings.metric], least=-1.0
        ),
        margin=settings.margin,
        probability_worse=bootstrap.probability_worse(differences, settings.margin),
        probability_not_better=bootstrap.probability_not_better(differences),
        mcnemar=bootstrap.mcnemar(counts, candidate.metrics.right, champion.metrics.right),
    )
    return EvaluationResult(records, resamples, scores[0], scores[1], comparison)


def _scores(
    cells: Cells,
    metrics: ModelMetrics,
    predicted: IntArray,
    calibration: Calibration | None,
    intervals: MetricIntervals,
) -> Scores:
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


def _set_scores(
    sets: LabelSets,
    metrics: SetMetrics,
    calibration: Calibration | None,
    intervals: MetricIntervals,
) -> Scores:
    row = sets.counts[np.newaxis, :]
    figures = metrics.figures(row)
    hits, support, predicted = metrics.by_label(row)
    return Scores(
        accuracy=float(figures["accuracy"][0]),
        macro_f1=float(figures["macro_f1"][0]),
        micro_f1=float(figures["micro_f1"][0]),
        intervals=intervals,
        missing_predictions=int(sets.counts[metrics.missing].sum()),
        unknown_predictions=int(sets.counts[metrics.unknown > 0].sum()),
        per_class=label_scores(sets.labels, hits[0], support[0], predicted[0]),
        confusion=None,
        most_confused=(),
        calibration=calibration,
    )
