"""Finds texts that hold personal data; counts records and never keeps a value.

Each regular expression begins where a cheap search says that it may match: at an ``@`` or a
``+``, or at digits that lie close enough together.
"""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from thriftline.datasets.personal_patterns import (
    CARD,
    EMAIL,
    IBAN,
    LOCAL_PHONE,
    PHONE,
    iban_holds,
    luhn_holds,
)

if TYPE_CHECKING:
    from re import Pattern

_WINDOW = 1 << 16
_OVERLAP = 64
_RARE = 256
_WORD = np.zeros(256, np.bool_)
_WORD[list(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz")] = True
Positions = NDArray[np.int64]


def find_personal_data(joined: bytes) -> dict[str, list[int]]:
    """Returns positions in texts joined by line breaks, by the code of the check."""
    found = {
        "personal_data_email": list(_matches(EMAIL, b"@", joined)),
        "personal_data_phone": list(_matches(PHONE, b"+", joined)),
        "personal_data_card": [],
        "personal_data_iban": [],
    }
    for start in range(0, len(joined), _WINDOW):
        digits = _digits(joined, start)
        if len(digits) < 10:
            continue
        found["personal_data_card"].extend(_cards(joined, digits))
        found["personal_data_phone"].extend(_local_phones(joined, digits))
        found["personal_data_iban"].extend(_ibans(joined, digits))
    return found


def _matches(pattern: "Pattern[bytes]", first: bytes, joined: bytes) -> Iterator[int]:
    """Where a pattern matches that begins with one certain byte, which is mostly rare."""
    position = joined.find(first)
    for _ in range(len(joined) // _RARE):
        if position < 0:
            return
        if pattern.match(joined, position):
            yield position
        position = joined.find(first, position + 1)
    if position >= 0:
        yield from (match.start() for match in pattern.finditer(joined, position))


def _digits(joined: bytes, start: int) -> Positions:
    marks = np.frombuffer(joined, np.uint8, min(_WINDOW + _OVERLAP, len(joined) - start), start)
    return np.flatnonzero((marks - np.uint8(48)) < 10) + start


def _close_runs(digits: Positions, count: int, span: int) -> Positions:
    """Positions of digits from which ``count`` digits lie within ``span`` bytes."""
    if len(digits) < count:
        return digits[:0]
    near = digits[count - 1 :] - digits[: len(digits) - count + 1] < span
    return digits[: len(near)][near]


def _cards(joined: bytes, digits: Positions) -> Iterator[int]:
    marks = np.frombuffer(joined, np.uint8)
    close = _close_runs(digits, 13, 16)
    # A card begins with 2 to 6; the text of a match needs no second look.
    starts = close[(marks[close] - np.uint8(50) < 5) & _begins_word(marks, close)]
    yield from _first_of_each_text(
        joined, starts, lambda at: (match := CARD.match(joined, at)) and luhn_holds(match.group())
    )


def _local_phones(joined: bytes, digits: Positions) -> Iterator[int]:
    marks = np.frombuffer(joined, np.uint8)
    close = _close_runs(digits, 10, 15)
    starts = close[_begins_word(marks, close)]
    yield from _first_of_each_text(joined, starts, lambda at: LOCAL_PHONE.match(joined, at))


def _ibans(joined: bytes, digits: Positions) -> Iterator[int]:
    marks = np.frombuffer(joined, np.uint8)
    first = digits[(digits >= 2) & (digits + 1 < len(marks))]
    first = first[(marks[first - 1] - np.uint8(65) < 26) & (marks[first + 1] - np.uint8(48) < 10)]
    starts = first[marks[first - 2] - np.uint8(65) < 26] - 2
    starts = starts[_begins_word(marks, starts)]
    yield from _first_of_each_text(
        joined, starts, lambda at: (match := IBAN.match(joined, at)) and iban_holds(match.group())
    )


def _begins_word(marks: NDArray[np.uint8], positions: Positions) -> NDArray[np.bool_]:
    """Whether a word begins at each position; a position of 0 looks at the last byte in vain."""
    inside: NDArray[np.bool_] = _WORD[marks[positions - 1]] & (positions > 0)
    return ~inside


def _first_of_each_text(
    joined: bytes, positions: Positions, matches: Callable[[int], object]
) -> Iterator[int]:
    """The first position of each text where something matches: texts are counted, not matches."""
    next_text = 0
    for position in positions.tolist():
        if position >= next_text and matches(position):
            yield position
            next_text = joined.find(b"\n", position) + 1 or len(joined)
