"""An answer is a label exactly, or it is unparsed; nothing falls back to a default."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thriftline.runs.trainers.bedrock.answers import parse_answer

WORDS = {"neg": "negative", "pos": "positive"}


@pytest.mark.parametrize(
    ("answer", "label"),
    [
        ("positive", "pos"),
        (" Positive\n", "pos"),
        ("NEGATIVE.", "neg"),
        ("negative!", "neg"),
        ("negative..", None),
        ("negative .", None),
        ("negative?", None),
        ("negat", None),
        ("pos", None),
        ("The review is positive", None),
        ("negative positive", None),
        ("I'm glad you", None),
        ("", None),
        (".", None),
    ],
)
def test_only_the_word_itself_is_a_label(answer: str, label: str | None) -> None:
    assert parse_answer(answer, WORDS) == label


@given(st.text(max_size=30))
def test_no_other_text_becomes_a_label(answer: str) -> None:
    label = parse_answer(answer, WORDS)
    if label is not None:
        assert WORDS[label] == answer.strip().casefold().removesuffix(".").removesuffix("!")


@given(st.text(max_size=10), st.sampled_from(sorted(WORDS)), st.text(max_size=10))
def test_a_word_with_anything_around_it_is_not_a_label(before: str, label: str, after: str) -> None:
    answer = f"{before}x {WORDS[label]} x{after}"
    assert parse_answer(answer, WORDS) is None
