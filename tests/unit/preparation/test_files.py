"""Which files are data, where they lie, and what is said of a damaged one."""

import pytest

from preparation.thriftline_preparation.lengths import percentiles
from preparation.thriftline_preparation.listing import kind_of
from preparation.thriftline_preparation.main import unreadable
from preparation.thriftline_preparation.places import Places


@pytest.mark.parametrize(
    ("name", "format_", "kind"),
    [
        ("s3://b/a.csv", "auto", ("csv", False)),
        ("s3://b/a.CSV.GZ", "auto", ("csv", True)),
        ("s3://b/a.jsonl", "auto", ("jsonl", False)),
        ("s3://b/a.ndjson.gz", "auto", ("jsonl", True)),
        ("s3://b/a.parquet", "auto", ("parquet", False)),
        ("s3://b/a.parquet.gz", "auto", (None, True)),
        ("s3://b/run.yaml", "auto", (None, False)),
        ("s3://b/csv", "auto", (None, False)),
        ("s3://b/part-0000", "csv", ("csv", False)),
        ("s3://b/a.txt.gz", "jsonl", ("jsonl", True)),
        ("s3://b/a.parquet", "csv", (None, False)),
        ("s3://b/run.yaml", "csv", (None, False)),
    ],
)
def test_a_name_says_what_a_file_is(name: str, format_: str, kind: tuple[str | None, bool]) -> None:
    assert kind_of(name, format_) == kind


def test_below_a_root_an_object_is_a_file() -> None:
    places = Places("/mirror")

    assert places.resolved("s3://bucket/a/b.csv") == "/mirror/bucket/a/b.csv"
    assert places.resolved("/data/b.csv") == "/data/b.csv"
    assert places.as_given("file:///mirror/bucket/a/b.csv") == "s3://bucket/a/b.csv"
    assert places.as_given("file:/elsewhere/b.csv") == "/elsewhere/b.csv"


def test_without_a_root_an_object_is_for_spark() -> None:
    places = Places()

    assert places.resolved("s3://bucket/a.csv") == "s3://bucket/a.csv"
    assert places.as_given("s3://bucket/a.csv") == "s3://bucket/a.csv"
    assert places.resolved("file:///data/a.csv") == "/data/a.csv"


def test_a_damaged_file_is_named_as_it_was_given() -> None:
    fault = unreadable(
        "Task failed: java.lang.RuntimeException: file:/mirror/b/x.parquet is not a Parquet file.",
        Places("/mirror"),
    )

    assert fault is not None
    assert fault.code == "unreadable"
    assert fault.message.startswith("s3://b/x.parquet: ")


def test_what_is_denied_may_be_a_source_or_the_output() -> None:
    denied = "com.amazonaws.services.s3.model.AmazonS3Exception: Access Denied (403)"
    fault = unreadable(f"{denied} s3://out/run/train/part-0.parquet", Places())

    assert fault is not None
    assert fault.message.startswith("s3://out/run/train/part-0.parquet: access is denied.")
    assert "to write its output" in fault.message
    unnamed = unreadable(denied, Places())
    assert unnamed is not None
    assert unnamed.message.startswith("a source, or the output: ")


def test_a_lost_executor_is_no_damaged_file() -> None:
    assert unreadable("ExecutorLostFailure (executor 1 exited)", Places()) is None


def test_percentiles_are_those_of_the_nearest_rank() -> None:
    assert percentiles(dict.fromkeys(range(1, 101), 1)) == {
        "least": 1, "p5": 5, "p50": 50, "p95": 95, "p99": 99, "most": 100,
    }  # fmt: skip
    assert percentiles({7: 3}) == {"least": 7, "p5": 7, "p50": 7, "p95": 7, "p99": 7, "most": 7}
