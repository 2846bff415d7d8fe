"""Numbers agree with their nouns."""

import pytest

from thriftline.core.wording import counted, ended, sentence


@pytest.mark.parametrize(
    ("number", "noun", "words"),
    [
        (0, "invocation", "no invocations"),
        (1, "invocation", "1 invocation"),
        (2_000, "invocation", "2,000 invocations"),
        (1, "epoch", "1 epoch"),
        (3, "epoch", "3 epochs"),
        (2, "batch", "2 batches"),
        (2, "prefix", "2 prefixes"),
        (2, "entry", "2 entries"),
        (2, "day", "2 days"),
        (1.0, "request", "1 request"),
        (1.2, "minute", "1 minute"),
        (1.6, "minute", "2 minutes"),
        (0.4, "minute", "0 minutes"),
    ],
)
def test_a_number_agrees_with_its_noun(number: float, noun: str, words: str) -> None:
    assert counted(number, noun) == words


def test_a_sentence_begins_with_a_capital() -> None:
    assert sentence("no invocations.") == "No invocations."
    assert sentence("") == ""


@pytest.mark.parametrize(
    "said", ["There is no capacity", "There is no capacity.", "There is no capacity. \n"]
)
def test_what_a_program_said_ends_with_one_full_stop(said: str) -> None:
    assert ended(said) == "There is no capacity."
