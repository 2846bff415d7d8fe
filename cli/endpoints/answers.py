"""What a command answers: one thing on stdout, everything else on stderr, and an exit code."""

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from enum import IntEnum
from typing import Any


class Exit(IntEnum):
    """What a script may rely on."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    REFUSED = 3
    NOT_FOUND = 4
    NOT_ALLOWED = 5
    TIMED_OUT = 6
    INTERRUPTED = 130


class CommandError(Exception):
    """The command ends here; the message says why and what to do."""

    def __init__(self, message: str, code: Exit) -> None:
        super().__init__(message)
        self.code = code


def as_json(answer: Any) -> str:
    """Returns an answer as JSON; a decimal stays what it is, as a text."""
    return json.dumps(answer, indent=2, default=_plain, ensure_ascii=False)


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else str(value)
    return str(value)


def as_table(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> str:
    """Returns rows under their headings, as narrow as their values allow."""
    cells = [[_shown(row.get(column)) for column in columns] for row in rows]
    heads = [column.replace("_", " ").upper() for column in columns]
    widths = [max(map(len, column)) for column in zip(heads, *cells, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in (heads, *cells)
    )


def as_text(answer: Mapping[str, Any]) -> str:
    """Returns what is known, a line for each; lists and mappings are for JSON."""
    shown = {
        name.replace("_", " "): _shown(value)
        for name, value in answer.items()
        if not isinstance(value, (Mapping, list, tuple)) and value not in (None, "")
    }
    width = max(map(len, shown), default=0)
    return "\n".join(f"{name.ljust(width)}  {value}" for name, value in shown.items())


def _shown(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    # What others wrote holds no line breaks and no terminal codes here.
    text = "".join(letter if letter.isprintable() else " " for letter in str(value))
    return " ".join(text.split())
