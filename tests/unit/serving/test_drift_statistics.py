"""The drift statistics against known values and against each other."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thriftline.serving.domain.drift import (
    DriftRules,
    Level,
    Signal,
    chance_point,
    chi_square,
    chi_square_point,
    chi_square_tail,
    distance,
    distance_point,
    joined,
    judge,
    stability_index,
)

RULES = DriftRules()
_COUNTS = st.lists(st.integers(0, 5000), min_size=2, max_size=40)


# Values of printed tables, both parities.
@pytest.mark.parametrize(
    ("degrees", "alpha", "point"),
    [
        (1, 0.05, 3.841),
        (2, 0.05, 5.991),
        (3, 0.01, 11.345),
        (4, 0.01, 13.277),
        (9, 0.05, 16.919),
        (10, 0.05, 18.307),
        (19, 0.001, 43.820),
        (100, 0.05, 124.342),
    ],
)
def test_points_of_the_chi_square_distribution_are_those_of_the_tables(
    degrees: int, alpha: float, point: float
) -> None:
    assert chi_square_point(degrees, alpha) == pytest.approx(point, abs=6e-4)


@given(st.integers(1, 200), st.floats(0.001, 500))
def test_a_tail_is_a_probability_that_falls_with_the_value(degrees: int, value: float) -> None:
    tail = chi_square_tail(value, degrees)
    assert 0 <= tail <= 1
    assert chi_square_tail(value + 1, degrees) <= tail + 1e-12
    assert chi_square_tail(value, degrees + 1) >= tail - 1e-12


@given(_COUNTS)
def test_a_window_like_its_reference_has_no_distance_of_any_kind(counts: list[int]) -> None:
    assert stability_index(counts, counts) == pytest.approx(0, abs=1e-12)
    if sum(counts):
        assert chi_square(counts, counts) == pytest.approx(0, abs=1e-9)
        assert distance(counts, counts) == pytest.approx(0, abs=1e-12)


@given(st.lists(st.tuples(st.integers(0, 900), st.integers(0, 900)), min_size=2, max_size=20))
def test_the_index_is_never_negative_and_has_no_direction(pairs: list[tuple[int, int]]) -> None:
    one, other = zip(*pairs, strict=True)
    assert stability_index(one, other) >= 0
    assert stability_index(one, other) == pytest.approx(stability_index(other, one))


def test_the_index_of_a_worked_example() -> None:
    # (0.5 - 0.4) ln(0.5 / 0.4) + (0.5 - 0.6) ln(0.5 / 0.6), by hand.
    many = 10_000_000
    by_hand = 0.1 * math.log(0.5 / 0.4) - 0.1 * math.log(0.5 / 0.6)
    found = stability_index((4 * many, 6 * many), (5 * many, 5 * many))
    assert found == pytest.approx(by_hand, abs=1e-6)


def test_the_points_are_those_of_the_documented_figures() -> None:
    assert chance_point(10, 100, 10**9, 0.05) == pytest.approx(0.1692, abs=1e-4)
    assert distance_point(50_000, 50_000, 0.05) == pytest.approx(0.0086, abs=1e-4)


@given(_COUNTS, _COUNTS, st.booleans())
def test_joined_bins_lose_no_row_and_expect_enough(
    reference: list[int], current: list[int], ordered: bool
) -> None:
    size = min(len(reference), len(current))
    former, now = tuple(reference[:size]), tuple(current[:size])
    was, is_now = joined(Signal("any", former, now, ordered))
    assert sum(was) == sum(former)
    assert sum(is_now) == sum(now)
    assert len(was) == len(is_now) <= 20
    if len(was) > 1:
        assert min(was) >= 15
        assert min(was) * sum(now) / sum(former) >= 5 - 1e-9


@given(_COUNTS, st.randoms(use_true_random=False))
def test_where_the_rows_of_a_window_lie_does_not_decide_which_bins_are_joined(
    counts: list[int], random: object
) -> None:
    shuffled = list(counts)
    getattr(random, "shuffle")(shuffled)  # noqa: B009
    for ordered in (True, False):
        as_it_is = joined(Signal("any", tuple(counts), tuple(counts), ordered))[0]
        other = joined(Signal("any", tuple(counts), tuple(shuffled), ordered))[0]
        assert as_it_is == other


def test_a_few_rows_say_nothing_however_different() -> None:
    (found,) = judge([Signal("labels", (500, 500), (0, 299), ordered=False)], RULES)
    assert found.level is Level.UNKNOWN
    assert found.psi is None
    assert "300" in found.reason


def test_a_significant_difference_that_is_small_is_quiet_at_any_number_of_rows() -> None:
    many = 1_000_000
    signal = Signal("labels", (many // 2, many // 2), (51 * many // 100, 49 * many // 100), False)
    (found,) = judge([signal], RULES)
    assert found.level is Level.QUIET
    assert found.psi is not None
    assert found.point is not None
    assert found.psi > found.point
    assert found.p_value is not None
    assert found.p_value < 1e-9


def test_a_large_difference_that_chance_explains_is_quiet() -> None:
    # So few rows in the reference that an index of 0.15 means nothing.
    signal = Signal("labels", (16, 16, 16, 16), (130, 70, 60, 60), ordered=False)
    (found,) = judge([signal], RULES)
    assert found.psi is not None
    assert found.psi > 0.1
    assert found.level is Level.QUIET
    assert "chance" in found.reason


@pytest.mark.parametrize(
    ("current", "level"),
    [((600, 400), Level.QUIET), ((700, 300), Level.DRIFT), ((800, 200), Level.SEVERE)],
)
def test_the_level_follows_the_index(current: tuple[int, int], level: Level) -> None:
    (found,) = judge([Signal("labels", (5000, 5000), current, ordered=False)], RULES)
    assert found.level is level


def test_more_signals_need_more_each() -> None:
    signal = Signal("labels", (60, 60), (230, 120), ordered=False)
    alone = judge([signal], RULES)[0]
    among = judge([signal] * 5, RULES)[0]
    assert alone.point is not None
    assert among.point is not None
    assert among.point > alone.point


def test_rows_where_the_reference_has_none_are_drift_and_no_error() -> None:
    signal = Signal("length", (100, 900, 0, 0, 0), (0, 0, 0, 400, 100), ordered=True)
    (found,) = judge([signal], RULES)
    assert found.level in {Level.DRIFT, Level.SEVERE}


def test_a_reference_with_one_bin_is_unknown() -> None:
    (found,) = judge([Signal("truncated", (1000, 0), (400, 100), ordered=False)], RULES)
    assert found.level is Level.UNKNOWN
