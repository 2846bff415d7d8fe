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
    said = answer.strip().casefold()
    if said.endswith(_MARKS):
        said = said[:-1]
    return {word: label for label, word in words.items()}.get(said)
