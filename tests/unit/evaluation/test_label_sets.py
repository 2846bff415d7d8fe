"""Several labels a record: the metrics against scikit-learn, intervals, and the comparison."""

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import (
    accuracy_score,
    brier_score_loss,
    f1_score,
    log_loss,
    precision_recall_fscore_support,
)

from tests.unit.evaluation.job_outputs import label_sets, parquet, rows, set_row
from thriftline.core.errors import EvaluationError
from thriftline.evaluation.cells import BoolArray
from thriftline.evaluation.document import Scores
from thriftline.evaluation.evaluator import EvaluationResult, EvaluationSettings, LabelSetEvaluator
from thriftline.evaluation.label_set_predictions import read_label_sets
from thriftline.evaluation.label_sets import PredictedSets, SetBatch
from thriftline.evaluation.predictions import Labels, read_predictions

SETTINGS = EvaluationSettings(metric="micro_f1", margin=0.02, confidence=0.95, seed=3)
LABELS = tuple(f"label {number}" for number in range(11))


def said(given: BoolArray) -> PredictedSets:
    none = np.zeros(len(given), dtype=np.int64)
    return PredictedSets(given, none, none.astype(np.bool_))


def example(records: int = 400, seed: int = 1) -> tuple[BoolArray, BoolArray]:
    """Truth, and predictions that are right about four times of five."""
    random = np.random.default_rng(seed)
    truth = random.random((records, len(LABELS))) < np.linspace(0.02, 0.6, len(LABELS))
    return truth, truth ^ (random.random(truth.shape) < 0.2)


def evaluated(
    truth: BoolArray,
    candidate: PredictedSets,
    champion: PredictedSets | None = None,
    size: int = 64,
) -> EvaluationResult:
    evaluator = LabelSetEvaluator(LABELS[: truth.shape[1]], with_champion=champion is not None)
    for start in range(0, len(truth), size):
        part = slice(start, start + size)
        evaluator.add(
            SetBatch(truth[part], cut(candidate, part), cut(champion, part) if champion else None)
        )
    return evaluator.result(SETTINGS)


def cut(one: PredictedSets, part: slice) -> PredictedSets:
    probabilities = None if one.probabilities is None else one.probabilities[part]
    return PredictedSets(one.given[part], one.unknown[part], one.missing[part], probabilities)


def scores_of(truth: BoolArray, given: BoolArray) -> Scores:
    return evaluated(truth, said(given)).candidate


sets = st.integers(1, len(LABELS)).flatmap(
    lambda width: st.lists(
        st.tuples(
            st.lists(st.booleans(), min_size=width, max_size=width),
            st.lists(st.booleans(), min_size=width, max_size=width),
        ),
        min_size=1,
        max_size=40,
    )
)


@settings(max_examples=50, deadline=None)
@given(sets)
def test_the_metrics_are_those_of_scikit_learn(pairs: list[tuple[list[bool], list[bool]]]) -> None:
    truth, given_sets = (np.array(column) for column in zip(*pairs, strict=True))
    scores = scores_of(truth, given_sets)
    named = np.flatnonzero((truth | given_sets).any(axis=0))

    assert scores.accuracy == pytest.approx((truth == given_sets).all(axis=1).mean())
    if len(named):
        by = {"labels": named, "zero_division": 0}
        y = (truth.astype(int), given_sets.astype(int))
        if truth.shape[1] > 1:
            assert scores.accuracy == pytest.approx(accuracy_score(*y))
            assert scores.micro_f1 == pytest.approx(f1_score(*y, average="micro", **by))
            assert scores.macro_f1 == pytest.approx(f1_score(*y, average="macro", **by))
    else:
        assert (scores.micro_f1, scores.macro_f1) == (0, 0)


def test_each_label_has_the_scores_of_scikit_learn_and_there_is_no_confusion() -> None:
    truth, given_sets = example()
    scores = scores_of(truth, given_sets)

    expected = precision_recall_fscore_support(truth, given_sets, zero_division=np.nan)
    for place, name in enumerate(("precision", "recall", "f1", "support")):
        found = [getattr(one, name) for one in scores.per_class]
        np.testing.assert_allclose(np.array(found, dtype=float), expected[place])
    assert scores.confusion is None
    assert scores.most_confused == ()


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 500))
def test_the_size_of_the_batches_does_not_matter(size: int) -> None:
    truth, given_sets = example(150)

    assert evaluated(truth, said(given_sets), size=size) == evaluated(truth, said(given_sets))


def test_the_interval_of_the_subset_accuracy_is_the_textbooks() -> None:
    truth, given_sets = example(2000)
    given_sets = np.where(np.arange(2000)[:, np.newaxis] < 1600, truth, ~truth)

    found = scores_of(truth, given_sets).intervals.accuracy

    error = 1.96 * (0.8 * 0.2 / 2000) ** 0.5
    assert found.low == pytest.approx(0.8 - error, abs=0.004)
    assert found.high == pytest.approx(0.8 + error, abs=0.004)


def test_the_gate_s_metric_has_an_interval_around_it() -> None:
    truth, given_sets = example()
    scores = scores_of(truth, given_sets)

    assert scores.intervals.micro_f1 is not None
    assert scores.micro_f1 is not None
    assert scores.intervals.micro_f1.low < scores.micro_f1 < scores.intervals.micro_f1.high
    assert scores.intervals.macro_f1.low < scores.macro_f1 < scores.intervals.macro_f1.high


def test_the_champion_is_compared_on_the_same_records() -> None:
    truth, better = example()
    worse = better ^ (np.random.default_rng(4).random(truth.shape) < 0.1)

    found = evaluated(truth, said(worse), said(better))

    assert found.comparison is not None
    assert found.champion is not None
    assert found.comparison.metric == "micro_f1"
    assert found.comparison.difference < -0.05
    assert found.comparison.probability_worse > 0.95
    table = found.comparison.mcnemar
    assert table.only_champion_right > table.only_candidate_right
    right = (truth == worse).all(axis=1), (truth == better).all(axis=1)
    assert table.both_right == (right[0] & right[1]).sum()
    assert evaluated(truth, said(better), said(better)).comparison.difference == 0  # type: ignore[union-attr]


def test_a_label_that_the_data_set_does_not_have_is_a_false_positive() -> None:
    truth = np.array([[True, False], [True, False], [True, True], [False, False]])
    strange = PredictedSets(
        truth.copy(),
        unknown=np.array([1, 0, 0, 0]),
        missing=np.array([False, False, False, True]),
    )

    scores = evaluated(truth, strange).candidate

    # The last one has no label, and no answer is not the answer that it has none.
    assert scores.accuracy == pytest.approx(2 / 4)
    assert (scores.unknown_predictions, scores.missing_predictions) == (1, 1)
    assert scores.micro_f1 == pytest.approx(2 * 4 / (4 + 4 + 1))
    assert scores.macro_f1 == 1


def test_calibration_takes_each_label_of_a_record_by_itself() -> None:
    truth, _ = example(300)
    chance = np.random.default_rng(2).uniform(0.01, 0.99, truth.shape)
    one = PredictedSets(
        chance >= 0.5, np.zeros(300, dtype=np.int64), np.zeros(300, dtype=np.bool_), chance
    )

    calibration = evaluated(truth, one).candidate.calibration

    assert calibration is not None
    assert calibration.records == truth.size
    assert calibration.log_loss == pytest.approx(log_loss(truth.ravel(), chance.ravel()))
    assert calibration.brier_score == pytest.approx(brier_score_loss(truth.ravel(), chance.ravel()))


def test_more_labels_than_a_byte_holds_are_kept_apart() -> None:
    truth = np.zeros((2, 300), dtype=np.bool_)
    truth[0, 255] = truth[1, 256] = True
    evaluator = LabelSetEvaluator(tuple(str(n) for n in range(300)), with_champion=False)
    evaluator.add(SetBatch(truth, said(truth)))

    scores = evaluator.result(SETTINGS).candidate

    assert scores.accuracy == 1
    assert [one.support for one in scores.per_class if one.support] == [1, 1]


# Reading the file


ALONE = Labels(("a", "b", "c"), None)


def read(body: bytes, labels: Labels = ALONE) -> SetBatch:
    batches = list(read_label_sets(io.BytesIO(body), labels))
    assert len(batches) == 1
    return batches[0]


def test_lists_of_labels_become_sets() -> None:
    batch = read(label_sets([set_row(1, ["a", "c"], ["b"]), set_row(2, [], [])]))

    assert batch.truth.tolist() == [[True, False, True], [False, False, False]]
    assert batch.candidate.given.tolist() == [[False, True, False], [False, False, False]]
    assert batch.candidate.missing.tolist() == [False, False]
    assert batch.candidate.probabilities is not None
    np.testing.assert_allclose(batch.candidate.probabilities[0], [0.1, 0.9, 0.1], 1e-6)


def test_a_champion_of_other_labels_and_another_order_is_read_by_name() -> None:
    one = set_row(1, ["a"], ["a"])
    one |= {"champion_label": ["c", "d"], "champion_probabilities": [0.1, 0.7, 0.8]}

    batch = read(label_sets([one]), Labels(ALONE.candidate, ("a", "c", "d")))

    assert batch.champion is not None
    assert batch.champion.given.tolist() == [[False, False, True]]
    assert batch.champion.unknown.tolist() == [1]
    assert batch.champion.probabilities is None


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        (b"no parquet", "cannot be read"),
        (parquet(rows(4, 0)), "texts in the column label, where the run's task wants lists"),
        (label_sets([set_row(1, ["d"], [])]), "labelled 'd'"),
        (label_sets([set_row(1, [], []), set_row(1, [], [])]), "more than once"),
        (label_sets([set_row(1, [], [], sure=1.5)]), "not between 0 and 1"),
        (
            label_sets([set_row(1, [], []) | {"candidate_probabilities": [0.1]}]),
            "3 labels, but a record has 1",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_by_name(body: bytes, wrong: str) -> None:
    with pytest.raises(EvaluationError, match=wrong):
        list(read_label_sets(io.BytesIO(body), ALONE))


def test_lists_are_refused_where_a_record_has_one_label() -> None:
    body = label_sets([set_row(1, ["a"], ["a"])])
    with pytest.raises(EvaluationError, match="lists in the column label"):
        list(read_predictions(io.BytesIO(body), Labels(("a", "b", "c"), None)))
