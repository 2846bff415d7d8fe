"""Bytes that are not what the file's name says are named as what they are, at their place."""

import bz2
import io
import tarfile
import zipfile

import pytest

from tests.unit.datasets.data_sets import (
    csv_file,
    finding,
    jsonl,
    lines_of,
    packed,
    parquet,
    rows,
    validate,
    validate_in_ranges,
)
from thriftline.datasets.engine.reporting import rejection_message

CSV = csv_file(rows(60))
JSONL = jsonl(rows(60))


def zipped(name: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(name, CSV)
    return file.getvalue()


def tarred() -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        member = tarfile.TarInfo("data.csv")
        member.size = len(CSV)
        archive.addfile(member, io.BytesIO(CSV))
    return file.getvalue()


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (packed(CSV), "gzip"),
        (parquet(rows(60)), "Parquet"),
        (zipped("xl/workbook.xml"), "Excel"),
        (zipped("data.csv"), "ZIP"),
        (tarred(), "tar"),
        (bz2.compress(CSV), "bzip2"),
        (b"<!DOCTYPE html><html><body>Not found</body></html>", "HTML"),
    ],
)
@pytest.mark.parametrize("name", ["a.csv", "a.jsonl", "a.parquet", "a.csv.gz", "a.parquet.gz"])
def test_other_files_are_named_under_every_name(data: bytes, kind: str, name: str) -> None:
    if (kind == "Parquet" and name == "a.parquet") or (kind == "HTML" and ".parquet" in name):
        return
    if kind == "gzip" or (kind == "HTML" and name.endswith(".gz")):
        data = packed(data) if name.endswith(".gz") else data

    single = validate({name: data})
    merged, _ = validate_in_ranges({name: data}, 100)

    assert single.codes == ["wrong_content"]
    assert kind in str(finding(single, "wrong_content").places[0].rule)
    assert finding(single, "wrong_content").places[0].line is None
    assert merged == single


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize(("name", "data"), [("a.csv", CSV), ("a.jsonl", JSONL)])
def test_wide_encodings_are_named_with_and_without_a_mark(
    encoding: str, name: str, data: bytes
) -> None:
    report = validate({name: data.decode().encode(encoding)})

    place = finding(report, "undecodable_bytes").places[0]
    assert report.codes == ["undecodable_bytes"]
    assert place.line == 1
    assert "UTF-" in str(place.rule).removeprefix("not UTF-8")


@pytest.mark.parametrize(
    ("name", "data", "named"),
    [
        ("a.csv", b"sep=;\ntext;label\n", "sep="),
        ("a.csv", JSONL, "JSON Lines"),
        ("a.jsonl", CSV, "CSV"),
        ("a.jsonl", b"[" + JSONL.strip().replace(b"\n", b",\n") + b"]", "array"),
        ("a.jsonl", b'{\n "text": "a"\n}\n', "several lines"),
        ("a.csv.gz", packed(JSONL), "JSON Lines"),
    ],
)
def test_text_of_another_form_is_named(name: str, data: bytes, named: str) -> None:
    assert named in rejection_message(validate({name: data}))


@pytest.mark.parametrize("header", ["text,catégorie", "texte,libellé,text"])
def test_a_header_in_another_encoding_is_named_in_its_own_line(header: str) -> None:
    data = CSV.replace(b"text,label", header.encode("latin-1"))

    report = validate({"a.csv": data})

    assert report.codes == ["undecodable_bytes"]
    assert lines_of(report, "undecodable_bytes") == [1]
    assert finding(report, "undecodable_bytes").places[0].column is not None


@pytest.mark.parametrize("header", [b'te"xt,label', b"text,la\rbel", b"text,label" + b"x" * 3000])
def test_a_header_that_cannot_be_read_is_not_replaced_by_the_next_line(header: bytes) -> None:
    report = validate({"a.csv": CSV.replace(b"text,label", header, 1)}, max_record_bytes=2000)

    assert len(report.findings) == 1
    assert report.findings[0].places[0].line == 1
    assert report.rows == 0


@pytest.mark.parametrize("token", ["NaN", "Infinity", "-Infinity", "None", "True", "undefined"])
def test_what_python_writes_and_json_does_not_know_is_named(token: str) -> None:
    line = f'{{"text": "t", "label": "yes", "score": {token}}}\n'.encode()

    report = validate({"a.jsonl": JSONL + line})

    place = finding(report, "malformed_json").places[0]
    assert place.line == 61
    assert str(place.rule).startswith(f"{token} is not JSON")


@pytest.mark.parametrize("column", ["ORCID", "PARENT", "PAR1", "BZhang", "FEA1"])
@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz"])
def test_a_header_that_begins_like_another_format_is_a_header(column: str, name: str) -> None:
    lines = [f"{i},{text},{label}" for i, (text, label) in enumerate(rows(60))]
    data = "\n".join([f"{column},text,label", *lines]).encode()

    report = validate({name: packed(data) if name.endswith(".gz") else data})

    assert report.verdict != "rejected"
