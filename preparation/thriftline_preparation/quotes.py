"""Finds the rows that a quote which is opened and not closed has made part of one field.

By RFC 4180 such a quote makes all that follows, up to the next quote, one field: no parser can
tell it from a long text. What gives it away is that the lines inside are records themselves.
"""

from __future__ import annotations

import csv

# Fewer lines than this are taken for a text with line breaks.
FEWEST_LINES = 10
_LOOKED_AT = 200
_ALIKE = 0.9


def swallows_rows(value: str, fields: int, label: int) -> bool:
    """Whether the lines within a value are rows of its file.

    They are where nearly all of them have as many fields as the header, and the same few labels.

    Args:
        value: A field, or a record that could not be parsed.
        fields: How many the header has.
        label: Which of them is the label.
    """
    if fields < 2 or value.count("\n") < FEWEST_LINES + 1:
        return False
    # The first and the last line are halves.
    lines = value.split("\n", _LOOKED_AT + 1)[1 : _LOOKED_AT + 1]
    lines = lines[:-1] if len(lines) < _LOOKED_AT else lines
    rows = [row for row in map(_fields, lines) if row]
    alike = [row for row in rows if len(row) == fields]
    labels = {row[label].strip() for row in alike}
    return (
        len(rows) >= FEWEST_LINES
        and len(alike) >= _ALIKE * len(rows)
        and 2 * len(labels) <= len(alike)
    )


def is_open_at_the_end(record: str) -> bool:
    """Whether a record that could not be parsed ends within quotes: its file ended before them."""
    return record.count('"') % 2 == 1 and len(record.splitlines()) > 1


def _fields(line: str) -> list[str]:
    try:
        return next(csv.reader([line], strict=False), [])
    except csv.Error:
        return []
