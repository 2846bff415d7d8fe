"""Tokens are reckoned from characters, and corrected by what Bedrock reports."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thriftline.runs.trainers.bedrock.prompt import system_prompt
from thriftline.runs.trainers.bedrock.tokens import (
    RecordTokens,
    max_answer_tokens,
    record_tokens,
    tokens_of,
    training_tokens,
)

WORDS = {"neg": "negative", "pos": "positive"}
SENTENCE = RecordTokens(Decimal(30), Decimal(27), Decimal(2))
REVIEW = RecordTokens(Decimal(30), Decimal(282), Decimal(2))


@pytest.mark.parametrize(
    ("records", "each", "tokens"), [(8_530, SENTENCE, 503_270), (20_000, REVIEW, 6_280_000)]
)
def test_worked_examples_have_the_tokens_of_the_facts(
    records: int, each: RecordTokens, tokens: int
) -> None:
    assert training_tokens(records, each, 1) == tokens
    assert training_tokens(records, each, 3) == 3 * tokens


def test_a_record_is_the_instruction_the_text_and_the_label() -> None:
    each = record_tokens(system_prompt(WORDS), 108.0, WORDS, {"neg": 10, "pos": 30})
    assert each == RecordTokens(Decimal(30), Decimal(27), Decimal(2))
    assert each.question == 57
    assert each.trained == 59


def test_labels_count_by_how_often_they_are_said() -> None:
    words = {"a": "abcd", "b": "abcdefgh"}
    assert record_tokens("", 0, words, {"a": 3, "b": 1}).label == Decimal("1.25")
    assert record_tokens("", 0, words, {}).label == Decimal("1.5")


def test_an_answer_has_room_for_the_longest_label() -> None:
    assert max_answer_tokens(["negative", "positive"]) == 6
    assert max_answer_tokens([]) == 3


@given(st.lists(st.text(max_size=20), min_size=1))
def test_no_answer_is_cut_off_at_the_estimate(words: list[str]) -> None:
    assert all(max_answer_tokens(words) > tokens_of(word) for word in words)
