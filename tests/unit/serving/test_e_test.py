import math
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.experiment_simulation import Setting, Simulation, draws
from thriftline.serving.domain.e_test import Claim, Counts, ETest, SplitTest

RATE = st.floats(0.001, 0.999)
WEIGHT = st.floats(0.01, 0.99)


@st.composite
def counts(draw: st.DrawFn) -> Counts:
    requests = draw(st.integers(0, 500))
    return Counts(requests, draw(st.integers(0, requests)))


@given(counts(), counts(), RATE, WEIGHT, st.sampled_from(Claim))
def test_the_next_request_of_equal_models_adds_no_evidence_on_average(
    champion: Counts, challenger: Counts, rate: float, weight: float, claim: Claim
) -> None:
    test = ETest(claim, champion, challenger)

    assert _expected(test, rate, rate, weight) == pytest.approx(1)


@given(counts(), counts(), RATE, RATE, WEIGHT)
def test_evidence_against_a_challenger_shrinks_on_average_where_it_is_no_worse(
    champion: Counts, challenger: Counts, one: float, other: float, weight: float
) -> None:
    test = ETest(Claim.HIGHER, champion, challenger)

    assert _expected(test, max(one, other), min(one, other), weight) <= 1 + 1e-9


@given(counts(), counts(), RATE, RATE, WEIGHT)
def test_evidence_for_a_challenger_shrinks_on_average_where_it_is_no_better(
    champion: Counts, challenger: Counts, one: float, other: float, weight: float
) -> None:
    test = ETest(Claim.LOWER, champion, challenger)

    assert _expected(test, min(one, other), max(one, other), weight) <= 1 + 1e-9


def _expected(test: ETest, champion_rate: float, challenger_rate: float, weight: float) -> float:
    """The mean factor by which one more request changes E."""
    arms = ((1 - weight, champion_rate, True), (weight, challenger_rate, False))
    return sum(
        share * chance * math.exp(_one_more(test, mistake, weight, is_champion=is_champion))
        for share, rate, is_champion in arms
        for chance, mistake in ((rate, 1), (1 - rate, 0))
    )


def _one_more(test: ETest, mistake: int, weight: float, *, is_champion: bool) -> float:
    none, one = Counts(), Counts(1, mistake)
    after = test.after(one, none, weight) if is_champion else test.after(none, one, weight)
    return after.log_e - test.log_e


@pytest.mark.parametrize(
    "setting",
    [Setting(0.1, 0.1, 0.5), Setting(0.02, 0.3, 0.1), Setting(0.3, 0.05, 0.2, later_weight=0.6)],
)
def test_the_simulation_is_the_shipped_test(setting: Setting) -> None:
    count, requests = 20, 150
    rng = np.random.default_rng(1)
    simulated = Simulation(count)
    shipped = [[ETest(claim) for _ in range(count)] for claim in _CLAIMS]
    for request in range(requests):
        challenger, mistake, weight = draws(rng, setting, request, requests, count)
        simulated.step(challenger, mistake, weight)
        for tests in shipped:
            for index, test in enumerate(tests):
                one, none = Counts(1, int(mistake[index])), Counts()
                pair = (none, one) if challenger[index] else (one, none)
                tests[index] = test.after(*pair, weight)
    for evidence, peaks, tests in zip(
        (simulated.worse, simulated.better, simulated.different),
        simulated.peaks,
        shipped,
        strict=True,
    ):
        assert evidence == pytest.approx([one.log_e for one in tests], abs=1e-9)
        assert peaks == pytest.approx([one.peak for one in tests], abs=1e-9)


_CLAIMS = (Claim.HIGHER, Claim.LOWER, Claim.DIFFERENT)


def test_a_much_worse_challenger_is_found_by_the_minute() -> None:
    random = Random(3)
    test = ETest(Claim.HIGHER)
    minutes = 0
    while not test.holds_at(0.05) and minutes < 200:
        minutes += 1
        test = test.after(_minute(random, 90, 0.01), _minute(random, 10, 0.2), 0.1)

    # Some six hundred requests are its median.
    assert minutes < 20
    assert not ETest(Claim.LOWER, log_e=test.log_e).holds_at(0.05)


def _minute(random: Random, requests: int, rate: float) -> Counts:
    return Counts(requests, sum(random.random() < rate for _ in range(requests)))


def test_evidence_that_was_enough_once_stays_enough() -> None:
    test = ETest(Claim.HIGHER, log_e=0.5, peak=3.2)

    assert test.after(Counts(50, 5), Counts(50, 5), 0.5).holds_at(0.05)


@pytest.mark.parametrize("weight", [0.0, 1.0, -0.1, 1.5])
def test_a_split_in_which_one_model_gets_nothing_is_refused(weight: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        ETest(Claim.DIFFERENT).after(Counts(1), Counts(1), weight)
    with pytest.raises(ValueError, match="between 0 and 1"):
        SplitTest().after(1, 1, weight)


def test_more_mistakes_than_requests_are_refused() -> None:
    with pytest.raises(ValueError, match="3 mistakes of 2"):
        Counts(2, 3)


@given(st.integers(0, 500), st.integers(0, 500), WEIGHT)
def test_the_next_request_of_a_right_split_adds_no_evidence_on_average(
    champion: int, challenger: int, weight: float
) -> None:
    test = SplitTest(champion, challenger)
    one = math.exp(test.after(1, 0, weight).log_e)
    other = math.exp(test.after(0, 1, weight).log_e)

    assert (1 - weight) * one + weight * other == pytest.approx(1)


def test_a_split_that_callers_changed_is_found() -> None:
    test = SplitTest()
    for _ in range(20):
        test = test.after(70, 30, 0.1)

    assert test.is_off_at(0.001)
    assert not SplitTest().after(900, 100, 0.1).is_off_at(0.001)
