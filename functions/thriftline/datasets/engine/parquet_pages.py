"""Holds the pages of a Parquet file to what they may grow to, before they are decoded.

The decoder makes room for what a page's header announces, and repeats a dictionary's entry for
each row, or each entry of a row's list. The sizes in the footer bind nobody, so each page's own
header is read as its bytes pass by, and the rows of a batch are so few that even the largest value
in all of them fits in memory.
"""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from typing import Final

from thriftline.core.dataclass import dataclass
from thriftline.datasets.engine.parquet_footer import PREFIXES, ColumnChunk, ThriftWalker
from thriftline.datasets.engine.rules import MIB
from thriftline.datasets.engine.sources import DamagedStreamError

# DuckDB's pages are the largest that are usual: 100 MB.
MAX_PAGE_BYTES: Final = 128 * MIB
BATCH_BYTES: Final = 64 * MIB
MAX_BATCH_ROWS: Final = 64
# Of a list column, on the mean: more labels a record than a data set may have labels.
MAX_ENTRIES: Final = 1024
_PREFIX_BATCH_ROWS = 4
_DICTIONARY = 2
_DATA_V1, _DATA_V2 = 5, 8
_HEADER_BYTES = 4096
_MAX_HEADER_BYTES = 4 * MIB


@dataclass(frozen=True, slots=True)
class PageHeader:
    """One page: where its header ends, what it holds, and its sizes packed and decoded.

    ``values`` counts the entries of lists one by one.
    """

    header_bytes: int
    packed_bytes: int
    decoded_bytes: int
    is_dictionary: bool
    encoding: int | None
    values: int = 0


def read_page_header(data: bytes) -> PageHeader:
    """Reads a header at the beginning of ``data``.

    Raises:
        IndexError: If ``data`` ends before it.
        ValueError: If it is damaged.
    """
    walker = ThriftWalker(data)
    numbers = {1: -1, 2: -1, 3: -1}
    encoding, values = None, 0
    for field, kind in walker.fields():
        if field in numbers and kind == 5:
            numbers[field] = walker.zigzag()
        elif field in (_DATA_V1, _DATA_V2) and kind == 12:
            encoding, values = _data_page(walker, 2 if field == _DATA_V1 else 4)
        else:
            walker.skip(kind)
    if min(numbers.values()) < 0:
        raise ValueError("a page without type or size")
    is_dictionary = numbers[1] == _DICTIONARY
    return PageHeader(walker.position, numbers[3], numbers[2], is_dictionary, encoding, values)


def _data_page(walker: ThriftWalker, encoding_field: int) -> tuple[int | None, int]:
    """Reads the header of a data page: its encoding, None where it has none, and its values."""
    encoding, values = None, 0
    for field, kind in walker.fields():
        if field == encoding_field and kind == 5:
            encoding = walker.zigzag()
        elif field == 1 and kind == 5:
            values = walker.zigzag()
        else:
            walker.skip(kind)
    return encoding, values


class PageGuard:
    """Follows the pages of a row group's columns, and refuses one that would not fit."""

    def __init__(
        self, chunks: Sequence[ColumnChunk], rows: int, read: Callable[[int, int], bytes]
    ) -> None:
        self._rows = max(rows, 1)
        filled = (chunk for chunk in chunks if chunk.end > chunk.start)
        self._chunks = sorted(filled, key=lambda chunk: chunk.start)
        self._starts = [chunk.start for chunk in self._chunks]
        self._next = list(self._starts)
        self._values = [0] * len(self._chunks)
        self._read = read
        self.batch_rows = self._batch_rows()

    def _batch_rows(self) -> int:
        """As many rows as fit in memory if each held the largest value that a page may hold."""
        rows = MAX_BATCH_ROWS
        for chunk in self._chunks:
            if chunk.uses_prefixes:
                rows = min(rows, _PREFIX_BATCH_ROWS)
            page = self._header(chunk.start, chunk.end)
            if page.is_dictionary:
                # As often as an entry of a mean list.
                times = -(-chunk.values // self._rows) if chunk.is_nested else 1
                rows = min(rows, BATCH_BYTES // max(page.decoded_bytes * times, 1))
        return max(rows, 1)

    @property
    def is_nested(self) -> bool:
        """Whether a row may hold any number of values."""
        return any(chunk.is_nested for chunk in self._chunks)

    def check(self, start: int, size: int) -> None:
        """Looks at the headers of all pages up to the end of what is read.

        Raises:
            DamagedStreamError: If a page is larger than it may be, or no page.
        """
        number = bisect_right(self._starts, start) - 1
        if number < 0:
            return
        chunk = self._chunks[number]
        stop = min(start + size, chunk.end)
        while self._next[number] < stop:
            position = self._next[number]
            page = self._header(position, chunk.end)
            if page.encoding == PREFIXES and not chunk.uses_prefixes:
                raise DamagedStreamError("malformed_parquet", "a page's encoding is not declared")
            self._next[number] = position + page.header_bytes + page.packed_bytes
            self._values[number] += page.values
            if chunk.is_nested and self._values[number] > self._rows * MAX_ENTRIES:
                rule = f"{self._values[number]:,} list entries in {self._rows:,} rows"
                raise DamagedStreamError("decompression_bomb", rule)

    def _header(self, position: int, end: int) -> PageHeader:
        size = _HEADER_BYTES
        while True:
            data = self._read(position, min(size, end - position))
            try:
                page = read_page_header(data)
                break
            except IndexError:
                if len(data) < size or size >= _MAX_HEADER_BYTES:
                    raise DamagedStreamError("malformed_parquet", "a page is damaged") from None
                size *= 8
            except ValueError:
                raise DamagedStreamError("malformed_parquet", "a page is damaged") from None
        if page.decoded_bytes > MAX_PAGE_BYTES:
            rule = f"a page of {page.decoded_bytes:,} bytes when decoded"
            raise DamagedStreamError("decompression_bomb", rule)
        return page
