"""The run time limit that follows the plan."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thriftline.runs.trainers.sagemaker.runtime_limit import (
    LEAST_SECONDS,
    LONGEST_SECONDS,
    MARGIN,
    USUAL_SECONDS,
    runtime_limit,
)

EXPECTED = st.none() | st.integers(1, LONGEST_SECONDS)
WITHIN = st.integers(0, 10 * LONGEST_SECONDS)


@given(EXPECTED, WITHIN)
def test_it_is_never_below_what_is_expected(expected: int | None, within: int) -> None:
    assert runtime_limit(expected, within) >= (expected or 1)


@given(st.integers(1, LONGEST_SECONDS), WITHIN)
def test_it_is_within_the_cap_wherever_the_cap_pays_for_what_is_expected(
    expected: int, within: int
) -> None:
    limit = runtime_limit(expected, within)

    assert (limit <= within) == (within >= expected or limit <= within)
    if within >= expected:
        assert limit <= within


@given(EXPECTED, WITHIN, WITHIN)
def test_more_dollars_never_shorten_it(expected: int | None, one: int, other: int) -> None:
    least = expected or 60
    less, more = sorted((max(one, least), max(other, least)))

    assert runtime_limit(expected, less) <= runtime_limit(expected, more)


@pytest.mark.parametrize(
    ("expected", "within", "limit"),
    [
        (245, 100_000, LEAST_SECONDS),
        (2_000, 100_000, 2_000 * MARGIN),
        (2_000, 3_000, 3_000),
        (2_000, 1_000, 2_000 * MARGIN),  # refused, and told what it should have
        (None, 100_000, USUAL_SECONDS),
        (None, 3_000, 3_000),
        (None, 10, USUAL_SECONDS),
    ],
)
def test_the_limit_of_a_run(expected: int | None, within: int, limit: int) -> None:
    assert runtime_limit(expected, within) == limit
