"""The neutral form of what people are told."""

import json

from hypothesis import given
from hypothesis import strategies as st

from thriftline.core.message import Fact, Message, facts_of
from thriftline.core.text import has_hidden


def made(text: str, many: int = 1) -> Message:
    return Message(
        kind="run",
        tone="good",
        thread=text,
        title=text,
        sentence=text,
        detail=text,
        facts=(Fact(text, text),) * many,
        dollars=text,
        next_steps=(text,) * many,
        text="the mail",
    )


@given(st.text(), st.integers(0, 40))
def test_whatever_a_stranger_wrote_the_document_is_short_ascii_without_hidden_characters(
    text: str, many: int
) -> None:
    written = made(text * 500, many).document()
    assert written.isascii()
    assert len(written) < 200_000
    read = json.loads(written)
    assert not any(has_hidden(str(read[name])) for name in ("title", "sentence", "thread", "facts"))
    assert len(read["facts"]) <= 20
    assert len(read["next_steps"]) <= 6
    assert "text" not in read
    assert read["version"] == "1.0"


def test_what_is_unknown_is_no_fact_and_zero_is_one() -> None:
    found = facts_of({"a": None, "b": "", "c": 0})
    assert found == (Fact("c", "0"),)
