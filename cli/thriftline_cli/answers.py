"""What a command answers, as JSON, as a table or as lines for a script."""

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

WIDTH = 80
_LEAST = 8
_Row = Mapping[str, Any]


def as_json(answer: Any) -> str:
    """Returns an answer as JSON; a decimal stays what it is, as a text."""
    return json.dumps(answer, indent=2, default=_plain, ensure_ascii=False)


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else str(value)
    return str(value)


def as_table(
    rows: Sequence[_Row],
    columns: Sequence[str],
    *,
    cut: Sequence[str] = (),
    spare: Sequence[str] = (),
    width: int = WIDTH,
) -> str:
    """Returns rows under their headings, as narrow as their values allow.

    Args:
        rows: what is shown.
        columns: which of it, in this order.
        cut: the columns that may lose their ends where the table is too wide; no other does.
        spare: the columns that may go where that is not enough.
        width: of the terminal.
    """
    text = _table(rows, columns, cut, width)
    if spare and max(map(len, text.splitlines())) > width:
        left = [one for one in columns if one != spare[0]]
        return as_table(rows, left, cut=cut, spare=spare[1:], width=width)
    return text


def _table(rows: Sequence[_Row], columns: Sequence[str], cut: Sequence[str], width: int) -> str:
    cells = [[shown(row.get(column)) for column in columns] for row in rows]
    heads = [column.replace("_", " ").upper() for column in columns]
    widths = [max(map(len, column)) for column in zip(heads, *cells, strict=True)]
    for column in cut:
        at = columns.index(column)
        over = sum(widths) + 2 * (len(widths) - 1) - width
        widths[at] -= max(0, min(over, widths[at] - max(_LEAST, len(heads[at]))))
    return "\n".join(
        "  ".join(_fit(cell, wide) for cell, wide in zip(line, widths, strict=True)).rstrip()
        for line in (heads, *cells)
    )


def _fit(cell: str, width: int) -> str:
    return cell.ljust(width) if len(cell) <= width else f"{cell[: width - 1]}…"


def as_text(answer: Mapping[str, Any]) -> str:
    """Returns what is known, a line for each; lists and mappings are for JSON."""
    told = {
        name.replace("_", " "): shown(value)
        for name, value in answer.items()
        if not isinstance(value, (Mapping, list, tuple)) and value not in (None, "")
    }
    width = max(map(len, told), default=0)
    return "\n".join(f"{name.ljust(width)}  {value}" for name, value in told.items())


def as_lines(answer: Any, columns: Sequence[str] | None = None) -> str:
    """Returns values alone, with tabs between them, for a script."""
    if isinstance(answer, Mapping):
        names = columns or list(answer)
        return "\t".join(shown(answer.get(name)) for name in names)
    if isinstance(answer, (list, tuple)):
        return "\n".join(as_lines(one, columns) for one in answer)
    return shown(answer)


def shown(value: Any) -> str:
    """Returns one value in one line, without what a terminal would obey."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (Mapping, list, tuple)):
        value = json.dumps(value, default=_plain, ensure_ascii=False)
    # What others wrote holds no line breaks and no terminal codes here.
    text = "".join(letter if letter.isprintable() else " " for letter in str(value))
    return " ".join(text.split())
