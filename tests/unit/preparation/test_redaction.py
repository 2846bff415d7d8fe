"""Personal data is replaced by a word, and counted."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preparation.thriftline_preparation.redaction import Redaction
from tests.unit.preparation.configurations import EMAIL, configuration

REDACTION = Redaction(configuration(redact=["email", "card", "iban"]).redacted)


@pytest.mark.parametrize(
    ("text", "redacted", "counts"),
    [
        ("write to joe.doe+x@mail.example.com now", "write to <EMAIL> now", {"email": 1}),
        ("<a@b.co>, c@d.org", "<<EMAIL>>, <EMAIL>", {"email": 2}),
        ("card 4111 1111 1111 1111.", "card <CARD>.", {"card": 1}),
        ("card 4111 1111 1111 1112.", "card 4111 1111 1111 1112.", {}),
        # The first digits fail the check; the card begins inside of them.
        ("2222 4111 1111 1111 1111", "2222 <CARD>", {"card": 1}),
        ("to DE89 3704 0044 0532 0130 00 please", "to <IBAN> please", {"iban": 1}),
        ("to DE88 3704 0044 0532 0130 00 please", "to DE88 3704 0044 0532 0130 00 please", {}),
        ("caf\u00e9 joe@example.com \u4f60\u597d", "caf\u00e9 <EMAIL> \u4f60\u597d", {"email": 1}),
        ("nothing here", "nothing here", {}),
        ("@home and a @ b.com", "@home and a @ b.com", {}),
    ],
)
def test_a_value_is_replaced_whole_and_counted(
    text: str, redacted: str, counts: dict[str, int]
) -> None:
    assert REDACTION.redacted(text) == (redacted, counts)


def test_a_value_that_another_one_had_covered_is_replaced_as_well() -> None:
    # A word ends before the card only once the address before it is gone.
    text, counts = REDACTION.redacted("a@b.c-4111111111111111 x@y.zz")

    assert "4111" not in text
    assert counts["email"] == 2


def test_only_what_is_asked_for_is_replaced() -> None:
    redaction = Redaction(configuration(redact=["card"]).redacted)

    assert redaction.redacted("a@b.co 4111111111111111")[0] == "a@b.co <CARD>"


pieces = st.lists(
    st.sampled_from(
        ["a", "@", ".", "b.co", "4111111111111111", "4111 1111 1111 1111", "DE89", " ", "-", "<",
         "370400440532013000", "\u00e9", "12", "x_", "\n"]
    )
    | st.text(max_size=3),
    max_size=12,
).map("".join)  # fmt: skip


@given(pieces)
def test_nothing_is_left_that_a_pattern_finds(text: str) -> None:
    redacted, counts = REDACTION.redacted(text)

    assert REDACTION.redacted(redacted) == (redacted, {})
    assert re.search(EMAIL["regex"].encode(), redacted.encode()) is None
    assert bool(counts) == (redacted != text)


def test_a_text_that_could_make_patterns_slow_is_read_in_time() -> None:
    for text in ("a" * 200_000, "1" * 200_000, "1 " * 100_000, "@a." * 60_000, "A1" * 100_000):
        REDACTION.redacted(text)
