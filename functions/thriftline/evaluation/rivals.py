"""What a model has to beat: the most frequent label, the job's own baseline, its base model.

Each is compared as a champion is: on the same test records, resampled in pairs.
"""

from dataclasses import replace
from typing import Generic, Protocol, TypeVar

import numpy as np

from thriftline.evaluation.cells import Batch, IntArray
from thriftline.evaluation.document import BaselineKind, BaselineScores
from thriftline.evaluation.evaluator import (
    EvaluationResult,
    EvaluationSettings,
    Evaluator,
    LabelSetEvaluator,
)
from thriftline.evaluation.label_sets import PredictedSets, SetBatch

_NAMES: dict[BaselineKind, str] = {
    "majority": "the most frequent label",
    "tfidf": "TF-IDF with logistic regression",
    "zero_shot": "the untuned model without examples",
    "few_shot": "the untuned model with examples",
}
_UNTUNED = frozenset({"zero_shot", "few_shot"})
_B = TypeVar("_B", Batch, SetBatch)
_In = TypeVar("_In", contravariant=True)


class _BatchEvaluator(Protocol[_In]):
    def add(self, batch: _In) -> None: ...

    def result(self, settings: EvaluationSettings) -> EvaluationResult: ...


class _Rivals(Generic[_B]):
    """Evaluators that take a baseline's answers for the champion's."""

    def __init__(self) -> None:
        self._evaluators: dict[BaselineKind, _BatchEvaluator[_B]] = {}

    def scores(self, settings: EvaluationSettings) -> tuple[BaselineScores, ...]:
        """Returns how each baseline does, and how the candidate compares with it."""
        return tuple(
            _scores(kind, evaluator.result(settings))
            for kind, evaluator in self._evaluators.items()
        )


class OneLabelRivals(_Rivals[Batch]):
    """The baselines where a record has one label."""

    def __init__(self, labels: tuple[str, ...], majority: str | None) -> None:
        super().__init__()
        self._labels = labels
        self._majority = labels.index(majority) if majority in labels else None

    def add(self, batch: Batch) -> None:
        """Counts a batch of test records."""
        usual = None if self._majority is None else np.full_like(batch.truth, self._majority)
        said: dict[BaselineKind, IntArray | None] = {
            "majority": usual,
            "tfidf": batch.baseline,
            **batch.untuned,
        }
        for kind, answers in said.items():
            if answers is not None:
                self._evaluators.setdefault(kind, Evaluator(self._labels, True)).add(
                    replace(batch, champion=answers, champion_probabilities=None)
                )


class LabelSetRivals(_Rivals[SetBatch]):
    """The baselines where a record has any number of labels: the labels that most records have."""

    def __init__(self, labels: tuple[str, ...], usual: frozenset[str]) -> None:
        super().__init__()
        self._labels = labels
        self._usual = np.array([label in usual for label in labels], dtype=np.bool_)

    def add(self, batch: SetBatch) -> None:
        """Counts a batch of test records."""
        none = np.zeros(len(batch.truth), dtype=np.int64)
        usual = PredictedSets(np.tile(self._usual, (len(none), 1)), none, none.astype(np.bool_))
        said: dict[BaselineKind, PredictedSets | None] = {
            "majority": usual,
            "tfidf": batch.baseline,
        }
        for kind, answers in said.items():
            if answers is not None:
                self._evaluators.setdefault(kind, LabelSetEvaluator(self._labels, True)).add(
                    replace(batch, champion=answers)
                )


def _scores(kind: BaselineKind, evaluated: EvaluationResult) -> BaselineScores:
    own, compared = evaluated.champion, evaluated.comparison
    assert own is not None
    assert compared is not None
    assert compared.probability_not_better is not None
    answers = kind in _UNTUNED
    return BaselineScores(
        kind=kind,
        name=_NAMES[kind],
        accuracy=own.accuracy,
        macro_f1=own.macro_f1,
        metric=compared.metric,
        value=compared.champion,
        difference=compared.difference,
        interval=compared.interval,
        probability_not_better=compared.probability_not_better,
        intervals=own.intervals if answers else None,
        unparsed=own.missing_predictions + own.unknown_predictions if answers else None,
    )
