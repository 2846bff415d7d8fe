"""What finished runs teach: shrunk towards the model, never from one alone."""

from math import exp, isfinite
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thriftline.runs.domain.own_record import FEWEST_RUNS, Observation, correction
from thriftline.runs.domain.spans import Span

# A model that is sure of the overhead within a half, and of the work within a factor of two.
PRIOR = (Span(100, 200, 300), Span(500, 1_000, 2_000))
PARTS = (200.0, 1_000.0)


def runs(count: int, factor: float, noise: float = 0.0, seed: int = 1) -> list[Observation]:
    """Runs of different size, whose work takes ``factor`` times what the model says."""
    random = Random(seed)
    found = []
    for number in range(count):
        work = 200.0 * (1 + number)
        error = exp(random.gauss(0, noise)) if noise else 1.0
        found.append(Observation((200.0, work), (200.0 + factor * work) * error))
    return found


def test_one_run_alone_teaches_nothing() -> None:
    assert correction(PRIOR, runs(1, 3.0)) is None
    assert correction(PRIOR, runs(FEWEST_RUNS, 3.0)) is not None


def test_few_runs_move_the_estimate_a_little_and_many_all_the_way() -> None:
    truth = 200 + 1.8 * 1_000
    likely = []
    for count in (2, 4, 10, 40):
        learned = correction(PRIOR, runs(count, 1.8))
        assert learned is not None
        likely.append(learned.predict(PARTS).likely)

    assert 1_200 < likely[0] < truth
    assert abs(likely[-1] - truth) < abs(likely[0] - truth)
    assert likely[-1] == pytest.approx(truth, rel=0.05)


def test_the_range_becomes_narrower_with_each_run_and_wider_with_their_noise() -> None:
    def width(count: int, noise: float) -> float:
        learned = correction(PRIOR, runs(count, 1.2, noise))
        assert learned is not None
        span = learned.predict(PARTS)
        return span.high / span.low

    assert width(40, 0.05) < width(10, 0.05) < width(2, 0.05)
    assert width(20, 0.30) > width(20, 0.05)


@pytest.mark.parametrize("noise", [0.03, 0.15, 0.3])
def test_nine_of_ten_runs_to_come_end_inside_the_range(noise: float) -> None:
    inside = total = 0
    for seed in range(150):
        random = Random(seed)
        factors = exp(random.gauss(0, 0.15)), exp(random.gauss(0, 0.4))

        def run(random: Random = random, factors: tuple[float, float] = factors) -> Observation:
            work = random.uniform(100, 3_000)
            seconds = factors[0] * 200 + factors[1] * work
            return Observation((200.0, work), seconds * exp(random.gauss(0, noise)))

        learned = correction(PRIOR, [run() for _ in range(10)])
        assert learned is not None
        for _ in range(10):
            one = run()
            span = learned.predict(one.parts)
            inside += span.low <= one.seconds <= span.high
            total += 1

    assert inside / total >= 0.9


def test_a_model_that_knows_nothing_is_fitted_by_the_runs() -> None:
    # Three parts that may each be off by a factor of ten, as on processors.
    prior = tuple(Span(part / 10, part, 10 * part) for part in (60.0, 100.0, 30.0))
    finished = [
        Observation((60.0, work, steps), 15 + 2.5 * work + 0.4 * steps)
        for work, steps in [(10, 5), (40, 5), (20, 60), (100, 30), (200, 90), (60, 200)]
    ]

    learned = correction(prior, finished)

    assert learned is not None
    assert learned.predict((60.0, 150.0, 50.0)).likely == pytest.approx(15 + 375 + 20, rel=0.05)


@given(
    st.lists(
        st.tuples(st.floats(0, 1e5), st.floats(0, 1e7), st.floats(1, 2.5e6)),
        min_size=0,
        max_size=12,
    ),
    st.tuples(st.floats(0, 1e5), st.floats(0, 1e7)),
)
def test_any_record_gives_a_range_in_order(
    finished: list[tuple[float, float, float]], parts: tuple[float, float]
) -> None:
    learned = correction(PRIOR, [Observation((one, two), took) for one, two, took in finished])

    if learned is not None:
        span = learned.predict(parts)
        assert 0 < span.low <= span.likely <= span.high
        assert isfinite(span.high)


@given(st.floats(1, 1e4), st.floats(1, 1e6), st.floats(1.0, 10.0))
def test_a_larger_run_is_never_expected_to_be_shorter(
    start: float, work: float, larger: float
) -> None:
    learned = correction(PRIOR, runs(5, 0.6, 0.1))

    assert learned is not None
    small, large = learned.predict((start, work)), learned.predict((start, larger * work))
    assert large.likely >= small.likely
