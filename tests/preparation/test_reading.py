"""Raw files of every form, and those that are refused."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from preparation.thriftline_preparation.errors import PreparationError
from preparation.thriftline_preparation.languages import check_languages
from preparation.thriftline_preparation.listing import GIB, list_files
from preparation.thriftline_preparation.places import Places
from tests.preparation.raw import config, judged, write, write_csv, write_jsonl

if TYPE_CHECKING:
    from pathlib import Path

    from pyspark.sql import SparkSession


def refusal(spark: SparkSession, folder: Path, code: str, **changes: Any) -> str:
    with pytest.raises(PreparationError) as caught:
        judged(spark, config(folder, **changes))
    assert caught.value.code == code
    return caught.value.message.replace(str(folder / "raw"), "")


def test_csv_is_read_after_rfc_4180(spark: SparkSession, tmp_path: Path) -> None:
    write(
        tmp_path,
        "a [1], b*.csv",
        b'\xef\xbb\xbf"body",id,verdict\r\n'
        b'"quotes ""doubled"", a comma",1,good\r\n'
        b'"two\r\nlines",2,good\r\n'
        b"back\\slash,3,bad\r\n"
        b"caf\xc3\xa9,4,bad\r\n"
        b'"",5,bad\r\n'
        b"too,many,fields,here\r\n"
        b"too few\r\n"
        b"\r\n"
        b"last,8,good",
    )
    write(tmp_path, "sub/unix.csv", "verdict,body\ngood,another order\n")

    assert judged(spark, config(tmp_path)) == sorted(
        [
            ('quotes "doubled", a comma', "good", None),
            ("two\nlines", "good", None),
            ("back\\slash", "bad", None),
            ("caf\u00e9", "bad", None),
            (None, "bad", "empty_text"),
            ("too,many,fields,here", None, "unreadable"),
            ("too few", None, "unreadable"),
            ("last", "good", None),
            ("another order", "good", None),
        ],
        key=repr,
    )


def test_a_value_of_another_type_is_noticed_in_json(spark: SparkSession, tmp_path: Path) -> None:
    write(
        tmp_path,
        "a.jsonl",
        '{"body": 5, "verdict": "good"}\n{"body": true, "verdict": "good"}\n'
        '{"body": {"a": 1}, "verdict": "good"}\n{"body": "a", "verdict": 5}\n'
        '{"body": "a", "verdict": 1.5}\n{"body": null, "verdict": "good"}\n'
        'not json\n\n{"body": "a"}\n{"verdict": "good", "body": "b", "more": []}',
    )

    reasons = [reason for _, _, reason in judged(spark, config(tmp_path))]

    assert sorted(map(str, reasons)) == sorted(
        ["not_a_text"] * 3 + ["None"] * 2 + ["not_a_label", "empty_text", "unreadable"]
        + ["missing_column"]
    )  # fmt: skip


def test_formats_folders_and_gz_are_read_together(spark: SparkSession, tmp_path: Path) -> None:
    write_csv(tmp_path, "a.csv", [("one", "x")])
    write(tmp_path, "b/b.csv.gz", "body,verdict\ntwo,x\n")
    write_jsonl(tmp_path, "b/c.ndjson.gz", [("three", "x")])
    write(tmp_path, "run.yaml", "prepare: {}\n")
    more = tmp_path / "more"
    more.mkdir()
    pq.write_table(pa.table({"body": ["four"], "verdict": [4]}), more / "d.parquet")
    pq.write_table(pa.table({"verdict": [True], "body": ["five"]}), more / "e.parquet")

    sources = [str(tmp_path / "raw"), str(more), str(more / "d.parquet")]

    assert judged(spark, config(tmp_path, sources=sources)) == sorted(
        [(text, "x", None) for text in ("one", "two", "three")]
        + [("four", "4", None), ("five", "true", None)],
        key=repr,
    )


def test_a_file_that_says_nothing_is_read_as_the_format_says(
    spark: SparkSession, tmp_path: Path
) -> None:
    write(tmp_path, "part-0000", "body,verdict\none,x\n")

    assert judged(spark, config(tmp_path, format="csv")) == [("one", "x", None)]
    assert "part-0000" in refusal(spark, tmp_path, "no_files")


def test_columns_that_differ_between_files_are_refused_by_name(
    spark: SparkSession, tmp_path: Path
) -> None:
    write_csv(tmp_path, "a.csv", [("one", "x")])
    write(tmp_path, "b.csv", "text,verdict\ntwo,x\n")

    message = refusal(spark, tmp_path, "columns")

    assert "/b.csv lacks the column `body` (its columns: text, verdict)" in message
    assert "/a.csv has it, so the files differ" in message


def test_a_header_that_is_data_is_not_repeated(spark: SparkSession, tmp_path: Path) -> None:
    pattern = {"name": "email", "regex": "@[a-z]+[.][a-z]+", "lead": "[a-z]+"}
    write(tmp_path, "a.csv", "write to joe@example.com,good\nanother,bad\n")

    message = refusal(spark, tmp_path, "columns", patterns=[pattern])

    assert "joe" not in message
    assert "a header line may be missing" in message


def test_a_column_that_is_there_twice_is_refused(spark: SparkSession, tmp_path: Path) -> None:
    write(tmp_path, "a.csv", "body,verdict,body\none,x,two\n")

    assert "has 2 columns named `body`" in refusal(spark, tmp_path, "columns")


def test_parquet_is_held_to_columns_and_types(spark: SparkSession, tmp_path: Path) -> None:
    (tmp_path / "raw").mkdir()
    pq.write_table(pa.table({"body": ["a"], "verdict": [1.5]}), tmp_path / "raw/a.parquet")

    assert "`verdict` holds double" in refusal(spark, tmp_path, "column_type")
    assert "lacks the column `label`" in refusal(
        spark, tmp_path, "columns", columns={"text": "body", "label": "label"}
    )


def test_a_source_that_is_not_there_is_named(spark: SparkSession, tmp_path: Path) -> None:
    nowhere = str(tmp_path / "nowhere")

    assert f"{nowhere} is not there" in refusal(spark, tmp_path, "no_files", sources=[nowhere])


def test_a_gz_of_40_gb_is_refused_before_it_is_read(spark: SparkSession, tmp_path: Path) -> None:
    write(tmp_path, "a.csv.gz", "body,verdict\none,x\n")
    # A file with a hole takes no disk.
    os.truncate(tmp_path / "raw/a.csv.gz", 40 * GIB)

    message = refusal(spark, tmp_path, "file_too_large")

    assert "/a.csv.gz: one .gz of 40.0 GiB" in message
    assert "Split it into files" in message


def test_a_large_gz_is_spread_over_tasks(
    spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from preparation.thriftline_preparation import reading

    monkeypatch.setattr(reading, "_PIECE_BYTES", 1000)
    rows = [(f"text number {number}", "x") for number in range(500)]
    write_jsonl(tmp_path, "a.jsonl.gz", rows)
    wanted = config(tmp_path)
    files = list_files(spark, wanted, Places()).files

    frame = reading.read_rows(spark, files, wanted)

    assert frame.rdd.getNumPartitions() > 2
    assert sorted(row.text for row in frame.collect()) == sorted(text for text, _ in rows)


def test_languages_are_judged_where_asked(spark: SparkSession, tmp_path: Path) -> None:
    english = "They went to the house and closed the door behind them."
    german = "Das ist ein einfacher Satz in der deutschen Sprache."
    write_csv(tmp_path, "a.csv", [(english, "x"), (german, "x")])

    assert judged(spark, config(tmp_path, filters={"languages": ["en"]})) == [
        (german, "x", "other_language"),
        (english, "x", None),
    ]


def test_a_language_that_nobody_knows_is_refused() -> None:
    with pytest.raises(PreparationError, match="`xx`, which py3langid does not know"):
        check_languages(["en", "xx"])
