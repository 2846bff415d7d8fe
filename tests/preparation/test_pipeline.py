"""The whole program on dirty data: what is left, where it lies, and what is said of the rest."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from preparation.thriftline_preparation.errors import PreparationError
from tests.preparation.raw import (
    SETTINGS,
    SPLITS,
    config,
    document,
    prepared,
    removed,
    run,
    texts,
    write,
    write_csv,
    write_dirty,
    write_jsonl,
)

# Of the rows that are made of write_dirty's files, on Spark 3.5 and on 4.
ROWS_SHA256 = "759d334472703c55602cdb56d517b9cbfa33987cc3c02a887c003f393739bdde"
ROOT = Path(__file__).parents[2]

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from preparation.thriftline_preparation.config import Config


class Prepared(NamedTuple):
    wanted: Config
    report: dict[str, Any]
    rows: dict[str, list[tuple[Any, ...]]]


@pytest.fixture(scope="module")
def dirty(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    folder = tmp_path_factory.mktemp("dirty")
    write_dirty(folder)
    wanted = config(folder, **SETTINGS)
    report = run(spark, wanted)
    return Prepared(wanted, report, prepared(wanted))


def test_each_removal_has_its_reason_and_count(dirty: Prepared) -> None:
    assert removed(dirty.report) == {
        "unreadable": 1,
        "missing_column": 1,
        "empty_text": 1,
        "not_a_text": 1,
        "unmapped_label": 1,
        "too_short": 1,
        "exact_duplicate": 30,
        "conflict": 4,
        "near_duplicate": 15,
        "over_quota": 90,
    }


def test_the_stages_account_for_every_row(dirty: Prepared) -> None:
    stages = dirty.report["stages"]

    assert stages[0]["rows_in"] == dirty.report["rows_read"] == 297
    assert [stage["rows_out"] for stage in stages[:-1]] == [
        stage["rows_in"] for stage in stages[1:]
    ]
    for stage in stages:
        assert stage["rows_in"] - stage["rows_out"] == sum(one["rows"] for one in stage["removed"])
    assert stages[-1]["rows_out"] == dirty.report["rows_written"]
    assert dirty.report["rows_written"] == sum(map(len, dirty.rows.values()))


def test_labels_are_those_of_the_map_within_their_quota(dirty: Prepared) -> None:
    every = [label for rows in dirty.rows.values() for _, label in rows]

    assert {label: every.count(label) for label in set(every)} == {"positive": 90, "negative": 62}


def test_each_label_is_split_by_the_fractions(dirty: Prepared) -> None:
    assert dirty.report["labels"] == [
        {"label": "positive", "train": 72, "validation": 9, "test": 9},
        {"label": "negative", "train": 50, "validation": 6, "test": 6},
    ]


def test_personal_data_is_nowhere(dirty: Prepared) -> None:
    every = [text for rows in dirty.rows.values() for text, _ in rows]

    assert [text for text in every if text.startswith("write to <EMAIL> about")]
    for path in Path(dirty.wanted.output).rglob("*"):
        assert not path.is_file() or b"joe" not in path.read_bytes(), path


def test_examples_show_what_was_removed(dirty: Prepared) -> None:
    found = {
        one["reason"]: one["examples"]
        for stage in dirty.report["stages"]
        for one in stage["removed"]
    }

    assert found["too_short"] == [{"text": "short", "label": "positive"}]
    assert found["unreadable"][0]["text"] == '{"body": "half a'
    assert {"copies": 2}.items() <= found["exact_duplicate"][0].items()
    assert len(found["exact_duplicate"]) == 5
    assert found["conflict"][0]["labels"] == ["negative", "positive"]
    near = found["near_duplicate"][0]
    assert near["kept"].lower().split()[:3] == near["text"].lower().split()[:3]
    assert found["over_quota"] == [{"label": "positive", "rows": 180, "kept_rows": 90}]


@pytest.mark.every_spark
def test_every_version_of_spark_gives_the_same_rows_in_the_same_order(dirty: Prepared) -> None:
    assert hashlib.sha256(json.dumps(dirty.rows).encode()).hexdigest() == ROWS_SHA256


def test_the_manifest_lists_every_shard_and_stages_are_gone(dirty: Prepared) -> None:
    manifest = document(dirty.wanted, "manifest.json")
    output = Path(dirty.wanted.output)

    assert manifest["rows"] == {split: len(dirty.rows[split]) for split in SPLITS}
    assert manifest["columns"] == ["text", "label"]
    assert manifest["config_sha256"] == dirty.wanted.sha256
    paths = [file["path"] for file in manifest["files"]]
    assert sorted(paths) == sorted(str(p.relative_to(output)) for p in output.glob("*/*.parquet"))
    assert all(
        (output / file["path"]).stat().st_size == file["bytes"] for file in manifest["files"]
    )
    assert len([path for path in paths if path.startswith("train/")]) == 3
    assert not (output / "_stages").exists()
    assert "<h1>Prepared data of run-1</h1>" in (output / "index.html").read_text()


def test_other_partitions_give_the_same_rows_in_the_same_order(
    spark: SparkSession, tmp_path: Path, dirty: Prepared
) -> None:
    write_dirty(tmp_path)
    wanted = config(tmp_path, **SETTINGS)
    before = spark.conf.get("spark.sql.shuffle.partitions")
    settings = {
        "spark.sql.shuffle.partitions": "1",
        "spark.sql.files.maxPartitionBytes": "2000",
        "spark.sql.files.openCostInBytes": "1",
        "spark.sql.adaptive.enabled": "false",
    }
    for name, value in settings.items():
        spark.conf.set(name, value)
    try:
        report = run(spark, wanted)
    finally:
        for name in settings:
            spark.conf.unset(name)
        spark.conf.set("spark.sql.shuffle.partitions", str(before))

    assert prepared(wanted) == dirty.rows
    same = {**report, "config_sha256": dirty.report["config_sha256"]}
    assert same == dirty.report


def test_pairs_with_copies_that_stay_follow_the_majority_and_lie_in_one_split(
    spark: SparkSession, tmp_path: Path
) -> None:
    rows = [
        {"q": f"question {n}", "a": f"answer {n}", "verdict": "xy"[n % 2]}
        for n in range(20)
        for _ in range(1 + n % 3)
    ]
    # Three copies say y, one says x; another first text makes another pair.
    rows += [{"q": "question 5", "a": "answer 5", "verdict": "x"}]
    rows += [{"q": "another", "a": "answer 5", "verdict": "x"}]
    write(tmp_path, "a.jsonl", "".join(f"{json.dumps(row)}\n" for row in rows))
    wanted = config(
        tmp_path,
        columns={"text": "q", "text_pair": "a", "label": "verdict"},
        exact_duplicates=False,
        conflicts="majority",
    )

    report = run(spark, wanted)

    every = prepared(wanted)
    kept = [row for part in every.values() for row in part]
    assert removed(report) == {"conflict": 1}
    assert sorted(kept) == sorted((*row.values(),) for row in rows if row != rows[-2])
    sides = [{row[:2] for row in part} for part in every.values()]
    assert sum(map(len, sides)) == len(set().union(*sides)) == 21
    assert document(wanted, "manifest.json")["columns"] == ["text", "text_pair", "label"]


def test_an_attempt_before_it_leaves_nothing_behind(spark: SparkSession, tmp_path: Path) -> None:
    """Its documents, its splits, and its files below a source that is the folder of both."""
    write_csv(
        tmp_path, "data [1].csv", [(text, "xy"[n % 2]) for n, text in enumerate(texts(20, 6))]
    )
    for name in ("error.json", "test/old.parquet", "train/old.csv"):
        path = tmp_path / "raw/out [2]" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("of another attempt")
    nothing = {"validation_fraction": 0.0, "test_fraction": 0.0}
    wanted = config(tmp_path, output=str(tmp_path / "raw/out [2]"), split=nothing)

    report = run(spark, wanted)

    assert report["sources"]["files"] == 1
    assert len(prepared(wanted)["train"]) == 20
    left = {path.name for path in Path(wanted.output).iterdir()}
    assert left == {"train", "manifest.json", "preparation.json", "index.html"}


def few(folder: Path) -> None:
    write_jsonl(
        folder,
        "a.jsonl",
        [("the same text", "a"), ("the same text", "b"), ("another text of it", "b")],
    )


def test_a_conflict_is_refused_where_it_is_asked_for(spark: SparkSession, tmp_path: Path) -> None:
    few(tmp_path)

    with pytest.raises(PreparationError) as caught:
        run(spark, config(tmp_path, conflicts="refuse"))

    assert caught.value.code == "conflicts"
    assert "1 of the texts" in caught.value.message
    assert "\u201cthe same text\u201d is a and b" in caught.value.message
    assert not (tmp_path / "out/manifest.json").exists()


def test_labels_left_over_are_refused_with_their_counts(
    spark: SparkSession, tmp_path: Path
) -> None:
    write_csv(tmp_path, "a.csv", [("one", "pos"), ("two", "neutral"), ("three", "neutral"), ("four", "?")])  # noqa: E501  # fmt: skip

    with pytest.raises(PreparationError) as caught:
        run(spark, config(tmp_path, labels={"map": {"pos": "positive"}, "unmapped": "refuse"}))

    assert caught.value.code == "unmapped_labels"
    assert "\u201cneutral\u201d (2 rows), \u201c?\u201d (1 rows)" in caught.value.message


def test_an_empty_result_is_refused_and_says_what_removed_the_rows(
    spark: SparkSession, tmp_path: Path
) -> None:
    write_csv(tmp_path, "a.csv", [("one", "x"), ("two", "x"), ("", "x")])

    with pytest.raises(PreparationError) as caught:
        run(spark, config(tmp_path, filters={"min_characters": 100}))

    assert caught.value.code == "empty"
    assert "of 3 that were read: 2 are too short; 1 have an empty text" in caught.value.message


def test_json_files_without_the_column_are_refused_by_name(
    spark: SparkSession, tmp_path: Path
) -> None:
    write_jsonl(tmp_path, "a.jsonl", [("one", "x")])
    write(tmp_path, "b.jsonl", '{"text": "two", "verdict": "x"}\n')

    with pytest.raises(PreparationError) as caught:
        run(spark, config(tmp_path))

    assert caught.value.code == "columns"
    assert "b.jsonl has no record with all of `body` or `verdict`" in caught.value.message


# In the gate one node is lost, in test_determinism.py.
@pytest.mark.thorough
def test_a_node_that_is_lost_in_each_stage_changes_nothing(tmp_path: Path, dirty: Prepared) -> None:
    """Two executors of their own; one is killed while each stage is written, and the shards."""
    write_dirty(tmp_path)
    program = [sys.executable, "-m", "tests.preparation.lost_nodes", str(tmp_path)]

    ended = subprocess.run(program, cwd=ROOT, capture_output=True, text=True)

    assert ended.returncode == 0, ended.stderr[-3000:]
    assert int(ended.stdout.split()[-1]) >= 8
    assert prepared(config(tmp_path, **SETTINGS)) == dirty.rows
