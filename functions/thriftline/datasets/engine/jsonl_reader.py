"""JSON Lines: a block at a time where it is clean, line by line where it is not."""

import json
import re
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import numpy as np
import orjson

from thriftline.core.wording import counted
from thriftline.datasets.engine.blocks import (
    LINES,
    MISSING,
    NEWLINE,
    QUOTE,
    Block,
    LineCounter,
    RawBlock,
    cut_blocks,
    holds_over_long,
)
from thriftline.datasets.engine.columns import ColumnCensus
from thriftline.datasets.engine.findings import Findings
from thriftline.datasets.engine.rules import DatasetRules

Record = dict[str, Any]
BRACE: Final = 123
COLON: Final = 58
SPACE: Final = 32
_NOT_JSON: Final = re.compile(rb"-?(?:NaN|Infinity)|None|True|False|undefined")


class JsonlReader:
    """Reads one range of a JSON Lines file."""

    def __init__(self, rules: DatasetRules, findings: Findings, census: ColumnCensus) -> None:
        self.counter = LineCounter()
        self._rules = rules
        self._findings = findings
        self._census = census
        self._keys = [json.dumps(name, ensure_ascii=False).encode() for name in rules.columns]

        self._key_patterns = [re.compile(re.escape(key) + rb"[ \t]*:") for key in self._keys]

    def blocks(self, chunks: Iterator[bytes], block_bytes: int) -> Iterator[Block]:
        """Yields the records that parse; what does not goes to the findings."""
        blocks = cut_blocks(
            chunks,
            LINES,
            self.counter,
            max_record=self._rules.max_record_bytes,
            block_bytes=block_bytes,
        )
        for raw in blocks:
            if raw.data is None:
                self._findings.add("over_long_record", raw.first_line, rule=self._limit_rule())
                continue
            yield self._block(raw, raw.data)

    def _limit_rule(self) -> str:
        return f"longer than {counted(self._rules.max_record_bytes, 'byte')}"

    def _block(self, raw: RawBlock, data: bytes) -> Block:
        first_line = raw.first_line
        if not holds_over_long(data, self._rules.max_record_bytes):
            if not data.strip(b" \t\r\n"):
                return Block([], None, [], [])
            records = parse_clean(data)
            picked = None if records is None else pick_columns(records, self._rules)
            if records is not None and picked is not None:
                if count_keys(data) != sum(map(len, records)):
                    self._find_repeated_keys(data, len(records), first_line)
                raw.line_breaks = len(records) - 1
                lines = range(first_line, first_line + len(records))
                return self._finish(records, picked, lines)
        kept, kept_lines = self._parse_each_line(data, first_line)
        return self._finish(kept, pick_columns(kept, self._rules), kept_lines)

    def _finish(
        self, records: list[Record], picked: "PickedColumns | None", lines: "range | list[int]"
    ) -> Block:
        if picked is None:
            return Block([], None, [], [])
        self._census.see_records(records, lines, picked.complete)
        return Block(picked.texts, picked.pairs, picked.labels, lines)

    def _find_repeated_keys(self, data: bytes, records: int, first_line: int) -> None:
        """A key that occurs twice in a record is not seen once it is parsed: the last one wins."""
        if all(data.count(key) <= records for key in self._keys):
            return
        for number, line in enumerate(data.split(b"\n"), first_line):
            self._check_keys(line, number)

    def _check_keys(self, line: bytes, number: int) -> None:
        if all(len(key.findall(line)) <= 1 for key in self._key_patterns):
            return
        try:
            names = [name for name, _ in json.loads(line, object_pairs_hook=list)]
        except (ValueError, RecursionError):
            return
        for name in self._rules.columns:
            if names.count(name) > 1:
                rule = f"{names.count(name)} keys of the record have the name"
                self._findings.add("duplicate_column", number, None, name, rule)

    def _parse_each_line(self, data: bytes, first_line: int) -> tuple[list[Record], list[int]]:
        records: list[Record] = []
        lines: list[int] = []
        for number, line in enumerate(data.split(b"\n"), first_line):
            record = self._parse_line(line, number)
            if record is not None:
                records.append(record)
                lines.append(number)
        return records, lines

    def _parse_line(self, line: bytes, number: int) -> Record | None:
        if len(line) > self._rules.max_record_bytes:
            self._findings.add("over_long_record", number, rule=self._limit_rule())
            return None
        if not line.strip(b" \t\r"):
            return None
        try:
            record = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            self._add_parse_error(line, number, error)
            return None
        if not isinstance(record, dict):
            self._findings.add("malformed_json", number, 1, rule="the line is not a JSON object")
            return None
        self._check_keys(line, number)
        return record

    def _add_parse_error(self, line: bytes, number: int, error: orjson.JSONDecodeError) -> None:
        try:
            line.decode()
        except UnicodeDecodeError as undecodable:
            self._findings.add(
                "undecodable_bytes", number, undecodable.start + 1, rule=utf8_rule(line)
            )
            return
        rule = error.msg.partition(": line ")[0]
        token = _NOT_JSON.match(line, max(error.pos - 1, 0)) or _NOT_JSON.match(line, error.pos)
        if token:
            rule = f"{token.group().decode()} is not JSON; write null, or leave the key out"
        self._findings.add("malformed_json", number, error.colno, rule=rule)


class PickedColumns(NamedTuple):
    """The columns that are wanted; ``complete`` where every record has them all."""

    texts: list[Any]
    pairs: list[Any] | None
    labels: list[Any]
    complete: bool


def pick_columns(records: list[Any], rules: DatasetRules) -> PickedColumns | None:
    """Takes the wanted columns out of the records; None where one of them is no object."""
    text, label, pair = rules.text_column, rules.label_column, rules.text_pair_column
    try:
        # A list or a number is no place to look up a name in, and says so by a TypeError.
        pairs = None if pair is None else [record[pair] for record in records]
        return PickedColumns([r[text] for r in records], pairs, [r[label] for r in records], True)
    except KeyError:
        if set(map(type, records)) != {dict}:
            return None
    except TypeError:
        return None
    texts, labels = ([r.get(name, MISSING) for r in records] for name in (text, label))
    pairs = None if pair is None else [r.get(pair, MISSING) for r in records]
    return PickedColumns(texts, pairs, labels, False)


def parse_clean(data: bytes) -> list[Record] | None:
    """Parses a block in which every line is exactly one object; None where one may not be.

    The lines are parsed as one array. Two broken lines could then make one whole record, so the
    array is only believed when each line begins with the only brace that opens in it.
    """
    marks = np.frombuffer(data, np.uint8)
    line_ends = np.flatnonzero(marks == NEWLINE)
    count = len(line_ends) + 1
    one_brace_a_line = (
        np.count_nonzero(marks == BRACE) == count
        and data.startswith(b"{")
        and not data.endswith(b"\n")
        and bool((marks[line_ends + 1] == BRACE).all())
    )
    try:
        if one_brace_a_line:
            records = orjson.loads(b"".join((b"[", data.replace(b"\n", b",\n"), b"]")))
        else:
            records = [orjson.loads(line) for line in data.split(b"\n")]
    except orjson.JSONDecodeError:
        return None
    return records if len(records) == count else None


def count_keys(data: bytes) -> int:
    """How often a colon follows a quote or a space: at least once for each key."""
    marks = np.frombuffer(data, np.uint8)
    before = marks[np.flatnonzero(marks == COLON) - 1]
    return int(np.count_nonzero((before == QUOTE) | (before <= SPACE)))


def utf8_rule(data: bytes) -> str:
    """Says what bytes that are not UTF-8 seem to be."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in data:
        return "not UTF-8; the file seems to be UTF-16"
    return "not UTF-8"
