"""What is refused before a preparation, the program that prepares would refuse too."""

import csv
import io
import json
import sys
import unicodedata
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from preparation.thriftline_preparation import listing
from preparation.thriftline_preparation.cleaning import clean_text, is_blank
from preparation.thriftline_preparation.config import Config
from preparation.thriftline_preparation.labels import LabelMap
from preparation.thriftline_preparation.rows import Header, RowWork
from tests.unit.preparation.configurations import configuration
from thriftline.runs.domain.raw_data import is_raw, kind_of
from thriftline.runs.domain.raw_labels import Columns, uncovered

_COLUMNS = Columns("text", None, "label")
_NAMES = st.text(min_size=1, max_size=6).filter(lambda one: bool(one.strip()))
_ODD = st.sampled_from(
    [
        "\xdf",
        "ss",
        "\u0130",
        "i\u0307",
        "\xc5",
        "\u212b",
        "A\u030a",
        "\u017f",
        "\ufb01",
        "fi",
        "\u03d2",
    ]
)
_SPELLINGS = st.one_of(_NAMES, _ODD, st.tuples(_ODD, _ODD).map("".join))


@given(map_=st.dictionaries(_SPELLINGS, _SPELLINGS, min_size=1, max_size=4), raw=_SPELLINGS)
@example(map_={"ß": "x"}, raw="SS")
@example(map_={"İ": "x"}, raw="i\u0307")
@example(map_={"Good": "x"}, raw=" go\u200bod ")
@example(map_={"\u1e9b\u0323": "x"}, raw="\u1e9b\u0323 ")
def test_a_label_that_is_said_to_be_missing_is_missing_in_the_program(
    map_: dict[str, str], raw: str
) -> None:
    line = json.dumps({"text": "a text", "label": raw}) + "\n"
    found = uncovered(line, "jsonl", _COLUMNS, map_)
    assert not found or LabelMap(map_).label_of(raw) is None


def test_a_label_that_is_far_from_all_is_found() -> None:
    line = json.dumps({"text": "a text", "label": "Gut"}) + "\n"
    assert uncovered(line, "jsonl", _COLUMNS, {"Good": "positive"})
    assert LabelMap({"Good": "positive"}).label_of("Gut") is None


MAP = {"Good": "positive"}
FORMATS = ("auto", "csv", "jsonl", "parquet")
EVERY = [chr(one) for one in range(sys.maxunicode + 1) if not 0xD800 <= one < 0xE000]
_PARTS = st.sampled_from(
    [
        *("a", "part-0", "_x", "_year=1", ".x", "csv", "JSONL", "ndjson", "parquet", "gz", ""),
        *("README", "md", "yaml", "yml", "html", "json", "py", "txt", "\u212a"),
    ]
)
_KEYS = st.lists(st.lists(_PARTS, max_size=4).map(".".join), min_size=1, max_size=3).map("/".join)


@given(key=_KEYS, data_format=st.sampled_from(FORMATS))
@example(key="x.jsonl", data_format="csv")
@example(key="README.md", data_format="csv")
@example(key="a.parquet.gz", data_format="parquet")
@example(key="part-0001", data_format="jsonl")
@example(key="_year=2026/a.csv", data_format="auto")
@example(key="csv", data_format="auto")
def test_a_file_is_read_as_what_the_program_reads_it(key: str, data_format: str) -> None:
    found = kind_of(key, data_format)
    named, gzipped = listing.kind_of(f"s3://raw/{key}", data_format)
    assert (found and found.format) == named
    assert found is None or found.gzipped == gzipped
    hidden = any(map(listing.is_hidden, key.split("/")))
    assert is_raw(key, data_format) is (named is not None and not hidden and key[-1:] != "/")


def configured(**changes: Any) -> Config:
    return configuration(labels={"map": MAP, "unmapped": "refuse"}, **changes)


def reasons_of_lines(body: bytes) -> list[str | None]:
    rows = RowWork(configured()).lines(body.split(b"\n"))
    return [row.reason if row else None for row in rows]


def reasons_of_records(body: bytes) -> list[str | None]:
    """What the program says of each record; bytes stand for themselves, as it reads them."""
    header, *records = csv.reader(io.StringIO(body.decode("latin-1"), newline=""))
    assert [name.strip() for name in header] == ["text", "label"]
    work, read = RowWork(configured()), Header(2, 1, as_bytes=True)
    rows = [work.fields((one[0], None, one[1]), None, read) for one in records]
    return [None, *(row.reason if row else None for row in rows)]


# Each is removed, or kept, for another reason than its label.
OTHER_ROWS = [
    (b"caf\xe9,Gut", "undecodable_bytes"),
    ("\u3164,Gut".encode(), "empty_text"),
    ("\u115f\u1160\uffa0,Gut".encode(), "empty_text"),
    ("text,\u3164".encode(), "empty_label"),
    ("text,\u2800\ufffc".encode(), "empty_label"),
    (b"text, label", "repeated_header"),
    (b" text ,label ", "repeated_header"),
    (b"text,Good", None),
]


@pytest.mark.parametrize(("row", "reason"), OTHER_ROWS)
def test_a_record_that_the_program_removes_for_another_reason_lacks_no_label(
    row: bytes, reason: str | None
) -> None:
    body = b"text,label\n" + row + b"\na text,Gut\n"
    assert reasons_of_records(body) == [None, reason, "unmapped_label"]
    head = body.decode(errors="replace")
    assert [one.line for one in uncovered(head, "csv", _COLUMNS, MAP)] == [3]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'{"text": "caf\xe9", "label": "Gut"}', "undecodable_bytes"),
        (b'{"text": "a text", "label": "Gut", "more": "\xe9"}', "undecodable_bytes"),
        ('{"text": "\u3164", "label": "Gut"}'.encode(), "empty_text"),
        (b'{"text": "\\u1160", "label": "Gut"}', "empty_text"),
        (b'{"text": "a text", "label": "\\uffa0"}', "empty_label"),
    ],
)
def test_a_line_that_the_program_removes_for_another_reason_lacks_no_label(
    line: bytes, reason: str
) -> None:
    body = line + b'\n{"text": "a text", "label": "Gut"}\n'
    assert reasons_of_lines(body)[:2] == [reason, "unmapped_label"]
    head = body.decode(errors="replace")
    assert [one.line for one in uncovered(head, "jsonl", _COLUMNS, MAP)] == [2]


_BITS = st.sampled_from(
    [
        *(b"a", b"Gut", b"Good", b" ", b"text", b"label", b"\xe9", b"\xc3", b"\xff", b"7", b"!"),
        *(one.encode() for one in ("\u3164", "\uffa0", "\u200b", "\u2800", "\ufffd", "\xad", "é")),
    ]
)
_FIELDS = st.lists(_BITS, max_size=3).map(b"".join)


@given(rows=st.lists(st.tuples(_FIELDS, _FIELDS), min_size=1, max_size=4))
def test_whatever_is_said_to_be_missing_the_program_removes_for_its_label(
    rows: list[tuple[bytes, bytes]],
) -> None:
    body = b"text,label\n" + b"".join(text + b"," + label + b"\n" for text, label in rows)
    reasons = reasons_of_records(body)
    for one in uncovered(body.decode(errors="replace"), "csv", _COLUMNS, MAP):
        assert reasons[one.line - 1] == "unmapped_label", (one, body)

    lines = b"".join(
        b'{"text": "' + text + b'", "label": "' + label + b'"}\n' for text, label in rows
    )
    reasons = reasons_of_lines(lines)
    for one in uncovered(lines.decode(errors="replace"), "jsonl", _COLUMNS, MAP):
        assert reasons[one.line - 1] == "unmapped_label", (one, lines)


def test_no_sign_that_the_program_takes_for_nothing_is_a_text_or_a_label() -> None:
    letters = [one for one in EVERY if unicodedata.category(one)[0] in "LN"]
    blank = [one for one in EVERY if is_blank(one)]
    blank += [one for one in letters if is_blank(clean_text(one)) and not is_blank(one)]
    assert {"\u3164", "\u115f", "\u1160", "\uffa0", " "} <= set(blank)
    for sign in blank:
        as_text = json.dumps({"text": sign, "label": "Gut"}) + "\n"
        as_label = json.dumps({"text": "a text", "label": sign}) + "\n"
        assert uncovered(as_text, "jsonl", _COLUMNS, MAP) == (), repr(sign)
        assert uncovered(as_label, "jsonl", _COLUMNS, MAP) == (), repr(sign)
