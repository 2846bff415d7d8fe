"""Intervals, the paired comparison and McNemar's test."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thriftline.evaluation import bootstrap
from thriftline.evaluation.cells import Batch, CellCounter, Cells, resampled
from thriftline.evaluation.document import McNemar
from thriftline.evaluation.evaluator import EvaluationSettings, Evaluator
from thriftline.evaluation.metrics import ModelMetrics

LABELS = ("no", "yes")
SETTINGS = EvaluationSettings(metric="accuracy", margin=0.02, confidence=0.95, seed=3)


def _cells(both: int, only_candidate: int, only_champion: int, neither: int) -> Cells:
    """Test records by which of the two models is right."""
    counter = CellCounter(LABELS, with_champion=True)
    counter.add(_paired(both, only_candidate, only_champion, neither))
    return counter.cells()


def _paired(both: int, only_candidate: int, only_champion: int, neither: int) -> Batch:
    records = both + only_candidate + only_champion + neither
    truth = np.arange(records) % 2
    candidate_right = np.repeat(
        [True, True, False, False], (both, only_candidate, only_champion, neither)
    )
    champion_right = np.repeat(
        [True, False, True, False], (both, only_candidate, only_champion, neither)
    )
    return Batch(
        truth=truth,
        candidate=np.where(candidate_right, truth, 1 - truth),
        champion=np.where(champion_right, truth, 1 - truth),
    )


def _mcnemar(cells: Cells) -> McNemar:
    assert cells.champion is not None
    return bootstrap.mcnemar(
        cells.counts, cells.truth == cells.candidate, cells.truth == cells.champion
    )


def _compare(*counts: int, metric: str = "accuracy") -> tuple[float, float, float, float]:
    evaluator = Evaluator(LABELS, with_champion=True)
    evaluator.add(_paired(*counts))
    chosen = EvaluationSettings(
        metric="macro_f1" if metric == "macro_f1" else "accuracy",
        margin=0.02,
        confidence=0.95,
        seed=3,
    )
    found = evaluator.result(chosen).comparison
    assert found is not None
    return found.difference, found.interval.low, found.interval.high, found.probability_worse


def test_the_same_seed_gives_the_same_resamples_and_another_seed_others() -> None:
    counts = np.array([40, 30, 20, 10])
    first = np.concatenate(list(resampled(counts, 50, seed=1)))
    again = np.concatenate(list(resampled(counts, 50, seed=1)))
    other = np.concatenate(list(resampled(counts, 50, seed=2)))

    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


@given(st.lists(st.integers(1, 500), min_size=1, max_size=30), st.integers(1, 200))
def test_each_resample_has_as_many_records_and_memory_is_bounded(
    counts: list[int], memory_cells: int
) -> None:
    chunks = list(resampled(np.array(counts), 20, seed=0, memory_cells=memory_cells))
    assert sum(len(chunk) for chunk in chunks) == 20
    assert all((chunk.sum(axis=1) == sum(counts)).all() for chunk in chunks)
    assert all(chunk.size <= max(memory_cells, len(counts)) for chunk in chunks)


def test_the_interval_of_the_accuracy_is_the_textbooks() -> None:
    records, right = 1000, 800
    evaluator = Evaluator(LABELS, with_champion=False)
    truth = np.arange(records) % 2
    evaluator.add(Batch(truth, np.where(np.arange(records) < right, truth, 1 - truth)))
    found = evaluator.result(SETTINGS).candidate.intervals.accuracy

    error = 1.96 * math.sqrt(0.8 * 0.2 / records)
    assert found.low == pytest.approx(0.8 - error, abs=0.004)
    assert found.high == pytest.approx(0.8 + error, abs=0.004)


def test_intervals_hold_the_truth_about_as_often_as_they_say() -> None:
    random = np.random.default_rng(5)
    held = 0
    for repeat in range(200):
        right = int(random.binomial(400, 0.75))
        counter = CellCounter(LABELS, with_champion=False)
        truth = np.arange(400) % 2
        counter.add(Batch(truth, np.where(np.arange(400) < right, truth, 1 - truth)))
        cells = counter.cells()
        model = ModelMetrics(len(LABELS), cells.truth, cells.candidate)
        (draws,) = bootstrap.draw(cells.counts, [model], 400, seed=repeat)
        found = bootstrap.interval(draws.of("accuracy"), 0.9, 400)
        held += found.low <= 0.75 <= found.high
    assert 168 <= held <= 194


def test_two_equal_models_differ_by_nothing() -> None:
    difference, low, high, probability_worse = _compare(80, 0, 0, 20)
    assert (difference, probability_worse) == (0, 0)
    assert high == pytest.approx(0.037, abs=1e-4), "of 100 records without one that differs"
    assert low == -high


@pytest.mark.parametrize("is_right", [True, False])
def test_thirty_records_that_are_all_right_or_all_wrong_are_no_certainty(is_right: bool) -> None:
    evaluator = Evaluator(LABELS, with_champion=False)
    truth = np.arange(30) % 2
    evaluator.add(Batch(truth, truth if is_right else 1 - truth))
    found = evaluator.result(SETTINGS).candidate
    for figure, interval in (
        (found.accuracy, found.intervals.accuracy),
        (found.macro_f1, found.intervals.macro_f1),
    ):
        assert interval.high - interval.low == pytest.approx(0.1135, abs=1e-4)
        assert figure == (interval.high if is_right else interval.low)


def test_a_rare_label_makes_the_macro_f1_less_sure_than_the_accuracy() -> None:
    evaluator = Evaluator(LABELS, with_champion=False)
    truth = np.array([0] * 98 + [1] * 2)
    evaluator.add(Batch(truth, truth))
    found = evaluator.result(SETTINGS).candidate.intervals
    assert found.accuracy.low == pytest.approx(0.963, abs=1e-3)
    assert found.macro_f1.low < 0.7


def test_pairing_narrows_the_difference_of_two_similar_models() -> None:
    _, low, high, _ = _compare(780, 20, 20, 180)
    unpaired = 2 * 1.96 * math.sqrt(2 * 0.8 * 0.2 / 1000)
    assert high - low < unpaired / 2


def test_the_interval_of_the_difference_is_the_textbooks() -> None:
    difference, low, high, _ = _compare(700, 80, 50, 170)
    error = 1.96 * math.sqrt((0.08 + 0.05 - 0.03**2) / 1000)
    assert difference == pytest.approx(0.03)
    assert low == pytest.approx(0.03 - error, abs=0.003)
    assert high == pytest.approx(0.03 + error, abs=0.003)


@pytest.mark.parametrize("metric", ["accuracy", "macro_f1"])
def test_a_much_worse_candidate_is_surely_worse_and_a_better_one_is_not(metric: str) -> None:
    assert _compare(600, 20, 200, 180, metric=metric)[3] > 0.99
    assert _compare(600, 200, 20, 180, metric=metric)[3] == 0


def test_a_difference_of_exactly_the_margin_is_not_worse_by_more_than_it() -> None:
    assert bootstrap.probability_worse(np.array([0.88 - 0.9, 0.5, 0.1 + 0.2 - 0.32]), 0.02) == 0
    assert bootstrap.probability_worse(np.array([-0.021, 0.0]), 0.02) == 0.5


def test_exchanging_the_models_turns_the_difference_round() -> None:
    forth, low, high, _ = _compare(500, 70, 30, 100)
    back, other_low, other_high, _ = _compare(500, 30, 70, 100)
    assert forth == pytest.approx(-back)
    assert low == pytest.approx(-other_high, abs=0.01)
    assert high == pytest.approx(-other_low, abs=0.01)


@settings(max_examples=60)
@given(st.integers(0, 60), st.integers(0, 60))
def test_mcnemars_p_value_is_the_exact_binomial_tail(
    only_candidate: int, only_champion: int
) -> None:
    cells = _cells(5, only_candidate, only_champion, 5)
    found = _mcnemar(cells)

    trials, fewer = only_candidate + only_champion, min(only_candidate, only_champion)
    tail = sum(Fraction(math.comb(trials, k), 2**trials) for k in range(fewer + 1))
    assert found.p_value == pytest.approx(float(min(Fraction(1), 2 * tail)))
    assert (found.both_right, found.both_wrong) == (5, 5)
    assert found.only_candidate_right == only_candidate
    assert found.only_champion_right == only_champion


def test_mcnemar_can_do_a_million_records() -> None:
    assert _mcnemar(_cells(0, 400_000, 600_000, 0)).p_value == 0
    assert _mcnemar(_cells(0, 500_000, 500_000, 0)).p_value == pytest.approx(1)


def test_a_huge_number_of_combinations_gets_fewer_resamples_but_enough() -> None:
    assert bootstrap.resamples_for(8) == 2000
    assert bootstrap.resamples_for(5_000_000) == 400
