"""Files as strangers make them: each gives its rows or a clear refusal, and none is lost."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from preparation.thriftline_preparation.errors import PreparationError
from preparation.thriftline_preparation.listing import list_files
from preparation.thriftline_preparation.places import Places
from tests.preparation.raw import (
    config,
    judged,
    prepared,
    removed,
    run,
    texts,
    write,
    write_csv,
    write_jsonl,
)

if TYPE_CHECKING:
    from pathlib import Path

    from pyspark.sql import SparkSession

NAMES = (
    "{a,b}.csv", "[x].csv", "a*b?.csv", "back\\slash.csv", "sp ace.csv", "%20+.csv", "#x.csv",
    "\u00fcn\u00ef \u540d.csv", "x=1/y=2/p.csv", "_y=1/p.csv", "a,b'.csv", 'q"uote.csv',
    "UPPER.CSV", "new\nline.csv", " .csv", "a..csv", "=.csv", "a;b|c&d.csv", "$HOME.csv",
    "~.csv", "a@b!.csv",
)  # fmt: skip
HIDDEN = ("_hidden.csv", ".hidden.csv", "_folder/a.csv", "a/.b/c.csv")
BODY = "body,verdict\n"


def test_a_name_is_a_name_and_no_pattern(spark: SparkSession, tmp_path: Path) -> None:
    for number, name in enumerate(NAMES):
        write(tmp_path, name, f"{BODY}text of file {number},x\n")
    for name in HIDDEN:
        write(tmp_path, name, f"{BODY}hidden,x\n")

    rows = judged(spark, config(tmp_path))

    assert sorted(text for text, _, _ in rows) == sorted(
        f"text of file {number}" for number in range(len(NAMES))
    )
    listing = list_files(spark, config(tmp_path), Places())
    assert [name.rpartition("/raw/")[2] for name in listing.hidden] == sorted(HIDDEN)


def test_a_file_with_a_colon_is_refused_by_name_on_this_machine(
    spark: SparkSession, tmp_path: Path
) -> None:
    write(tmp_path, "at 12:30.csv", f"{BODY}one,x\n")
    write(tmp_path, "good.csv", f"{BODY}two,x\n")

    assert "at 12:30.csv: Spark cannot open a file" in refusal(spark, tmp_path)


def test_bytes_that_are_not_utf8_are_rows_of_their_own(spark: SparkSession, tmp_path: Path) -> None:
    latin = "caf\u00e9 au lait".encode("latin-1")
    write(tmp_path, "a.csv", b"body,verdict\n" + latin + b',x\n\xe4,\xff\n"caf\xc3\xa9",\xc3\xbc\n')
    write(tmp_path, "b.csv", "\ufeffbody,verdict\ncaf\u00e9 \U0001f600,x\n".encode())
    write(tmp_path, "c.jsonl", b'{"body": "' + latin + b'", "verdict": "x"}\n')
    write(tmp_path, "d.jsonl", '{"body": "sch\u00f6n", "verdict": "x"}\n')
    (tmp_path / "raw").mkdir(exist_ok=True)
    bodies = pa.array([latin, "gut \u00fc".encode()], pa.binary()).view(pa.string())
    pq.write_table(pa.table({"body": bodies, "verdict": ["x", "y"]}), tmp_path / "raw/e.parquet")

    rows = judged(spark, config(tmp_path))

    good = [(text, label) for text, label, reason in rows if reason is None]
    assert sorted(good) == sorted(
        [
            ("caf\u00e9", "\u00fc"),
            ("caf\u00e9 \U0001f600", "x"),
            ("sch\u00f6n", "x"),
            ("gut \u00fc", "y"),
        ]
    )
    assert [reason for _, _, reason in rows if reason] == ["undecodable_bytes"] * 4


def zipped(text: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("xl/a.csv", text)
    return packed.getvalue()


ROWS = BODY + "one text,x\nanother,y\n"
LINES = '{"body": "one", "verdict": "x"}\n' * 3


FOREIGN: dict[str, tuple[str, str | bytes, str]] = {
    "zip": ("a.csv", zipped(ROWS), "a.csv: its bytes are a ZIP archive"),
    "gzip": ("a.csv", gzip.compress(ROWS.encode()), "a.csv: its bytes are gzip"),
    "packed twice": ("a.csv.gz", gzip.compress(ROWS.encode()), "a.csv.gz: its bytes are gzip"),
    "utf-16": ("a.csv", ROWS.encode("utf-16"), "a.csv: its text is UTF-16, not UTF-8"),
    "header": ("a.csv", b"b\xe9dy,verdict\none,x\n", "a.csv: line 1: it is not UTF-8"),
    "utf-16 lines": ("a.jsonl", LINES.encode("utf-16"), "a.jsonl: its text is UTF-16, not UTF-8"),
    "gzip lines": ("a.jsonl", gzip.compress(LINES.encode()), "a.jsonl: its bytes are gzip"),
    "zip lines": ("a.jsonl", zipped(LINES), "a.jsonl: its bytes are a ZIP archive"),
    "array": ("a.jsonl", '[{"body": "one", "verdict": "x"}]', "JSON lines hold one object"),
    "open": ("a.csv", f'{BODY}one,x\n"open,x\nmore,y\nlast,y\n', "a.csv: a quote is opened and"),
    "long": ("a.csv", f'{BODY}one,x\n"open {"x" * (33 << 20)}', "a.csv: a field of more than 32"),
    "wide": ("a.csv", f"{BODY}one,x\n{',' * 120_000}\n", "a.csv: a field of more than 32 MiB, or"),
    "latin": ("a.csv", b"body,verdict\n" + b"caf\xe9 au lait,x\n" * 9, "a.csv: it is not UTF-8"),
}


@pytest.mark.parametrize("kind", FOREIGN)
def test_what_a_name_promises_falsely_is_refused_with_what_it_is(
    spark: SparkSession, tmp_path: Path, kind: str
) -> None:
    name, content, said = FOREIGN[kind]
    write(tmp_path, name, content)
    write(tmp_path, "good.csv", ROWS)

    assert said in refusal(spark, tmp_path)


def refusal(spark: SparkSession, folder: Path) -> str:
    """What the program says of the raw files, as its command would."""
    from preparation.thriftline_preparation.main import unreadable

    try:
        run(spark, config(folder))
    except PreparationError as error:
        return error.message
    except Exception as error:
        fault = unreadable(str(error), Places(), [str(folder / "raw")])
        if fault:
            return fault.message
        raise
    raise AssertionError("it was not refused")


@pytest.mark.parametrize("damage", ["cut", "changed", "followed by other bytes"])
def test_a_damaged_gz_is_no_fault_of_the_cluster(
    spark: SparkSession, tmp_path: Path, damage: str
) -> None:
    lines = "".join(f'{{"body": "{text}", "verdict": "x"}}\n' for text in texts(300, 1))
    packed = bytearray(gzip.compress(lines.encode()))
    if damage == "cut":
        packed = packed[: len(packed) // 2]
    elif damage == "changed":
        packed[len(packed) // 2] ^= 0xFF
    else:
        packed += b"no gzip at all"
    path = tmp_path / "raw" / "a.jsonl.gz"
    path.parent.mkdir()
    path.write_bytes(packed)

    said = refusal(spark, tmp_path)
    # Spark 3.5 does not say which file it is.
    assert f"{path}: Spark cannot read it" in said or f"a file of {path.parent}: Spark" in said


def test_line_ends_of_every_system(spark: SparkSession, tmp_path: Path) -> None:
    quoted = 'body,verdict\n"a ""quoted"" text,\nof two lines",x\nplain,y\n'
    for name, end in (("lf", "\n"), ("crlf", "\r\n"), ("cr", "\r"), ("crcrlf", "\r\r\n")):
        write(tmp_path, f"{name}.csv", quoted.replace("\n", end))
    write(tmp_path, "mixed.csv", 'body,verdict\r\n"first",x\nsecond,y\r\n\nthird,z')
    write(tmp_path, "blank.csv", "\n\nbody,verdict\nfourth,x\n")
    write(tmp_path, "spaces.csv", "body , verdict\nfifth,x\n")
    write(
        tmp_path, "cr.jsonl", '{"body": "sixth", "verdict": "x"}\r{"body": "7th", "verdict": "y"}'
    )
    write(tmp_path, "separators.jsonl", '{"body": "one\u2028two\u0085", "verdict": "x"}\n')

    rows = judged(spark, config(tmp_path))

    assert [row for row in rows if row[2]] == []
    assert sorted(row[:2] for row in rows) == sorted(
        [('a "quoted" text,\nof two lines', "x"), ("plain", "y")] * 4
        + [("first", "x"), ("second", "y"), ("third", "z"), ("fourth", "x"), ("fifth", "x")]
        + [("sixth", "x"), ("7th", "y"), ("one\ntwo", "x")]
    )


@pytest.mark.parametrize(
    ("text", "label"), [("review.body", "the `label`"), ("Text", "text"), ("_corrupt", "_c1")]
)
def test_columns_may_be_called_anything(
    spark: SparkSession, tmp_path: Path, text: str, label: str
) -> None:
    names = dict.fromkeys((text, label, "Body", "body", "review", "_metadata"), "other")
    rows = {**names, text: "one text", label: "x"}
    write(tmp_path, "a.csv", f"{','.join(rows)}\n{','.join(rows.values())}\n")
    write(tmp_path, "b.jsonl", json.dumps(rows))
    pq.write_table(pa.table({k: [v] for k, v in rows.items()}), tmp_path / "raw/c.parquet")
    columns = {"text": text, "label": label}

    assert judged(spark, config(tmp_path, columns=columns)) == [("one text", "x", None)] * 3


def test_odd_values_have_their_reasons(spark: SparkSession, tmp_path: Path) -> None:
    long = "word " * 190_000
    write(
        tmp_path,
        "a.csv",
        b"body,verdict\n\x00nul,x\nnu\x00l,go\x00od\nbody,verdict\none,nan\ntwo,1\nthree,1.0\n"
        b"four,2026-11-30\n" + f'"{long}",x\n"five","a\nb"\n'.encode(),
    )
    records: list[tuple[Any, Any]] = [
        ({"nested": "a text"}, "x"), ("six", 1), ("seven", 1.0), (float("nan"), "x"), (["a"], "x"),
        ("eight", True), ("nine", "2026-11-30"), ("ten", None),
    ]  # fmt: skip
    write_jsonl(tmp_path, "b.jsonl", records)
    write(tmp_path, "c.jsonl", '{"body": "a", "verdict": "x", "verdict": "y"}\n{"body": "eleven", "verdict": "x"}\n')  # noqa: E501  # fmt: skip

    rows = judged(spark, config(tmp_path))

    assert sorted((label, text) for text, label, reason in rows if reason is None) == sorted(
        [("x", "nul"), ("good", "nul"), ("nan", "one"), ("1", "two"), ("1.0", "three"),
         ("2026-11-30", "four"), ("a b", "five"), ("1", "six"), ("true", "eight"),
         ("2026-11-30", "nine"), ("x", "eleven")]
    )  # fmt: skip
    assert sorted(reason for _, _, reason in rows if reason) == sorted(
        ["repeated_header", "over_record_limit", "repeated_column", "empty_label", "not_a_label"]
        + ["not_a_text"] * 3
    )


def test_nothing_is_lost_without_a_word(spark: SparkSession, tmp_path: Path) -> None:
    """Empty files beside good ones, one row, one label, copies, a hidden file: all is said."""
    write_csv(tmp_path, "a.csv", [(text, "only\nlabel") for text in texts(12, 1)] * 3)
    write_csv(tmp_path, "one.csv", [("the only row of it", "only label")])
    write_csv(tmp_path, "header.csv", [])
    write(tmp_path, "nothing.csv", "")
    write(tmp_path, "blank.csv", "\n\n")
    write(tmp_path, "nothing.jsonl.gz", "")
    write(tmp_path, "_hidden.csv", "body,verdict\nhidden,x\n")
    write(tmp_path, "notes.txt", "no data")

    wanted = config(tmp_path)
    report = run(spark, wanted)

    assert report["rows_read"] == 37
    assert removed(report) == {"exact_duplicate": 24}
    assert report["rows_written"] == sum(map(len, prepared(wanted).values())) == 13
    notes = " ".join(report["notes"])
    for name in ("header.csv", "nothing.csv", "blank.csv", "nothing.jsonl.gz"):
        assert name in notes.partition("Not read")[0]
    assert "begins with _ or ." in notes
    assert "_hidden.csv" in notes
    assert "All rows have one label" in notes
    assert [name.rpartition("/")[2] for name in report["sources"]["ignored"]] == ["notes.txt"]


def test_files_that_hold_nothing_are_no_data(spark: SparkSession, tmp_path: Path) -> None:
    write(tmp_path, "a.csv", "\n\n")

    assert "a.csv: no file has a record" in refusal(spark, tmp_path)
