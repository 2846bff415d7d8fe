"""The run time limit that follows the plan."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thriftline.runs.domain.quotes import Amount, Expectation
from thriftline.runs.trainers.sagemaker.runtime_limit import (
    LEAST_SECONDS,
    LONGEST_SECONDS,
    MARGIN,
    USUAL_SECONDS,
    runtime_limit,
)

WITHIN = st.integers(0, 10 * LONGEST_SECONDS)


def expectation(likely: int | None, high: int | None = None) -> Expectation:
    usd = None if likely is None else Decimal(1)
    most = None if high is None else Amount(high, Decimal(2))
    return Expectation(likely, usd, "", high=most)


@st.composite
def expectations(draw: st.DrawFn) -> Expectation:
    likely = draw(st.integers(1, LONGEST_SECONDS))
    return expectation(likely, draw(st.none() | st.integers(likely, LONGEST_SECONDS)))


UNKNOWN = expectation(None)


@given(expectations() | st.just(UNKNOWN), WITHIN)
def test_it_is_never_below_what_is_expected(expected: Expectation, within: int) -> None:
    assert runtime_limit(expected, within) >= (expected.seconds or 1)


@given(expectations(), WITHIN)
def test_it_is_within_the_cap_wherever_the_cap_pays_for_what_is_expected(
    expected: Expectation, within: int
) -> None:
    assert expected.seconds is not None
    if within >= expected.seconds:
        assert runtime_limit(expected, within) <= within


@given(expectations() | st.just(UNKNOWN), WITHIN, WITHIN)
def test_more_dollars_never_shorten_it(expected: Expectation, one: int, other: int) -> None:
    least = expected.seconds or 60
    less, more = sorted((max(one, least), max(other, least)))

    assert runtime_limit(expected, less) <= runtime_limit(expected, more)


@pytest.mark.parametrize(
    ("likely", "high", "within", "limit"),
    [
        (245, 400, 100_000, LEAST_SECONDS),
        (2_000, 3_000, 100_000, 3_000 * MARGIN),
        (2_000, None, 100_000, 4_200),  # a trainer without ranges; whole ten minutes
        (2_000, 3_000, 2_500, 2_500),
        (2_000, 3_000, 1_000, 3_000 * MARGIN),  # refused, and told what it should have
        (None, None, 100_000, USUAL_SECONDS),
        (None, None, 3_000, 3_000),
        (None, None, 10, USUAL_SECONDS),
    ],
)
def test_the_limit_of_a_run(likely: int | None, high: int | None, within: int, limit: int) -> None:
    assert runtime_limit(expectation(likely, high), within) == limit
