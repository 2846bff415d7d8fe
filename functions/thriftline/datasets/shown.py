"""Names as people see them: personal data hidden, and what cannot be seen made visible.

Data keep their own spelling; nothing here may be compared with a label.
"""

import re
import unicodedata
from typing import Final

from thriftline.datasets.names import looks_like_name
from thriftline.datasets.personal_patterns import holds_personal_data

_MOST_CHARACTERS: Final = 80
_EDGE_SPACES: Final = re.compile(r"^ +| +$| {2,}")
_INVISIBLE: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_BLANK_LETTERS: Final = frozenset("\u00a0\u034f\u115f\u1160\u2800\u3000\u3164\uffa0")
_SPACE: Final = "␠"
_FIRST_PICTURE: Final = 0x2400


def visible(text: str) -> str:
    """Spaces at the edges, control characters and letters without a shape, as one can see them."""
    return _shortened("".join(map(_seen, _with_spaces(text))))


def spelled_out(text: str) -> str:
    """Each letter beyond ASCII as its code point, for names that look alike."""
    return _shortened("".join(map(_spelled, _with_spaces(text))))


def _with_spaces(text: str) -> str:
    return _EDGE_SPACES.sub(lambda spaces: _SPACE * len(spaces.group()), text)


def _shortened(shown: str) -> str:
    return shown if len(shown) <= _MOST_CHARACTERS else shown[: _MOST_CHARACTERS - 1] + "…"


def _seen(mark: str) -> str:
    if mark < " ":
        return chr(_FIRST_PICTURE + ord(mark))
    if unicodedata.category(mark) in _INVISIBLE or mark in _BLANK_LETTERS:
        return _code_point(mark)
    return mark


def _spelled(mark: str) -> str:
    return mark if " " <= mark <= "~" or mark == _SPACE else _code_point(mark)


def _code_point(mark: str) -> str:
    return f"⟨U+{ord(mark):04X}⟩"


class Masks:
    """Replaces names that look like personal data, wherever people would read them."""

    def __init__(self) -> None:
        self._shown: dict[str, str] = {}
        self._hidden = 0

    def show(self, name: str) -> str:
        """The name itself, or one that gives nothing away."""
        if name not in self._shown:
            reason = "looks like personal data" if holds_personal_data(name) else None
            self._shown[name] = self._mask(name, reason)
        return self._shown[name]

    def show_column(self, name: str) -> str:
        """A column's name, if it looks like one: a header may be a row of the data."""
        key = f"column {name}"
        if key not in self._shown:
            reason = None if looks_like_name(name) else "does not look like a name"
            self._shown[key] = self._mask(name, reason)
        return self._shown[key]

    def show_pair(self, names: list[str]) -> list[str]:
        """Names of which no two may look the same."""
        shown = [self.show(name) for name in names]
        looks = {unicodedata.normalize("NFC", one) for one in shown}
        if len(looks) == len(names) or any(holds_personal_data(name) for name in names):
            return shown
        return [spelled_out(name) for name in names]

    def _mask(self, name: str, reason: str | None) -> str:
        if reason is None:
            return visible(name)
        self._hidden += 1
        return f"(hidden {self._hidden}: {reason})"
