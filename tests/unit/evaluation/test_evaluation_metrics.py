"""The metrics against scikit-learn, and their own laws."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import (
    accuracy_score,
    confusion_matrix,
    f1_score,
    log_loss,
    precision_recall_fscore_support,
)

from thriftline.evaluation.calibration import CalibrationSums
from thriftline.evaluation.cells import Batch, CellCounter, Cells, FloatArray, IntArray
from thriftline.evaluation.evaluator import EvaluationSettings, Evaluator
from thriftline.evaluation.metrics import MAX_CONFUSION_LABELS, ModelMetrics, confusion

SETTINGS = EvaluationSettings(metric="accuracy", margin=0.01, confidence=0.95, seed=1)
LABELS = ("bad", "good", "mixed", "odd")
MISSING, UNKNOWN = len(LABELS), len(LABELS) + 1


def _batch(truth: list[int], candidate: list[int], champion: list[int] | None = None) -> Batch:
    return Batch(
        truth=np.array(truth, dtype=np.int64),
        candidate=np.array(candidate, dtype=np.int64),
        champion=None if champion is None else np.array(champion, dtype=np.int64),
    )


def _cells(truth: list[int], candidate: list[int]) -> Cells:
    counter = CellCounter(LABELS, with_champion=False)
    counter.add(_batch(truth, candidate))
    return counter.cells()


def _example(records: int = 500) -> tuple[IntArray, IntArray, FloatArray]:
    random = np.random.default_rng(7)
    truth = random.integers(0, len(LABELS), records)
    logits = random.normal(size=(records, len(LABELS)))
    logits[np.arange(records), truth] += 1.5
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return truth, probabilities.argmax(axis=1), probabilities


records = st.lists(
    st.tuples(st.integers(0, len(LABELS) - 1), st.integers(0, UNKNOWN)), min_size=1, max_size=80
)


@given(records)
def test_accuracy_and_macro_f1_are_those_of_scikit_learn(pairs: list[tuple[int, int]]) -> None:
    truth, predicted = (list(column) for column in zip(*pairs, strict=True))
    cells = _cells(truth, predicted)
    metrics = ModelMetrics(len(LABELS), cells.truth, cells.candidate)
    row = cells.counts[np.newaxis, :]
    named = sorted({*truth, *predicted} - {MISSING, UNKNOWN})

    assert metrics.accuracy(row)[0] == pytest.approx(accuracy_score(truth, predicted))
    assert metrics.macro_f1(row)[0] == pytest.approx(
        f1_score(truth, predicted, labels=named, average="macro", zero_division=0)
    )


def test_scores_of_each_class_and_the_confusion_are_those_of_scikit_learn() -> None:
    truth, predicted, _ = _example()
    evaluator = Evaluator(LABELS, with_champion=False)
    for start in range(0, len(truth), 64):
        evaluator.add(Batch(truth[start : start + 64], predicted[start : start + 64]))
    scores = evaluator.result(SETTINGS).candidate

    expected = precision_recall_fscore_support(truth, predicted)
    found = [
        [one.precision for one in scores.per_class],
        [one.recall for one in scores.per_class],
        [one.f1 for one in scores.per_class],
        [one.support for one in scores.per_class],
    ]
    np.testing.assert_allclose(np.array(found, dtype=float), expected)
    assert scores.confusion is not None
    np.testing.assert_array_equal(scores.confusion.counts, confusion_matrix(truth, predicted))
    assert scores.confusion.unusable == (0, 0, 0, 0)


def test_log_loss_and_brier_score_are_those_of_their_definitions() -> None:
    truth, _, probabilities = _example()
    sums = CalibrationSums()
    for start in range(0, len(truth), 37):
        sums.add(truth[start : start + 37], probabilities[start : start + 37])
    result = sums.result()

    assert result is not None
    assert result.log_loss == pytest.approx(log_loss(truth, probabilities))
    one_hot = np.eye(len(LABELS))[truth]
    assert result.brier_score == pytest.approx(((probabilities - one_hot) ** 2).sum(1).mean())
    assert result.records == len(truth)
    assert sum(each.count for each in result.bins) == len(truth)


def test_calibration_error_is_the_weighted_gap_of_the_bins() -> None:
    sums = CalibrationSums()
    # 80 % sure and right half of the time; 60 % sure and always right.
    sums.add(np.array([0, 1]), np.array([[0.8, 0.2], [0.8, 0.2]]))
    sums.add(np.array([1, 1]), np.array([[0.4, 0.6], [0.4, 0.6]]))
    result = sums.result()

    assert result is not None
    assert result.expected_calibration_error == pytest.approx(0.5 * 0.3 + 0.5 * 0.4)
    assert [each.count for each in result.bins] == [0, 0, 0, 0, 0, 2, 0, 2, 0, 0]
    assert result.bins[7].accuracy == pytest.approx(0.5)
    assert result.bins[0].accuracy is None


def test_a_certain_mistake_has_a_large_but_finite_log_loss() -> None:
    sums = CalibrationSums()
    sums.add(np.array([0]), np.array([[0.0, 1.0]]))
    result = sums.result()
    assert result is not None
    assert 30 < result.log_loss < 40


def test_records_without_probabilities_do_not_count_for_calibration() -> None:
    sums = CalibrationSums()
    sums.add(np.array([0, 1]), np.array([[np.nan, np.nan], [0.1, 0.9]]))
    result = sums.result()
    assert result is not None
    assert result.records == 1
    assert CalibrationSums().result() is None


def test_missing_and_unknown_predictions_are_wrong_and_counted_apart() -> None:
    evaluator = Evaluator(LABELS, with_champion=False)
    evaluator.add(_batch([0, 0, 1, 1, 1], [0, MISSING, 1, UNKNOWN, MISSING]))
    scores = evaluator.result(SETTINGS).candidate

    assert scores.accuracy == pytest.approx(2 / 5)
    assert scores.missing_predictions == 2
    assert scores.unknown_predictions == 1
    assert sum(one.predicted for one in scores.per_class) == 2
    assert scores.confusion is not None
    assert scores.confusion.unusable == (1, 2, 0, 0)


def test_what_is_not_defined_is_none() -> None:
    evaluator = Evaluator(LABELS, with_champion=False)
    evaluator.add(_batch([0, 0, 1], [0, 2, 0]))
    bad, good, mixed, odd = evaluator.result(SETTINGS).candidate.per_class

    assert bad.precision == 0.5
    assert good.precision is None
    assert good.recall == 0
    assert mixed.recall is None
    assert mixed.precision == 0
    assert (odd.precision, odd.recall, odd.f1) == (None, None, None)


def test_the_commonest_mistake_comes_first() -> None:
    evaluator = Evaluator(LABELS, with_champion=False)
    evaluator.add(_batch([0, 0, 0, 1, 2, 2], [1, 1, 0, 0, 2, MISSING]))
    mistakes = evaluator.result(SETTINGS).candidate.most_confused

    assert [(one.label, one.predicted, one.count) for one in mistakes] == [
        ("bad", "good", 2),
        ("good", "bad", 1),
    ]


def test_a_confusion_of_too_many_labels_is_left_out() -> None:
    labels = tuple(f"label {number}" for number in range(MAX_CONFUSION_LABELS + 1))
    counter = CellCounter(labels, with_champion=False)
    counter.add(_batch([0, 1], [1, 1]))
    assert confusion(counter.cells(), counter.cells().candidate) is None


@settings(max_examples=40)
@given(records, st.integers(1, 20))
def test_the_size_of_the_batches_does_not_matter(pairs: list[tuple[int, int]], size: int) -> None:
    truth, predicted = (list(column) for column in zip(*pairs, strict=True))
    in_parts = Evaluator(LABELS, with_champion=False)
    for start in range(0, len(truth), size):
        in_parts.add(_batch(truth[start : start + size], predicted[start : start + size]))
    at_once = Evaluator(LABELS, with_champion=False)
    at_once.add(_batch(truth, predicted))

    assert in_parts.result(SETTINGS) == at_once.result(SETTINGS)
