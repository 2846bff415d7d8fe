"""What is measured of a text: bins that hold their ends, and words whatever their script."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thriftline.evaluation.text_measures import (
    CONFIDENCE_BINS,
    LENGTH_ENDS,
    UNKNOWN_ENDS,
    confidence_bin,
    length_bin,
    one_text,
    unknown_bin,
    unknown_share,
    words_of,
)


@given(st.text())
def test_every_text_has_a_bin(text: str) -> None:
    assert 0 <= length_bin(len(text)) <= len(LENGTH_ENDS)
    share = unknown_share(text, frozenset())
    assert share in (None, 1.0)
    if share is not None:
        assert unknown_bin(share) == len(UNKNOWN_ENDS) - 1
    assert unknown_share(text, set(words_of(text))) in (None, 0.0)


@given(st.integers(0, 10**7))
def test_a_longer_text_is_in_no_lower_bin(characters: int) -> None:
    assert length_bin(characters) <= length_bin(characters + 1)
    if characters in LENGTH_ENDS:
        assert length_bin(characters) + 1 == length_bin(characters + 1)


@given(st.floats(0, 1))
def test_every_confidence_has_a_bin(confidence: float) -> None:
    assert 0 <= confidence_bin(confidence) < CONFIDENCE_BINS


def test_the_bins_of_confidence_hold_their_lower_ends() -> None:
    assert [confidence_bin(one) for one in (0.0, 0.05, 0.5, 0.99, 1.0)] == [0, 0, 5, 9, 9]


@pytest.mark.parametrize(
    ("text", "count"),
    [("A warm film.", 3), ("it's", 2), ("...", 0), ("暖かい映画", 5), ("สวัสดี", 6), ("Ünïcode", 1)],
)
def test_words_are_found_in_any_script(text: str, count: int) -> None:
    assert len(list(words_of(text))) == count


def test_case_makes_no_other_word() -> None:
    assert list(words_of("Film FILM film")) == list(words_of("film")) * 3


def test_a_pair_is_measured_as_one_text() -> None:
    assert one_text("ab", None) == "ab"
    assert len(one_text("ab", "cd")) == 5
