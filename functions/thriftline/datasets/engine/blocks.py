"""Cuts a stream of bytes into blocks of whole records, within bounded memory."""

from collections.abc import Callable, Iterator
from typing import Any, Final

import numpy as np

from thriftline.core.dataclass import dataclass

NEWLINE: Final = 10
QUOTE: Final = 34


@dataclass(slots=True)
class RawBlock:
    """Whole records as bytes, without the last line break; ``data`` None: one over-long record."""

    data: bytes | None
    first_line: int
    unfinished: bool = False
    line_breaks: int = -1
    """Set by who reads the block, if it has counted them."""


@dataclass(slots=True)
class Block:
    """Parsed records column by column; ``lines`` count from 0 in the range.

    Values are what the format holds: a string, None, a number; ``MISSING`` where the record has
    no such column.
    """

    texts: list[Any]
    pairs: list[Any] | None
    labels: list[Any]
    lines: "range | list[int]"


class MissingValue:
    """The type of ``MISSING``."""

    __slots__ = ()

    def __repr__(self) -> str:
        """Shows as a word in messages of tests."""
        return "MISSING"


MISSING: Final = MissingValue()


@dataclass(slots=True)
class RecordEnds:
    """Where records end in one format."""

    last_end: Callable[[bytes, int, int], int]
    """Position after the last whole record of a stretch that begins with a record; 0: none."""
    first_end: Callable[[bytes, bool], tuple[int, bool]]
    """Position after the first record end, given and giving whether a quote is open; 0: none."""


class LineCounter:
    """How many lines of a range have been read."""

    __slots__ = ("lines",)

    def __init__(self) -> None:
        self.lines = 0


def cut_blocks(
    chunks: Iterator[bytes],
    cutter: RecordEnds,
    counter: LineCounter,
    *,
    max_record: int,
    block_bytes: int,
) -> Iterator[RawBlock]:
    """Yields blocks of whole records in order; what is left of a record moves to the next one.

    A record that outgrows ``max_record`` is dropped while it is read and yielded as None, so
    a file without line breaks, or with a quote that is never closed, costs no memory.
    """
    carry = b""
    skipping = False
    in_quotes = False
    for chunk in chunks:
        data = chunk
        if skipping:
            cut, in_quotes = cutter.first_end(chunk, in_quotes)
            counter.lines += chunk.count(b"\n", 0, cut or len(chunk))
            if not cut:
                continue
            skipping, data = False, chunk[cut:]
        data = carry + data if carry else data
        done = 0
        for start, end in _spans(data, cutter, block_bytes):
            block = data[start : end - 1]
            raw = RawBlock(block, counter.lines)
            yield raw
            known = raw.line_breaks
            counter.lines += 1 + (known if known >= 0 else line_breaks(block))
            done = end
        carry = data[done:]
        if len(carry) > max_record:
            yield RawBlock(None, counter.lines)
            counter.lines += carry.count(b"\n")
            in_quotes = bool(carry.count(b'"') & 1)
            carry, skipping = b"", True
    if carry:
        yield RawBlock(carry, counter.lines, unfinished=True)
        counter.lines += 1 + carry.count(b"\n")


def _spans(data: bytes, cutter: RecordEnds, block_bytes: int) -> Iterator[tuple[int, int]]:
    """Stretches of whole records of about ``block_bytes``, longer where a record is."""
    start, size = 0, block_bytes
    while start < len(data):
        stop = min(start + size, len(data))
        end = cutter.last_end(data, start, stop)
        if end:
            yield start, end
            start, size = end, block_bytes
        elif stop == len(data):
            return
        else:
            size *= 2


def line_breaks(data: bytes) -> int:
    """Counts line breaks; bytes.count is slow for what is frequent."""
    return int(np.count_nonzero(np.frombuffer(data, np.uint8) == NEWLINE))


def holds_over_long(data: bytes, limit: int) -> bool:
    """Whether some line may be longer than ``limit``: half a limit without a line break is one."""
    half = max(limit // 2, 1)
    return len(data) > limit and any(
        data.find(b"\n", start, start + half) < 0 for start in range(0, len(data) - half + 1, half)
    )


def last_line_end(data: bytes, start: int, stop: int) -> int:
    """Position after the last line break."""
    return data.rfind(b"\n", start, stop) + 1


def first_line_end(data: bytes, _in_quotes: bool) -> tuple[int, bool]:
    """Position after the first line break."""
    return data.find(b"\n") + 1, False


def last_csv_end(data: bytes, start: int, stop: int) -> int:
    """Position after the last line break outside quotes."""
    end = stop
    odd = data.count(b'"', start, stop) & 1
    while True:
        cut = data.rfind(b"\n", start, end)
        if cut < 0:
            return 0
        odd ^= data.count(b'"', cut, end) & 1
        if not odd:
            return cut + 1
        end = data.rfind(b'"', start, cut)
        odd = 0


def first_csv_end(data: bytes, in_quotes: bool) -> tuple[int, bool]:
    """Position after the first line break outside quotes, or 0 and whether a quote is open."""
    marks = np.frombuffer(data, np.uint8)
    parity = np.cumsum(marks == QUOTE, dtype=np.uint8)
    parity += np.uint8(in_quotes)
    parity &= 1
    ends = np.flatnonzero((marks == NEWLINE) & (parity == 0))
    if len(ends):
        return int(ends[0]) + 1, False
    return 0, bool(parity[-1]) if len(parity) else in_quotes


def csv_record_ends(data: bytes) -> list[int]:
    """Every line break outside quotes, for data that begins outside them."""
    marks = np.frombuffer(data, np.uint8)
    parity = np.cumsum(marks == QUOTE, dtype=np.uint8) & 1
    return [int(end) for end in np.flatnonzero((marks == NEWLINE) & (parity == 0))]


LINES = RecordEnds(last_line_end, first_line_end)
CSV_RECORDS = RecordEnds(last_csv_end, first_csv_end)
