"""Finds texts that hold personal data; counts records and never keeps a value.

Each regular expression begins where a cheap search says that it may match: at an ``@`` or a
``+``, or at digits that lie close enough together.
"""

from collections.abc import Iterator
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


def _close_runs(digits: Positions, count: int, span: int) -> Iterator[int]:
    """Positions of digits from which ``count`` digits lie within ``span`` bytes."""
    if len(digits) < count:
        return iter(())
    near = digits[count - 1 :] - digits[: len(digits) - count + 1] < span
    return iter(digits[: len(near)][near].tolist())


def _cards(joined: bytes, digits: Positions) -> Iterator[int]:
    for position in _close_runs(digits, 13, 16):
        match = CARD.match(joined, position)
        if match and luhn_holds(match.group()):
            yield position


def _local_phones(joined: bytes, digits: Positions) -> Iterator[int]:
    for position in _close_runs(digits, 10, 15):
        if LOCAL_PHONE.match(joined, position):
            yield position


def _ibans(joined: bytes, digits: Positions) -> Iterator[int]:
    marks = np.frombuffer(joined, np.uint8)
    first = digits[marks[digits - 1] - np.uint8(65) < 26]
    for position in first[marks[first - 2] - np.uint8(65) < 26].tolist():
        if position < 2:
            continue
        match = IBAN.match(joined, position - 2)
        if match and iban_holds(match.group()):
            yield position
