"""What a command answers, as JSON, as a table or as lines for a script."""

import json
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

WIDTH = 80
_LEAST = 8
_LEAST_SENTENCE, _INDENT = 30, 4
# What stands before a value: its name and the gap; a sentence may have a gap after its end.
_NAME = re.compile(r" *(?!- )\S+(?: \S+)*(?<![.,;:!?]) {2,}")
# What stands before a text: blanks, and the mark of a list.
_MARK = re.compile(r" *(?:- )?")
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
    tails: Sequence[str] = (),
    spare: Sequence[str] = (),
    folds: bool = False,
    width: int = WIDTH,
) -> str:
    """Returns rows under their headings, as narrow as their values allow.

    Args:
        rows: what is shown.
        columns: which of it, in this order.
        cut: the columns that may lose their ends where the table is too wide.
        tails: those that may lose their beginnings; no other column is cut. The widest loses first.
        spare: the columns that may go where that is not enough.
        folds: whether the last column has sentences, which go on below themselves.
        width: of the terminal.
    """
    if folds:
        others = _table(rows, columns[:-1], ((), ()), width).splitlines()
        at = max(map(len, others)) + 2
        # Beside names that leave no room for a sentence, it goes on below all of them.
        at = at if at <= width - _LEAST_SENTENCE else _INDENT
        text = _table(rows, columns, ((), ()), width)
        return "\n".join(_wrapped(line, width, at) for line in text.splitlines())
    text = _table(rows, columns, (cut, tails), width)
    if spare and max(map(len, text.splitlines())) > width:
        left = [one for one in columns if one != spare[0]]
        return as_table(rows, left, cut=cut, tails=tails, spare=spare[1:], width=width)
    return text


def _table(
    rows: Sequence[_Row],
    columns: Sequence[str],
    cuts: tuple[Sequence[str], Sequence[str]],
    width: int,
) -> str:
    cells = [[shown(row.get(column)) for column in columns] for row in rows]
    heads = [column.replace("_", " ").upper() for column in columns]
    widths = [max(map(len, column)) for column in zip(heads, *cells, strict=True)]
    cut, tails = cuts
    least = {
        at: max(_LEAST, len(heads[at]))
        for at, name in enumerate(columns)
        if name in cut or name in tails
    }
    over = sum(widths) + 2 * (len(widths) - 1) - width
    while over > 0 and (loose := [at for at in least if widths[at] > least[at]]):
        widths[max(loose, key=lambda at: widths[at])] -= 1
        over -= 1
    return "\n".join(
        "  ".join(
            _fit(cell, wide, name in tails)
            for cell, wide, name in zip(line, widths, columns, strict=True)
        ).rstrip()
        for line in (heads, *cells)
    )


def _fit(cell: str, width: int, is_tail: bool) -> str:
    if len(cell) <= width:
        return cell.ljust(width)
    return f"…{cell[1 - width :]}" if is_tail else f"{cell[: width - 1]}…"


def as_text(answer: Mapping[str, Any]) -> str:
    """Returns what is known, a line for each; lists and mappings are for JSON."""
    told = {
        name.replace("_", " "): shown(value)
        for name, value in answer.items()
        if not isinstance(value, (Mapping, list, tuple)) and value not in (None, "")
    }
    width = max(map(len, told), default=0)
    return "\n".join(f"{name.ljust(width)}  {value}" for name, value in told.items())


def fitted(text: str, width: int) -> str:
    """Returns a page whose lines go on below where the terminal ends, between two words.

    A value goes on under its own beginning. A word is never divided, so that an address can be
    copied: one that is wider than the terminal stands on one line all the same.
    """
    lines = text.split("\n")
    ends = [found.end() if (found := _NAME.match(line)) else 0 for line in lines]
    # Names of a page share one width; a gap elsewhere is one within a sentence.
    names = {ends[0], *(end for end in ends if ends.count(end) > 1)} - {0}
    return "\n".join(
        _wrapped(line, width, end if end in names else None)
        for line, end in zip(lines, ends, strict=True)
    )


def _wrapped(line: str, width: int, at: int | None) -> str:
    """Returns a line that goes on below ``at``, else behind its blanks and its mark."""
    if len(line) <= width:
        return line
    mark = _MARK.match(line)
    start = line[:at] if at is not None else mark[0] if mark else ""
    indent = " " * len(start)
    lines = [start]
    for word in line[len(start) :].split(" "):
        # The first word stands beside its name, however long it is.
        if lines[-1].strip() and lines[-1] != start and len(lines[-1]) + 1 + len(word) > width:
            # Of a gap between two columns nothing is left at the end of a line.
            lines += [f"{indent}{word}"] if word else []
        else:
            lines[-1] += word if lines[-1] == start else f" {word}"
    return "\n".join(lines)


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
