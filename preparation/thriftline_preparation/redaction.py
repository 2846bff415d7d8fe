r"""Replaces personal data by a word such as ``<EMAIL>``. Values are counted and never kept.

Texts are searched as UTF-8, by patterns of bytes: so ``\\b`` and ``\\d`` mean what they mean to the
validator, whose patterns these are.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Callable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .config import Pattern

_DOUBLED = bytes.maketrans(b"0123456789", bytes((0, 2, 4, 6, 8, 1, 3, 5, 7, 9)))
_VALUES = {ord(c): str(n) for n, c in enumerate("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")}
# Replacing a value may uncover another beside it; each round shortens the text or ends.
_MOST_ROUNDS = 8
_LEAD_BYTES = 256


class Redaction:
    """Replaces what some patterns find."""

    def __init__(self, patterns: Sequence[Pattern]) -> None:
        self._searches = [_Search(pattern) for pattern in patterns]

    def __bool__(self) -> bool:
        return bool(self._searches)

    def redacted(self, text: str) -> tuple[str, dict[str, int]]:
        """Returns the text without personal data, and how many values of each kind it had."""
        data = text.encode("utf-8", "replace")
        counts: dict[str, int] = {}
        for _ in range(_MOST_ROUNDS):
            before = data
            for search in self._searches:
                data = search.replace(data, counts)
            if data == before:
                break
        return (data.decode("utf-8", "replace"), counts) if counts else (text, counts)


class _Search:
    def __init__(self, pattern: Pattern) -> None:
        self._name = pattern.name
        self._regex = re.compile(pattern.regex.encode())
        self._holds = _CHECKS[pattern.check]
        self._replacement = pattern.replacement.encode()
        self._lead = pattern.lead and re.compile(b"(?:" + pattern.lead.encode() + b")\\Z")

    def replace(self, data: bytes, counts: dict[str, int]) -> bytes:
        parts: list[bytes] = []
        done = at = 0
        while match := self._regex.search(data, at):
            if not self._holds(match.group()):
                # Another value may begin inside of what failed the check.
                at = match.start() + 1
                continue
            parts += data[done : self._start(data, match.start(), done)], self._replacement
            counts[self._name] = counts.get(self._name, 0) + 1
            done = at = match.end()
        return b"".join((*parts, data[done:])) if parts else data

    def _start(self, data: bytes, start: int, done: int) -> int:
        """Where the value begins, with what belongs to it before the match."""
        if not self._lead:
            return start
        least = max(done, start - _LEAD_BYTES)
        lead = self._lead.search(data[least:start])
        return least + lead.start() if lead else start


def _luhn_holds(card: bytes) -> bool:
    digits = card.translate(None, b" -")
    if not (13 <= len(digits) <= 19 and digits.isdigit()):
        return False
    plain, doubled = digits[-1::-2], digits[-2::-2].translate(_DOUBLED)
    return (sum(plain) - 48 * len(plain) + sum(doubled)) % 10 == 0


def _iban_holds(iban: bytes) -> bool:
    plain = iban.replace(b" ", b"")
    if not (15 <= len(plain) <= 34 and plain.isalnum() and plain.isupper()):
        return False
    return int("".join(map(_VALUES.__getitem__, plain[4:] + plain[:4]))) % 97 == 1


_CHECKS: Mapping[str, Callable[[bytes], bool]] = {
    "none": bool,
    "luhn": _luhn_holds,
    "iban": _iban_holds,
}
