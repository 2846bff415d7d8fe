"""Raw files that are no data are refused for their first bytes, before anything is held."""

import gzip
import io
import zipfile
from collections.abc import Iterator

import pytest

from tests.unit.runs.preparation_world import PreparationWorld, preparation_world
from thriftline.core.errors import DatasetRejectedError
from thriftline.runs.domain.raw_heads import MOST_LOOKED_AT, looked_at, said

ROWS = "body,verdict\none text,x\nanother,y\n"
LINES = '{"body": "one", "verdict": "x"}\n'
SPEC = {
    "prepare": {
        "engine": "emr_serverless",
        "columns": {"text": "body", "label": "verdict"},
    }
}


@pytest.fixture
def world() -> Iterator[PreparationWorld]:
    with preparation_world() as made:
        made.rewrite(**SPEC)
        yield made


def zipped() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(zipfile.ZipInfo("xl/workbook.xml"), ROWS)
    return packed.getvalue()


@pytest.mark.parametrize(
    ("name", "body", "said"),
    [
        ("a.csv", zipped(), "its bytes are an Excel file"),
        ("a.csv", gzip.compress(ROWS.encode(), mtime=0), "its bytes are gzip"),
        ("a.csv.gz", ROWS.encode(), "no gzip; the name says .gz"),
        (
            "a.csv.gz",
            gzip.compress(gzip.compress(ROWS.encode(), mtime=0), mtime=0),
            "its bytes are gzip",
        ),
        ("a.jsonl", LINES.encode("utf-16"), "the file seems to be UTF-16"),
        ("a.jsonl", f"[{LINES}]".encode(), "one JSON array"),
        ("a.jsonl", ROWS.encode(), "CSV; name the file .csv"),
        ("a.parquet", gzip.compress(b"", mtime=0), "its bytes are gzip, not Parquet"),
        (
            "a.csv",
            b"text,verdict\na,b\n",
            "it lacks the column 'body': the columns are text, verdict;",
        ),
        ("a.csv", b"text,verdict\na,b\n", "prepare.columns: {text: text, label: verdict}"),
        ("a.csv", b"body;verdict\na;b\n", "it lacks the column 'body'"),
        ("a.csv", b"body,verdict,body\na,b,c\n", "2 columns are called 'body'"),
    ],
)
def test_what_is_no_data_is_refused_and_nothing_is_held(
    world: PreparationWorld, name: str, body: bytes, said: str
) -> None:
    world.put_raw(body, name)

    with pytest.raises(DatasetRejectedError) as caught:
        world.plan()

    assert said in str(caught.value)
    assert f"/{name}: " in str(caught.value)
    assert str(caught.value).endswith("Nothing was spent.")
    assert world.held_usd == 0
    assert world.engine.asked == []


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("a.csv", ROWS.encode()),
        ("a.csv", b"\xef\xbb\xbf\r\n" + ROWS.replace("\n", "\r\n").encode()),
        ("a.csv", f"{ROWS}{'x' * 100_000},y\n".encode()),
        ("a.CSV.gz", gzip.compress(ROWS.encode(), mtime=0)),
        ("a.jsonl", LINES.encode()),
        ("a.ndjson.gz", gzip.compress(LINES.encode() * 10_000, mtime=0)),
        ("a.parquet", b"PAR1 and more"),
        ("a.csv", b"\n\n"),
    ],
)
def test_what_may_be_data_is_let_through(world: PreparationWorld, name: str, body: bytes) -> None:
    world.put_raw(body, name)

    assert world.plan().engine == "emr_serverless"


def with_format(world: PreparationWorld, data_format: str) -> None:
    given = SPEC["prepare"]
    labels = {"x": "one", "y": "other"}
    world.rewrite(prepare={**given, "format": data_format, "labels": labels})


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("x.jsonl", b'{"body": "one", "verdict": "not in the map"}\n'),
        ("README.md", b"# What these files are\n"),
        ("notes.HTML.gz", b"<html>"),
        ("all.parquet.gz", b"no gzip"),
    ],
)
def test_what_the_preparation_passes_over_refuses_nothing(
    world: PreparationWorld, name: str, body: bytes
) -> None:
    with_format(world, "csv")
    world.put_raw(ROWS.encode(), "a.csv")
    world.add_raw(body, name)

    assert world.plan().engine == "emr_serverless"
    # Nor is it priced.
    assert [(one.files, one.stored_bytes) for one in world.engine.asked] == [(1, len(ROWS))]


def test_a_file_whose_name_says_nothing_is_looked_at_as_what_run_yaml_says(
    world: PreparationWorld,
) -> None:
    with_format(world, "csv")
    world.put_raw(b"body,verdict\none text,z\n", "part-0001")
    with pytest.raises(DatasetRejectedError, match=r"part-0001: prepare.labels has nothing for"):
        world.plan()


@pytest.mark.parametrize(
    ("data_format", "name", "said"),
    [
        ("csv", "x.jsonl", "x.jsonl nothing is read: their names say that they are no csv"),
        ("auto", "a.parquet.gz", "nothing is read: by their names they are no CSV"),
    ],
)
def test_files_of_which_none_is_read_are_refused_before_they_cost(
    world: PreparationWorld, data_format: str, name: str, said: str
) -> None:
    with_format(world, data_format)
    world.put_raw(LINES.encode(), name)
    with pytest.raises(DatasetRejectedError) as caught:
        world.plan()
    assert said in str(caught.value)
    assert str(caught.value).endswith("Nothing was spent.")
    assert world.held_usd == 0


def test_a_file_that_is_gone_is_left_to_the_preparation(world: PreparationWorld) -> None:
    world.put_raw(zipped())
    world.run.s3.delete_object(Bucket="data", Key=world.document().raw_files[0].key)

    assert world.plan().engine == "emr_serverless"


def test_of_many_files_the_largest_are_looked_at() -> None:
    sizes = {str(number): number for number in range(1000)}

    assert looked_at(sizes)[0] == "999"
    assert len(looked_at(sizes)) == MOST_LOOKED_AT
    message = said([(str(n), "its bytes are gzip") for n in range(5)], 200, 1000)
    assert message == (
        "prepare: 0: its bytes are gzip; 1: its bytes are gzip; 2: its bytes are gzip. So are 2 "
        "more files. 200 of 1,000 files were looked at. Nothing was spent."
    )
