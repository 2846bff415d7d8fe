"""What an answer says: a label, or nothing that can be counted as one."""

from collections.abc import Mapping

_MARKS = (".", "!")


def parse_answer(answer: str, words: Mapping[str, str]) -> str | None:
    """Returns the label of an answer; None when it is not exactly a label's word.

    Space around it, capital letters and one trailing mark are forgiven. What is not parsed is never
    taken for a label: it counts as wrong.

    Args:
        answer: what the model wrote.
        words: the word of each label.
    """
    return {word: label for label, word in words.items()}.get(normalized(answer))


def normalized(answer: str) -> str:
    """Returns an answer without the space around it, capital letters and one trailing mark."""
    said = answer.strip().casefold()
    return said[:-1] if said.endswith(_MARKS) else said
