"""CSV with a header, after RFC 4180: commas, double quotes, doubled inside; UTF-8.

A record ends at a line break outside quotes, which counting quotes alone decides. So the
records of a range are the same wherever the file was cut. Python's csv module does the parsing;
it is lenient about a quote inside an unquoted field, which would make the two disagree, so that
is checked first and is an error here.
"""

import csv
import io
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

import numpy as np

from thriftline.core.dataclass import dataclass
from thriftline.core.wording import counted
from thriftline.datasets.engine.blocks import (
    CSV_RECORDS,
    NEWLINE,
    QUOTE,
    Block,
    LineCounter,
    RawBlock,
    csv_record_ends,
    cut_blocks,
    holds_over_long,
)
from thriftline.datasets.engine.columns import ColumnCensus, admit_columns
from thriftline.datasets.engine.findings import Findings
from thriftline.datasets.engine.jsonl_reader import utf8_rule
from thriftline.datasets.engine.rules import DatasetRules
from thriftline.datasets.engine.sources import UnusableFileError
from thriftline.datasets.names import looks_like_row

if TYPE_CHECKING:
    from _csv import Reader as _Reader

Row = list[str]
RETURN: Final = 13
_FEW: Final = 8
_BEFORE_OPENING = np.frombuffer(b',\n"', np.uint8)
_AFTER_CLOSING = np.frombuffer(b',\r\n"', np.uint8)


class CsvReader:
    """Reads one range of a CSV file; only the first range of a file holds its header."""

    def __init__(
        self,
        rules: DatasetRules,
        findings: Findings,
        census: ColumnCensus,
        header: Row | None,
    ) -> None:
        csv.field_size_limit(max(rules.max_record_bytes, 131_072))
        self.counter = LineCounter()
        self._rules = rules
        self._findings = findings
        self._census = census
        self.header = header
        self._problems: list[tuple[int, str, int | None, str]] = []

    def blocks(self, chunks: Iterator[bytes], block_bytes: int) -> Iterator[Block]:
        """Yields the rows that parse; what does not goes to the findings.

        Raises:
            UnusableFileError: If the header lacks a column of the run spec; it is a finding.
        """
        blocks = cut_blocks(
            chunks,
            CSV_RECORDS,
            self.counter,
            max_record=self._rules.max_record_bytes,
            block_bytes=block_bytes,
        )
        for raw in blocks:
            try:
                block = self._read(raw)
            finally:
                # What is wrong with a line stays known when the file cannot be read on.
                self._flush_problems()
            if block is not None:
                yield block

    def _read(self, raw: RawBlock) -> Block | None:
        if raw.data is None:
            self._add_over_long(raw.first_line)
        elif raw.unfinished and raw.data.count(b'"') & 1:
            self._problem("malformed_csv", raw.first_line, None, "a quote is never closed")
        else:
            return self._block(raw.data, raw.first_line)
        if self.header is None:
            raise UnusableFileError
        return None

    def _block(self, data: bytes, first_line: int) -> Block | None:
        rows, lines = self._rows(data, first_line)
        if self.header is None:
            first = next((i for i, row in enumerate(rows) if row), None)
            self._refuse_broken_header(None if first is None else lines[first])
            if first is None:
                return None
            self.header = self._take_header(rows[first], lines[first], rows[first + 1 :])
            rows, lines = rows[first + 1 :], lines[first + 1 :]
        return self._columns(*self._whole_rows(rows, lines, self.header))

    def _refuse_broken_header(self, header_line: int | None) -> None:
        """A line before the header that cannot be read is the header."""
        broken = min((line for line, *_ in self._problems), default=None)
        if broken is not None and (header_line is None or broken < header_line):
            self._problems = [one for one in self._problems if one[0] == broken]
            raise UnusableFileError

    def _problem(self, code: str, line: int, column: int | None, rule: str) -> None:
        self._problems.append((line, code, column, rule))

    def _flush_problems(self) -> None:
        # Rows are looked at twice; places are kept in the order of the file.
        for line, code, column, rule in sorted(self._problems, key=lambda problem: problem[0]):
            self._findings.add(code, line, column, rule=rule)
        self._problems.clear()

    def _add_over_long(self, line: int) -> None:
        self._problem(
            "over_long_record",
            line,
            None,
            f"longer than {counted(self._rules.max_record_bytes, 'byte')}",
        )

    def _rows(self, data: bytes, first_line: int) -> tuple[list[Row], "range | list[int]"]:
        if b"\n\n" not in data and b"\n\r\n" not in data:
            clean = parse_clean(data, self._rules.max_record_bytes)
            if clean is not None:
                parsed, starts = clean
                if starts is None:
                    return parsed, range(first_line, first_line + len(parsed))
                return parsed, [first_line + start for start in starts]
        records = Records.of(data, first_line)
        rows: list[Row] = []
        lines: list[int] = []
        self._parse_records(records, 0, len(records.lines), rows, lines)
        return rows, lines

    def _parse_records(
        self, records: "Records", first: int, stop: int, rows: list[Row], lines: list[int]
    ) -> None:
        """Parses records together where all of them are clean, and else in smaller groups."""
        count = stop - first
        if count > _FEW:
            clean = parse_clean(records.joined(first, stop), self._rules.max_record_bytes)
            if clean is not None and len(clean[0]) == count:
                rows += clean[0]
                lines += records.lines[first:stop]
                return
            step = -(-count // _FEW)
            for start in range(first, stop, step):
                self._parse_records(records, start, min(start + step, stop), rows, lines)
            return
        for index in range(first, stop):
            row = self._parse_record(records.joined(index, index + 1), records.lines[index])
            if row is not None:
                rows.append(row)
                lines.append(records.lines[index])

    def _parse_record(self, record: bytes, line: int) -> Row | None:
        if len(record) > self._rules.max_record_bytes:
            self._add_over_long(line)
            return None
        try:
            text = record.decode()
        except UnicodeDecodeError as error:
            self._problem_at("undecodable_bytes", line, record[: error.start], utf8_rule(record))
            return None
        column = stray_quote(record)
        if column is not None:
            rule = "a quote stands inside a field; double it and quote the field"
            self._problem_at("malformed_csv", line, record[:column], rule)
            return None
        try:
            rows = list(_csv_reader(text))
        except csv.Error:
            before = record[: max(record.find(b"\r"), 0)]
            self._problem_at("malformed_csv", line, before, "a bare carriage return")
            return None
        return rows[0] if rows else []

    def _problem_at(self, code: str, line: int, before: bytes, rule: str) -> None:
        last = before.rpartition(b"\n")[2].decode(errors="replace")
        self._problem(code, line + before.count(b"\n"), len(last) + 1, rule)

    def _take_header(self, header: Row, line: int, rows: list[Row]) -> Row:
        header = [name.strip() for name in header]
        missing = not set(self._rules.columns).issubset(header)
        if missing and _is_row(header, rows):
            rule = "the first line looks like a row; write a line with the column names above it"
            admit_columns(header, line, self._rules, self._findings, rule)
        self._census.see_header(header, line)
        admit_columns(header, line, self._rules, self._findings, _separator_rule(header))
        return header

    def _whole_rows(
        self, rows: list[Row], lines: "range | list[int]", header: Row
    ) -> tuple[list[Row], "range | list[int]"]:
        if set(map(len, rows)) <= {len(header)}:
            return rows, lines
        kept: list[Row] = []
        kept_lines: list[int] = []
        for row, line in zip(rows, lines, strict=True):
            if len(row) == len(header):
                kept.append(row)
                kept_lines.append(line)
            elif row:
                rule = (
                    f"the row has {counted(len(row), 'field')} where the header has {len(header)}"
                )
                self._problem("malformed_csv", line, None, rule)
        return kept, kept_lines

    def _columns(self, rows: list[Row], lines: "range | list[int]") -> Block:
        header = self.header or []
        text, label = header.index(self._rules.text_column), header.index(self._rules.label_column)
        pairs = None
        if self._rules.text_pair_column is not None:
            pair = header.index(self._rules.text_pair_column)
            pairs = [row[pair] for row in rows]
        return Block([row[text] for row in rows], pairs, [row[label] for row in rows], lines)


def _csv_reader(text: str) -> "_Reader":
    # Only "\n" ends a line here: it alone is counted as one.
    return csv.reader(io.StringIO(text, newline="\n"), strict=True)


@dataclass(slots=True)
class Records:
    """The records of a block that are not blank: where each lies, and its line."""

    data: bytes
    starts: list[int]
    ends: list[int]
    lines: list[int]

    @classmethod
    def of(cls, data: bytes, first_line: int) -> "Records":
        """Cuts a block at the line breaks outside quotes, and takes blank lines out."""
        ends = np.array([*csv_record_ends(data), len(data)], np.int64)
        starts = np.concatenate(([0], ends[:-1] + 1))
        marks = np.frombuffer(data, np.uint8)
        returns = np.cumsum(marks == RETURN, dtype=np.int64)
        held = np.concatenate(([0], returns))
        sizes = ends - starts
        filled = (sizes > held[ends] - held[starts]) | (sizes > 2)
        breaks = np.flatnonzero(marks == NEWLINE)
        lines = first_line + np.searchsorted(breaks, starts)
        keep = np.repeat(filled, sizes + 1)[: len(data)]
        sizes = sizes[filled] + 1
        after = np.cumsum(sizes)
        return cls(
            marks[keep].tobytes(),
            (after - sizes).tolist(),
            (after - 1).tolist(),
            lines[filled].tolist(),
        )

    def joined(self, first: int, stop: int) -> bytes:
        """The bytes of neighbouring records."""
        return self.data[self.starts[first] : self.ends[stop - 1]]


def parse_clean(data: bytes, max_record: int) -> tuple[list[Row], list[int] | None] | None:
    """Parses whole records, or returns None where something is wrong with one of them.

    The second value is None where each record is one line, else the line of each record.
    """
    if holds_over_long(data, max_record) or stray_quote(data) is not None:
        return None
    lines = data.count(b"\n") + 1
    try:
        rows = list(_csv_reader(data.decode()))
    except (csv.Error, UnicodeDecodeError):
        return None
    if b'"' not in data:
        return _one_line_each(rows, lines)
    if len(rows) == lines:
        return rows, None
    ends = np.array([-1, *csv_record_ends(data), len(data)], np.int64)
    if len(rows) != len(ends) - 1 or np.diff(ends).max() - 1 > max_record:
        return None
    breaks = np.flatnonzero(np.frombuffer(data, np.uint8) == NEWLINE)
    return rows, np.searchsorted(breaks, ends[:-1] + 1).tolist()


def _one_line_each(rows: list[Row], lines: int) -> tuple[list[Row], None] | None:
    # A last line that is blank is no row to the csv module.
    return (rows, None) if len(rows) in (lines, lines - 1) else None


def stray_quote(data: bytes) -> int | None:
    """Position of the first quote that neither opens nor closes a field nor is doubled."""
    if b'"' not in data:
        return None
    marks = np.frombuffer(data, np.uint8)
    quotes = np.flatnonzero(marks == QUOTE)
    opening, closing = quotes[0::2], quotes[1::2]
    before = marks[np.maximum(opening - 1, 0)]
    bad_opening = opening[~(np.isin(before, _BEFORE_OPENING) | (opening == 0))]
    after = marks[np.minimum(closing + 1, len(marks) - 1)]
    bad_closing = closing[~(np.isin(after, _AFTER_CLOSING) | (closing == len(marks) - 1))]
    first = [int(bad[0]) for bad in (bad_opening, bad_closing) if len(bad)]
    return min(first) if first else None


def _is_row(header: Row, rows: list[Row]) -> bool:
    """Whether what should be the header is data: no names, or values that come again below."""
    if len(header) == 1 and _separator_rule(header):
        return False
    again = (
        name == value
        for row in rows
        if len(row) == len(header)
        for name, value in zip(header, row, strict=True)
    )
    return looks_like_row(header) or any(again)


def _separator_rule(header: Row) -> str | None:
    if len(header) == 1:
        for mark, name in ((";", "semicolons"), ("\t", "tabs"), ("|", "bars")):
            if mark in header[0]:
                return f"the header has one field; separate fields by commas, not {name}"
    return None
