"""Text of strangers, made safe to show.

Labels, names of files, keys, reasons of other programs: all of it may hold line breaks, terminal
codes, marks that turn the reading order, or no end. What people read goes through ``plain``.
"""

import unicodedata

# Control and format characters, half surrogates, private and unassigned ones, separators.
_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
_BREAKS = "\t\n\r\v\f"


def plain(text: object, limit: int = 300) -> str:
    """Returns a name or a reason as one line that shows what it holds and hides nothing.

    Line breaks become spaces; characters that do not print, or that turn the reading order of
    what follows, become their number; what is longer than ``limit`` ends in an ellipsis.
    """
    shown = str(text)[: 4 * limit]
    if not shown.isprintable():
        shown = "".join(_shown(letter) for letter in shown)
    line = " ".join(shown.split())
    return line if len(line) <= limit else f"{line[: limit - 1]}…"


def plain_lines(text: object, limit: int = 2000) -> str:
    """Returns a text of several lines, each of them plain, at most ``limit`` characters of all."""
    lines = [plain(line, limit) for line in str(text)[: 4 * limit].split("\n")]
    whole = "\n".join(lines).strip()
    return whole if len(whole) <= limit else f"{whole[: limit - 1]}…"


def has_hidden(text: str) -> bool:
    """Reports whether a text holds characters that do not print or that turn the reading order."""
    return any(unicodedata.category(letter) in _HIDDEN for letter in text)


def _shown(letter: str) -> str:
    if letter in _BREAKS:
        return " "
    if unicodedata.category(letter) in _HIDDEN:
        return f"\\u{ord(letter):04x}"
    return letter
