"""Parquet, some row groups of a file at a time, a batch at a time."""

import io
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import orjson
from arro3.core import DataType, list_flatten
from arro3.io import read_parquet

from thriftline.datasets.engine.blocks import Block, LineCounter
from thriftline.datasets.engine.columns import ColumnCensus, admit_columns
from thriftline.datasets.engine.findings import Findings
from thriftline.datasets.engine.labels import UnnamedClass
from thriftline.datasets.engine.parquet_footer import Footer, read_footer
from thriftline.datasets.engine.parquet_pages import (
    BATCH_BYTES,
    MAX_BATCH_ROWS,
    MAX_ENTRIES,
    PageGuard,
)
from thriftline.datasets.engine.rules import MIB, DatasetRules
from thriftline.datasets.engine.sources import ByteSource, DamagedStreamError, UnusableFileError

_WINDOW = 2 * MIB
_WINDOWS = 8
_ROW_BYTES = 16
_MAX_BLOCK_ROWS = 8192


class ParquetReader:
    """Reads the row groups ``[start, stop)``; lines are row numbers here."""

    def __init__(self, rules: DatasetRules, findings: Findings, census: ColumnCensus) -> None:
        self.counter = LineCounter()
        self._rules = rules
        self._findings = findings
        self._census = census
        self._class_names: tuple[str, ...] = ()
        self._row = 0
        self._decoded = 0

    def blocks(
        self, source: ByteSource, start: int, stop: int, block_bytes: int
    ) -> Iterator[Block]:
        """Yields the rows of the groups in order; a damaged group is a finding, and passed over.

        Raises:
            DamagedStreamError: If the file has no footer that can be read.
            UnusableFileError: If no row can be used; the first range has the finding.
        """
        footer = read_footer(source)
        self._admit(source, footer, first=start == 0)
        for index in range(start, min(stop, len(footer.groups))):
            self._row = self.counter.lines
            try:
                yield from self._group(source, footer, index, block_bytes)
            except DamagedStreamError as damage:
                self._findings.add(damage.code, self._row, rule=damage.rule)
                if damage.code == "decompression_bomb":
                    raise UnusableFileError from None
            self.counter.lines += footer.groups[index].rows

    def _admit(self, source: ByteSource, footer: Footer, first: bool) -> None:
        findings = self._findings if first else Findings()
        decoded = sum(group.decoded_bytes for group in footer.groups)
        if decoded > self._most_decoded(source):
            findings.add("decompression_bomb", None, rule=f"{decoded:,} bytes when decoded")
            raise UnusableFileError
        schema = _schema(_PartOfFile(source, footer.data_end, footer.only(0, 0)))
        names = list(schema.names)
        if first:
            self._census.see_header(names, 0)
        admit_columns(names, None, self._rules, findings)
        self._class_names = class_names(schema.metadata, self._rules.label_column)
        self._admit_class_names(findings)

    def _admit_class_names(self, findings: Findings) -> None:
        names = self._class_names
        twice = [name for name, count in Counter(names).items() if count > 1]
        for name in twice:
            # By their numbers: a name may be somebody's address.
            numbers = ", ".join(str(index) for index, one in enumerate(names) if one == name)
            rule = f"the classes {numbers} have one name"
            findings.add("duplicate_class_name", None, None, self._rules.label_column, rule)
        if twice:
            raise UnusableFileError

    def _group(
        self, source: ByteSource, footer: Footer, index: int, block_bytes: int
    ) -> Iterator[Block]:
        group = footer.groups[index]
        part = _PartOfFile(source, footer.data_end, footer.only(index, index + 1))
        guard = part.guard = PageGuard(group.chunks, group.rows, part.read_data)
        pending = Block([], [], [], range(0))
        pending_bytes = 0
        for batch in _batches(part, guard.batch_rows):
            if guard.is_nested:
                self._require_short_lists(batch)
            texts, pairs, labels = self._columns(batch)
            size = sum(map(len, filter(_is_text, (*texts, *pairs))))
            self._decoded += size
            if self._decoded > self._most_decoded(source):
                raise DamagedStreamError("decompression_bomb", "few bytes decode to very many")
            pending_bytes += size + _ROW_BYTES * len(texts)
            _extend(pending, texts, pairs, labels)
            if pending_bytes >= block_bytes or len(pending.texts) >= _MAX_BLOCK_ROWS:
                yield self._finish(pending)
                pending, pending_bytes = Block([], [], [], range(0)), 0
        if pending.texts:
            yield self._finish(pending)

    def _require_short_lists(self, batch: Any) -> None:
        """One list of a dictionary's one word may have millions of entries in a few bytes."""
        column = batch.column(self._rules.label_column)
        if not DataType.is_list(column.type):
            return
        entries, size = len(list_flatten(column)), column.nbytes
        if entries > MAX_BATCH_ROWS * MAX_ENTRIES or size > BATCH_BYTES:
            rule = f"{entries:,} list entries of {size:,} bytes in {batch.num_rows} rows"
            raise DamagedStreamError("decompression_bomb", rule)

    def _most_decoded(self, source: ByteSource) -> int:
        rules = self._rules
        return max(source.size * rules.max_decompression_ratio, rules.ratio_free_bytes)

    def _columns(self, batch: Any) -> tuple[list[Any], list[Any], list[Any]]:
        rules = self._rules
        pair = rules.text_pair_column
        return (
            batch.column(rules.text_column).to_pylist(),
            [] if pair is None else batch.column(pair).to_pylist(),
            batch.column(rules.label_column).to_pylist(),
        )

    def _finish(self, block: Block) -> Block:
        first, self._row = self._row, self._row + len(block.texts)
        if self._rules.text_pair_column is None:
            block.pairs = None
        if self._class_names:
            block.labels = [named_class(label, self._class_names) for label in block.labels]
        block.lines = range(first, self._row)
        return self._without_over_long(block)

    def _without_over_long(self, block: Block) -> Block:
        limit = self._rules.max_record_bytes
        columns = [c for c in (block.texts, block.pairs, block.labels) if c is not None]
        if max((len(v) for c in columns for v in c if _is_text(v)), default=0) * 4 <= limit:
            return block
        kept = []
        for index, values in enumerate(zip(*columns, strict=True)):
            if sum(len(value.encode()) for value in values if _is_text(value)) <= limit:
                kept.append(index)
            else:
                rule = f"longer than {limit:,} bytes"
                self._findings.add("over_long_record", block.lines[index], rule=rule)
        pairs = block.pairs
        return Block(
            [block.texts[i] for i in kept],
            None if pairs is None else [pairs[i] for i in kept],
            [block.labels[i] for i in kept],
            [block.lines[i] for i in kept],
        )


def _is_text(value: object) -> bool:
    return type(value) is str


def _extend(block: Block, texts: list[Any], pairs: list[Any], labels: list[Any]) -> None:
    block.texts += texts
    block.labels += labels
    if block.pairs is not None:
        block.pairs += pairs


def class_names(metadata: dict[bytes, bytes], column: str) -> tuple[str, ...]:
    """The names that Hugging Face's library writes into a schema for a column of class numbers."""
    try:
        feature = orjson.loads(metadata[b"huggingface"])["info"]["features"][column]
    except (KeyError, TypeError, orjson.JSONDecodeError):
        return ()
    names = _names_in(feature)
    return tuple(names) if all(type(name) is str for name in names) else ()


def _names_in(feature: Any) -> list[Any]:
    """Names of a class label, or of a list of them, which is written in two ways."""
    if isinstance(feature, list) and len(feature) == 1:
        feature = feature[0]
    if isinstance(feature, dict) and isinstance(feature.get("feature"), dict):
        feature = feature["feature"]
    if not isinstance(feature, dict) or feature.get("_type") != "ClassLabel":
        return []
    names = feature.get("names")
    return names if isinstance(names, list) else []


def named_class(label: Any, names: tuple[str, ...]) -> Any:
    """The name of a class number, which -1 for unknown has not; any other value as it is."""
    if type(label) is int:
        return names[label] if 0 <= label < len(names) else UnnamedClass(label)
    if type(label) is list:
        return [named_class(one, names) for one in label]
    return label


def _schema(part: "_PartOfFile") -> Any:
    schema = None
    with _reading(part):
        schema = read_parquet(part).schema
    return schema


def _batches(part: "_PartOfFile", rows: int) -> Iterator[Any]:
    with _reading(part):
        yield from read_parquet(part, batch_size=rows)


@contextmanager
def _reading(part: "_PartOfFile") -> Iterator[None]:
    # arro3 raises many kinds of errors on damaged data, and its panics are no Exception at all.
    try:
        yield
    except (KeyboardInterrupt, SystemExit, GeneratorExit):
        raise
    except DamagedStreamError:
        raise
    except BaseException as error:
        if part.failure is not None:
            raise part.failure from None
        raise DamagedStreamError("malformed_parquet", "it cannot be decoded") from error


class _PartOfFile(io.RawIOBase):
    """A file that ends with another footer; keeps the last few windows that it read."""

    def __init__(self, source: ByteSource, data_end: int, footer: bytes) -> None:
        self.failure: Exception | None = None
        self.guard: PageGuard | None = None
        self._source = source
        self._data_end = data_end
        self._footer = footer
        self._position = 0
        self._windows: dict[int, bytes] = {}

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = 0) -> int:
        size = self._data_end + len(self._footer)
        self._position = offset + (0, self._position, size)[whence]
        return self._position

    def read(self, size: int = -1) -> bytes:
        start = self._position
        if start >= self._data_end:
            begin = start - self._data_end
            data = self._footer[begin : None if size < 0 else begin + size]
        else:
            data = self._read_data(start, size)
            self._check_pages(start, len(data))
        self._position += len(data)
        return data

    def _check_pages(self, start: int, size: int) -> None:
        if self.guard is None:
            return
        try:
            self.guard.check(start, size)
        except Exception as error:
            self.failure = error
            raise

    def read_data(self, start: int, size: int) -> bytes:
        """Reads ``size`` bytes of the pages, fewer only where they end."""
        pieces: list[bytes] = []
        while size > 0 and start < self._data_end:
            piece = self._read_data(start, size)
            if not piece:
                break
            pieces.append(piece)
            start, size = start + len(piece), size - len(piece)
        return b"".join(pieces)

    def _read_data(self, start: int, size: int) -> bytes:
        index, begin = divmod(start, _WINDOW)
        window = self._windows.pop(index, None)
        if window is None:
            window = self._fetch(index)
        self._windows[index] = window
        while len(self._windows) > _WINDOWS:
            del self._windows[next(iter(self._windows))]
        return window[begin:] if size < 0 else window[begin : begin + size]

    def _fetch(self, index: int) -> bytes:
        offset = index * _WINDOW
        try:
            return self._source.read(offset, min(_WINDOW, self._data_end - offset))
        except Exception as error:
            self.failure = error
            raise
