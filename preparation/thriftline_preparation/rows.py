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
from .quotes import is_open_at_the_end, swallows_rows
from .redaction import Redaction

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .config import Config

# A record of a data set holds a MiB; names, quotes and escapes need some of it.
MOST_RECORD_BYTES = 900_000
MOST_LABEL_CHARACTERS = 256
# Of a row that is removed only so much is kept, for an example.
SHOWN_CHARACTERS = 300
_ABSENT = object()
_BOM = "\ufeff"


class Row(NamedTuple):
    """What became of a row; ``reason`` is None where it is kept.

    ``notes`` are counts that are added up over all rows, as ``name=number`` between semicolons.
    """

    text: str | None
    text_pair: str | None
    label: str | None
    reason: str | None
    notes: str | None


class Header(NamedTuple):
    """What the records of a CSV file are read by.

    ``as_bytes`` is whether each character stands for one byte of the file: only so can bytes that
    are not UTF-8 be told from the sign that would take their place.
    """

    fields: int
    label: int
    as_bytes: bool

    def decoded(self, value: str | None) -> str | None:
        """Returns a value as the file means it.

        Raises:
            UnicodeDecodeError: it is not UTF-8.
        """
        if value is None:
            return None
        # Lines end with a line feed here; what CRLF has before it is no part of the last field.
        value = value.rstrip("\r")
        return value.encode("latin-1").decode() if self.as_bytes and not value.isascii() else value

    def is_swallowed(self, value: str) -> bool:
        """Whether a value holds rows of its file, after a quote that was not closed."""
        return "\n" in value and swallows_rows(value, self.fields, self.label)

    @staticmethod
    def is_repeated(text: str | None, pair: str | None, label: str | None, config: Config) -> bool:
        """Whether a record is the header once more, where files were put together."""
        named = (config.columns.text, config.columns.text_pair, config.columns.label)
        return (
            label is not None
            and label.strip() == named[2]
            and [(value or "").strip() for value in (text, pair)]
            == [name or "" for name in named[:2]]
        )


class RowWork:
    """Judges rows by one configuration. Made once for each task."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._labels = LabelMap(config.labels.map)
        self._redaction = Redaction(config.redacted)
        self._language = language_of() if config.filters.languages else None
        self._keys = [json.dumps(name, ensure_ascii=False) for name in config.columns.wanted]

    def lines(self, lines: Iterable[bytes | None]) -> Iterable[Row | None]:
        """Yields what becomes of each JSON line; None of a blank one."""
        for line in lines:
            try:
                text = (line or b"").decode()
            except UnicodeDecodeError:
                yield _not_utf8(line or b"")
                continue
            yield None if not text or text.isspace() or text == _BOM else self._line(text)

    def _line(self, line: str) -> Row:
        columns = self._config.columns
        try:
            record = json.loads(line.lstrip(_BOM))
        except (ValueError, RecursionError):
            record = None
        if not isinstance(record, dict):
            return removed("unreadable", line)
        if any(line.count(key) > 1 for key in self._keys) and self._has_a_key_twice(line):
            return removed("repeated_column", line)
        pair = record.get(columns.text_pair, _ABSENT) if columns.text_pair else None
        return self.judged(
            record.get(columns.text, _ABSENT), pair, record.get(columns.label, _ABSENT)
        )

    def _has_a_key_twice(self, line: str) -> bool:
        """Whether a column is there twice: once it is parsed, the last one has won."""
        names = [name for name, _ in json.loads(line.lstrip(_BOM), object_pairs_hook=list)]
        return any(names.count(name) > 1 for name in self._config.columns.wanted)

    def fields(
        self, values: Sequence[str | None], corrupt: str | None, header: Header
    ) -> Row | None:
        """Returns what becomes of a record of CSV; None of a blank line.

        Args:
            values: text, pair and label.
            corrupt: The record where it has another number of fields than the header.
            header: Of its file.
        """
        try:
            text, pair, label = (header.decoded(value) for value in values)
            corrupt = header.decoded(corrupt)
        except UnicodeDecodeError:
            return _not_utf8((corrupt or values[0] or "").encode("latin-1"))
        if corrupt is not None and not corrupt.strip():
            return None
        if corrupt is not None:
            lost = is_open_at_the_end(corrupt) or header.is_swallowed(corrupt)
            return removed("unclosed_quote" if lost else "unreadable", corrupt)
        if header.is_repeated(text, pair, label, self._config):
            return removed("repeated_header", *filter(None, (text, pair, label)))
        if any(value is not None and header.is_swallowed(value) for value in (text, pair, label)):
            return removed("unclosed_quote", text, label)
        return self.judged(text, pair, label)

    def values(self, values: Sequence[bytes | None]) -> Row:
        """Returns what becomes of a row of Parquet: text, pair and label."""
        try:
            text, pair, label = (None if value is None else value.decode() for value in values)
        except UnicodeDecodeError:
            return _not_utf8(values[0] or b"")
        return self.judged(text, pair, label)

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
        notes = {"cleaned": 1} if cleaned != texts else {}
        if named != label and clean_label(named) != named:
            notes["cleaned_label"] = 1
        return self._redacted(cleaned, label, notes)

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

    def _redacted(self, texts: tuple[str, ...], label: str, notes: dict[str, int]) -> Row:
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


def _not_utf8(value: bytes) -> Row:
    return removed("undecodable_bytes", value.decode("utf-8", "replace"))


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
