import math
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thriftline.serving.domain.difference_interval import DifferenceInterval, Interval
from thriftline.serving.domain.e_test import Counts


def test_nothing_is_known_before_the_first_request() -> None:
    assert DifferenceInterval(0.05, 0.01).interval() == Interval(-1, 1)


@given(
    st.integers(0, 300),
    st.integers(0, 300),
    st.floats(0.01, 0.99),
    st.floats(0.01, 0.99),
    st.floats(0.02, 0.98),
    st.sampled_from([0.001, 0.01, 0.1]),
    st.sampled_from([1, -1]),
)
def test_each_request_keeps_the_true_difference_inside_on_average(
    champion: int,
    challenger: int,
    rate: float,
    other: float,
    weight: float,
    target: float,
    side: int,
) -> None:
    """The process of which Ville's inequality bounds the maximum has factors of mean <= 1."""
    so_far = DifferenceInterval(
        0.05, target, Counts(champion, champion // 3), Counts(challenger, challenger // 4)
    )
    true = other - rate
    mean = 0.0
    for share, chance_of_mistake, is_champion in ((1 - weight, rate, True), (weight, other, False)):
        for chance, mistakes in ((chance_of_mistake, 1), (1 - chance_of_mistake, 0)):
            pair = (
                (Counts(1, mistakes), Counts()) if is_champion else (Counts(), Counts(1, mistakes))
            )
            after = so_far.after(*pair, weight)
            exponent = side * (after.gains - after.bets * true) - after.spread
            mean += share * chance * math.exp(exponent)

    assert mean <= 1 + 1e-9


def test_the_difference_lies_inside_at_all_times_as_often_as_stated() -> None:
    missed = 0
    for seed in range(200):
        random = Random(seed)
        found = DifferenceInterval(0.05, 0.05)
        outside = False
        for _ in range(60):
            found = found.after(_minute(random, 45, 0.05), _minute(random, 5, 0.1), 0.1)
            interval = found.interval()
            outside = outside or not interval.low <= 0.05 <= interval.high
        missed += outside

    assert missed <= 0.05 * 200


def _minute(random: Random, requests: int, rate: float) -> Counts:
    """A minute in which the number of requests is drawn too, as a split draws it."""
    drawn = sum(random.random() < 0.5 for _ in range(2 * requests))
    return Counts(drawn, sum(random.random() < rate for _ in range(drawn)))


def test_equal_models_are_found_equal_within_the_target() -> None:
    found = DifferenceInterval(0.05, 0.05)
    minutes = 0
    while not found.interval().is_within(0.05) and minutes < 1000:
        minutes += 1
        found = found.after(Counts(50, 3), Counts(50, 3), 0.5)

    # The best that can be for such a variance is 2·ln(2/alpha)·σ²/δ² requests, here 666; the first
    # minutes know no variance yet.
    assert 666 < minutes * 100 < 1_400


def test_an_interval_at_the_margin_is_not_within() -> None:
    assert not Interval(-0.01, 0.02).is_within(0.02)
    assert Interval(-0.01, 0.02).is_within(0.021)
    assert Interval(-0.01, 0.02).half_width == pytest.approx(0.015)
