"""Rectangles of rows hold every row once, within their bounds, as cheaply as can be."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training_image.passes import rectangles

pytestmark = pytest.mark.training


@given(
    lengths=st.lists(st.integers(1, 512), min_size=1, max_size=80),
    pass_tokens=st.integers(1, 4096),
    overhead=st.integers(0, 2000),
)
def test_passes_hold_every_row_once_and_no_more_tokens_than_allowed(
    lengths: list[int], pass_tokens: int, overhead: int
) -> None:
    sizes = np.array(lengths)
    groups = rectangles(sizes, pass_tokens, overhead)
    assert sorted(np.concatenate(groups)) == list(range(len(lengths)))
    for group in groups:
        assert len(group) == 1 or len(group) * sizes[group].max() <= pass_tokens


@given(lengths=st.lists(st.integers(1, 40), min_size=1, max_size=7), overhead=st.integers(0, 60))
def test_the_cuts_are_the_cheapest_of_all(lengths: list[int], overhead: int) -> None:
    sizes = np.sort(np.array(lengths))

    def cost(groups: list[np.ndarray[tuple[int], np.dtype[np.int64]]]) -> int:
        return sum(len(group) * int(group.max()) + overhead for group in groups if len(group))

    every = [
        cost(np.split(sizes, [i for i in range(1, len(sizes)) if mask >> (i - 1) & 1]))
        for mask in range(2 ** (len(sizes) - 1))
    ]
    ours = rectangles(sizes, 10**9, overhead)
    assert cost([sizes[group] for group in ours]) == min(every)
