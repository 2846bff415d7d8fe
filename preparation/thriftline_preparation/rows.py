"""What is decided about one raw row by itself: is it kept, as which text and label, and if not why.

One pass of Python does all of it, since each crossing between Spark and Python costs more than the
work on a short text. It parses, maps labels, cleans, filters and redacts.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from .cleaning import clean_label, clean_text, is_blank
from .labels import LabelMap
from .languages import language_of
from .redaction import Redaction

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .config import Config

# A record of a data set holds a MiB; names, quotes and escapes need some of it.
MOST_RECORD_BYTES = 900_000
MOST_LABEL_CHARACTERS = 256
# Of a row that is removed only so much is kept, for an example.
SHOWN_CHARACTERS = 300
_ABSENT = object()


class Row(NamedTuple):
    """What became of a row; ``reason`` is None where it is kept.

    ``notes`` are counts that are added up over all rows, as ``name=number`` between semicolons.
    """

    text: str | None
    text_pair: str | None
    label: str | None
    reason: str | None
    notes: str | None


class RowWork:
    """Judges rows by one configuration. Made once for each task."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._labels = LabelMap(config.labels.map)
        self._redaction = Redaction(config.redacted)
        self._language = language_of() if config.filters.languages else None

    def lines(self, lines: Iterable[str | None]) -> Iterable[Row | None]:
        """Yields what becomes of each JSON line; None of a blank one."""
        columns = self._config.columns
        for line in lines:
            if not line or line.isspace() or line == "\ufeff":
                yield None
                continue
            try:
                record = json.loads(line.lstrip("\ufeff"))
            except (ValueError, RecursionError):
                record = None
            if not isinstance(record, dict):
                yield removed("unreadable", line)
                continue
            pair = record.get(columns.text_pair, _ABSENT) if columns.text_pair else None
            yield self.judged(
                record.get(columns.text, _ABSENT), pair, record.get(columns.label, _ABSENT)
            )

    def judged(self, text: Any, pair: Any, label: Any) -> Row:
        """Returns what becomes of a row with these values."""
        wants_pair = self._config.columns.text_pair is not None
        values = (text, pair, label) if wants_pair else (text, label)
        if any(value is _ABSENT for value in values):
            return removed("missing_column", *(None if v is _ABSENT else v for v in values))
        texts = (text, pair) if wants_pair else (text,)
        for value in texts:
            if value is None or (isinstance(value, str) and is_blank(value)):
                return removed("empty_text", *values)
            if not isinstance(value, str):
                return removed("not_a_text", *values)
        named = _label_text(label)
        if named is None or is_blank(named):
            reason = "empty_label" if label is None or named is not None else "not_a_label"
            return removed(reason, *values)
        return self._mapped(texts, named)

    def _mapped(self, texts: tuple[str, ...], named: str) -> Row:
        label = self._labels.label_of(named)
        if label is None:
            if self._config.labels.unmapped != "keep":
                return removed("unmapped_label", *texts, named)
            label = clean_label(named)
        if len(label) > MOST_LABEL_CHARACTERS:
            return removed("long_label", *texts, label)
        cleaned = tuple(map(clean_text, texts))
        reason = self._filtered(cleaned)
        if reason:
            return removed(reason, *cleaned, label)
        return self._redacted(cleaned, label, changed=cleaned != texts)

    def _filtered(self, texts: tuple[str, ...]) -> str | None:
        """Returns the filter that a row does not pass. The first text is the one that counts."""
        filters = self._config.filters
        # Cleaning takes away what had made it more than blank.
        if any(map(is_blank, texts)):
            return "empty_text"
        if filters.min_characters is not None and len(texts[0]) < filters.min_characters:
            return "too_short"
        if filters.max_characters is not None and len(texts[0]) > filters.max_characters:
            return "too_long"
        size = sum(map(len, texts))
        if size * 4 > MOST_RECORD_BYTES and sum(map(_bytes, texts)) > MOST_RECORD_BYTES:
            return "over_record_limit"
        if self._language is not None and self._language(texts[0]) not in filters.languages:
            return "other_language"
        return None

    def _redacted(self, texts: tuple[str, ...], label: str, changed: bool) -> Row:
        notes = {"cleaned": 1} if changed else {}
        if any("\ufffd" in text for text in texts):
            notes["replacement_characters"] = 1
        if self._redaction:
            results = [self._redaction.redacted(text) for text in texts]
            texts = tuple(text for text, _ in results)
            for _, counts in results:
                for name, count in counts.items():
                    notes[f"redacted.{name}"] = notes.get(f"redacted.{name}", 0) + count
        noted = ";".join(f"{name}={count}" for name, count in sorted(notes.items())) or None
        return Row(texts[0], texts[1] if len(texts) == 2 else None, label, None, noted)


def removed(reason: str, *values: Any) -> Row:
    """Returns a row that is not kept; of its values the start stays, for an example."""
    shown = [None if value is None else _shown(value) for value in values]
    text, *others = (*shown, None) if shown else (None, None)
    pair, label = (others[0], others[1]) if len(others) > 2 else (None, others[0])
    return Row(text, pair, label, reason, None)


def _label_text(label: Any) -> str | None:
    """The label as the validator would read it; None where it is none."""
    if isinstance(label, bool):
        return "true" if label else "false"
    if isinstance(label, int):
        return str(label)
    return label if isinstance(label, str) else None


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    return text[:SHOWN_CHARACTERS].encode("utf-8", "replace").decode()


def _bytes(text: str) -> int:
    return len(text.encode("utf-8", "replace"))
