"""Parquet, some row groups of a file at a time, a batch at a time."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from arro3.io import read_parquet

from thriftline.datasets.engine.blocks import Block, LineCounter
from thriftline.datasets.engine.columns import ColumnCensus
from thriftline.datasets.engine.findings import Findings
from thriftline.datasets.engine.parquet_footer import Footer, RowGroup, read_footer
from thriftline.datasets.engine.rules import MIB, DatasetRules
from thriftline.datasets.engine.sources import ByteSource, DamagedStreamError, UnusableFileError

_WINDOW = 2 * MIB
_WINDOWS = 8
_MIN_BATCH, _MAX_BATCH = 32, 8192


class ParquetReader:
    """Reads the row groups ``[start, stop)``; lines are row numbers here."""

    def __init__(self, rules: DatasetRules, findings: Findings, census: ColumnCensus) -> None:
        self.counter = LineCounter()
        self._rules = rules
        self._findings = findings
        self._census = census

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
            try:
                yield from self._group(source, footer, index, block_bytes)
            except DamagedStreamError as damage:
                self._findings.add(damage.code, self.counter.lines, rule=damage.rule)
            self.counter.lines += footer.groups[index].rows

    def _admit(self, source: ByteSource, footer: Footer, first: bool) -> None:
        findings = self._findings if first else Findings()
        decoded = sum(group.decoded_bytes for group in footer.groups)
        if decoded > self._most_decoded(source):
            findings.add("decompression_bomb", None, rule=f"{decoded:,} bytes when decoded")
            raise UnusableFileError
        names = _schema_names(_PartOfFile(source, footer.data_end, footer.only(0, 0)))
        if first:
            self._census.see_header(names, 0)
        missing = [name for name in self._rules.columns if name not in names]
        for name in missing:
            rule = f"the schema has {len(names)} columns"
            findings.add("missing_column", None, None, name, rule)
        if missing:
            raise UnusableFileError

    def _group(
        self, source: ByteSource, footer: Footer, index: int, block_bytes: int
    ) -> Iterator[Block]:
        group = footer.groups[index]
        part = _PartOfFile(source, footer.data_end, footer.only(index, index + 1))
        row = self.counter.lines
        decoded = 0
        for batch in _batches(part, _batch_rows(group, block_bytes)):
            block = self._block(batch, row)
            row += batch.num_rows
            decoded += sum(map(len, filter(_is_text, block.texts)))
            if decoded > self._most_decoded(source):
                raise DamagedStreamError("decompression_bomb", "few bytes decode to very many")
            yield block

    def _most_decoded(self, source: ByteSource) -> int:
        rules = self._rules
        return max(source.size * rules.max_decompression_ratio, rules.ratio_free_bytes)

    def _block(self, batch: Any, row: int) -> Block:
        rules = self._rules
        texts = batch.column(rules.text_column).to_pylist()
        labels = batch.column(rules.label_column).to_pylist()
        pair = rules.text_pair_column
        pairs = None if pair is None else batch.column(pair).to_pylist()
        block = Block(texts, pairs, labels, range(row, row + len(texts)))
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


def _batch_rows(group: RowGroup, block_bytes: int) -> int:
    row_bytes = max(group.decoded_bytes // max(group.rows, 1), 1)
    return min(max(block_bytes // row_bytes, _MIN_BATCH), _MAX_BATCH)


def _schema_names(part: "_PartOfFile") -> list[str]:
    names: list[str] = []
    with _reading(part):
        names = list(read_parquet(part).schema.names)
    return names


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
    except BaseException as error:
        if part.failure is not None:
            raise part.failure from None
        raise DamagedStreamError("malformed_parquet", "it cannot be decoded") from error


class _PartOfFile(io.RawIOBase):
    """A file that ends with another footer; keeps the last few windows that it read."""

    def __init__(self, source: ByteSource, data_end: int, footer: bytes) -> None:
        self.failure: Exception | None = None
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
        self._position += len(data)
        return data

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
