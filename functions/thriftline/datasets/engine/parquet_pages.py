"""Holds the pages of a Parquet file to what they may grow to, before they are decoded.

The decoder makes room for what a page's header announces, and repeats a dictionary's entry for
each row. The sizes in the footer bind nobody, so each page's own header is read as its bytes pass
by, and the rows of a batch are so few that even the largest value in all of them fits in memory.
"""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from thriftline.datasets.engine.parquet_footer import PREFIXES, ColumnChunk, ThriftWalker
from thriftline.datasets.engine.rules import MIB
from thriftline.datasets.engine.sources import DamagedStreamError

# DuckDB's pages are the largest that are usual: 100 MB.
MAX_PAGE_BYTES: Final = 128 * MIB
BATCH_BYTES: Final = 64 * MIB
MAX_BATCH_ROWS: Final = 64
_PREFIX_BATCH_ROWS = 4
_DICTIONARY = 2
_DATA_V1, _DATA_V2 = 5, 8
_HEADER_BYTES = 4096
_MAX_HEADER_BYTES = 4 * MIB


@dataclass(frozen=True, slots=True)
class PageHeader:
    """One page: where its header ends, what it holds, and its sizes packed and decoded."""

    header_bytes: int
    packed_bytes: int
    decoded_bytes: int
    is_dictionary: bool
    encoding: int | None


def read_page_header(data: bytes) -> PageHeader:
    """Reads a header at the beginning of ``data``.

    Raises:
        IndexError: If ``data`` ends before it.
        ValueError: If it is damaged.
    """
    walker = ThriftWalker(data)
    numbers = {1: -1, 2: -1, 3: -1}
    encoding = None
    for field, kind in walker.fields():
        if field in numbers and kind == 5:
            numbers[field] = walker.zigzag()
        elif field in (_DATA_V1, _DATA_V2) and kind == 12:
            encoding = _encoding(walker, 2 if field == _DATA_V1 else 4)
        else:
            walker.skip(kind)
    if min(numbers.values()) < 0:
        raise ValueError("a page without type or size")
    return PageHeader(walker.position, numbers[3], numbers[2], numbers[1] == _DICTIONARY, encoding)


def _encoding(walker: ThriftWalker, wanted: int) -> int | None:
    found = None
    for field, kind in walker.fields():
        if field == wanted and kind == 5:
            found = walker.zigzag()
        else:
            walker.skip(kind)
    return found


class PageGuard:
    """Follows the pages of a row group's columns, and refuses one that would not fit."""

    def __init__(self, chunks: Sequence[ColumnChunk], read: Callable[[int, int], bytes]) -> None:
        filled = (chunk for chunk in chunks if chunk.end > chunk.start)
        self._chunks = sorted(filled, key=lambda chunk: chunk.start)
        self._starts = [chunk.start for chunk in self._chunks]
        self._next = list(self._starts)
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
                rows = min(rows, BATCH_BYTES // max(page.decoded_bytes, 1))
        return max(rows, 1)

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
