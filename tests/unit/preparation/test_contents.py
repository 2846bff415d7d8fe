"""What a file is whose name says otherwise, and files of which the rows cannot be used."""

import gzip
import io
import tarfile
import zipfile

import pytest

from preparation.thriftline_preparation.contents import foreign
from preparation.thriftline_preparation.errors import PreparationError
from preparation.thriftline_preparation.file_faults import check_files
from preparation.thriftline_preparation.listing import SourceFile, is_hidden
from tests.unit.preparation.configurations import configuration

TEXT = "text,label\none text,good\nanother,bad\n"


def zipped() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a.csv", TEXT)
    return packed.getvalue()


def tarred() -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("a.csv"))
    return packed.getvalue()


@pytest.mark.parametrize(
    ("head", "said"),
    [
        (gzip.compress(TEXT.encode()), "gzip"),
        (zipped(), "ZIP"),
        (tarred(), "tar"),
        (b"PAR1\x15\x04\x15", "Parquet"),
        (TEXT.encode("utf-16"), "UTF-16"),
        (TEXT.encode("utf-16-le"), "UTF-16"),
        (TEXT.encode("utf-16-be"), "UTF-16"),
        (b"\n<!DOCTYPE html>\n<html>", "HTML"),
    ],
    # The bytes hold the time of day, and a test's name may not.
    ids=["gzip", "zip", "tar", "parquet", "utf-16", "utf-16-le", "utf-16-be", "html"],
)
def test_bytes_that_are_no_text_are_named(head: bytes, said: str) -> None:
    assert said in (foreign(head) or "")


@pytest.mark.parametrize(
    "head",
    [
        TEXT,
        "\ufeff" + TEXT,
        "PARENT,label\na,b\n",
        "ORCID,label\na,b\n",
        "<b>,label\n",
        "\x00a,b\n",
        "",
    ],
)
def test_text_is_text(head: str) -> None:
    assert foreign(head.encode()) is None


FILES = tuple(SourceFile(f"/{n}.csv", f"{n}.csv", 10, "csv", False, n) for n in (1, 2))


@pytest.mark.parametrize(
    ("counts", "code", "said"),
    [
        ({"": 5, "unclosed_quote": 1}, "unreadable", "1.csv: a quote is opened and not closed"),
        (
            {"": 5, "undecodable_bytes": 1},
            "unreadable",
            "1.csv: it is not UTF-8. Save it as UTF-8 (iconv",
        ),
        ({"unreadable": 5}, "unreadable", "1.csv: no record can be read."),
        ({"missing_column": 5}, "columns", "1.csv has no record with all of `text` or `label`"),
    ],
)
def test_a_fault_of_a_file_refuses_it(counts: dict[str, int], code: str, said: str) -> None:
    with pytest.raises(PreparationError) as caught:
        check_files(FILES, {1: counts, 2: {"": 5}}, configuration(), lambda _: TEXT.encode())

    assert caught.value.code == code
    assert said in caught.value.message


@pytest.mark.parametrize(
    "counts", [{"": 5, "unreadable": 5}, {"": 20, "undecodable_bytes": 2}, {"empty_text": 3}, {}]
)
def test_a_fault_of_rows_refuses_no_file(counts: dict[str, int]) -> None:
    check_files(FILES, {1: counts, 2: {"": 5}}, configuration(), lambda _: b"")


def test_spark_does_not_see_names_that_begin_with_a_sign() -> None:
    names = ("_a.csv", ".a.csv", "_a=b", "a_b.csv", "=a.csv", "_SUCCESS")
    assert [is_hidden(name) for name in names] == [True, True, False, False, False, True]
