"""The whole program on dirty data: what is left, where it lies, and what is said of the rest."""

from __future__ import annotations

import random
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from preparation.thriftline_preparation.errors import PreparationError
from tests.preparation.raw import (
    SPLITS,
    config,
    document,
    prepared,
    removed,
    run,
    write,
    write_csv,
    write_jsonl,
)

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from preparation.thriftline_preparation.config import Config

EMAIL = {
    "name": "email",
    "regex": r"@[A-Za-z0-9-]+\.[a-z]+",
    "lead": "[A-Za-z0-9.]+",
    "replacement": "<EMAIL>",
}
WORDS = [f"word{number}" for number in range(2000)]


def texts(count: int, seed: int) -> list[str]:
    chosen = random.Random(seed)
    return [" ".join(chosen.choices(WORDS, k=12)) for _ in range(count)]


class Prepared(NamedTuple):
    wanted: Config
    report: dict[str, Any]
    rows: dict[str, list[tuple[Any, ...]]]


SETTINGS: dict[str, Any] = {
    "labels": {"map": {"pos": "positive", "neg": "negative"}, "unmapped": "drop"},
    "filters": {"min_characters": 10},
    "near_duplicates": {"threshold": 0.8},
    "redact": ["email"],
    "patterns": [EMAIL],
    "balance": {"max_per_label": 90},
    "max_rows_per_shard": 60,
}


def write_dirty(folder: Path) -> None:
    """240 good texts of two labels, one of them three times as frequent, and all that is wrong."""
    good = texts(240, seed=1)
    spellings = ["pos", "POS ", "Positive", "neg"]
    rows = [(text, spellings[number % 4]) for number, text in enumerate(good)]
    write_csv(folder, "a.csv", [*rows[:120], *rows[:30]])
    edited = [(f"{text} indeed", label) for text, label in rows[200:210]]
    shouted = [(f"  {text.upper()}", label) for text, label in rows[210:215]]
    write_jsonl(folder, "sub/b.jsonl.gz", [*rows[120:], *edited, *shouted])
    conflict = texts(2, seed=2)
    write_jsonl(
        folder,
        "c.jsonl",
        [
            (conflict[0], "pos"), (conflict[0], "neg"),
            (conflict[1], "pos"), (f"{conflict[1]} too", "neg"),
            ("short", "pos"), ("", "pos"), (5, "pos"), (texts(1, seed=3)[0], "neutral"),
            ("write to joe.doe@example.com about " + texts(1, seed=4)[0], "neg"),
        ],
    )  # fmt: skip
    write(folder, "d.jsonl", '{"body": "half a\n{"body": "no label here"}\n{"body": "a whole text of it", "verdict": "neg"}\n')  # noqa: E501  # fmt: skip


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
    assert "176" not in (output / "index.html").read_text()[:50]
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


def few(folder: Path) -> None:
    write_jsonl(
        folder,
        "a.jsonl",
        [
            ("the same text", "a"), ("the same text", "a"), ("the same text", "b"),
            ("another text of it", "b"), ("one more text", "a"), ("and yet another", "b"),
        ],
    )  # fmt: skip


def test_of_a_conflict_the_majority_stays(spark: SparkSession, tmp_path: Path) -> None:
    few(tmp_path)
    wanted = config(tmp_path, conflicts="majority")

    report = run(spark, wanted)

    every = dict(row for rows in prepared(wanted).values() for row in rows)
    assert every["the same text"] == "a"
    assert removed(report) == {"exact_duplicate": 1, "conflict": 1}
    assert report["rows_written"] == 4


def test_a_conflict_is_refused_where_it_is_asked_for(spark: SparkSession, tmp_path: Path) -> None:
    few(tmp_path)

    with pytest.raises(PreparationError) as caught:
        run(spark, config(tmp_path, conflicts="refuse"))

    assert caught.value.code == "conflicts"
    assert "1 of the texts" in caught.value.message
    assert "\u201cthe same text\u201d is a and b" in caught.value.message
    assert not (tmp_path / "out/manifest.json").exists()


def test_exact_duplicates_that_stay_lie_in_one_split(spark: SparkSession, tmp_path: Path) -> None:
    rows = [
        (text, "ab"[number % 2]) for number, text in enumerate(texts(40, seed=5)) for _ in "123"
    ]
    write_csv(tmp_path, "a.csv", [*rows, *[(f"{text}", label) for text, label in rows[:0]]])
    wanted = config(tmp_path, exact_duplicates=False, conflicts="majority")

    report = run(spark, wanted)

    sides = [{text for text, _ in part} for part in prepared(wanted).values()]
    assert report["rows_written"] == len(rows)
    assert sum(map(len, sides)) == len(set().union(*sides))


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


def test_languages_are_judged_where_asked(spark: SparkSession, tmp_path: Path) -> None:
    english = [
        "This is a plain sentence in the English language.",
        "We would like to know how much it costs.",
        "They went to the house and closed the door behind them.",
        "Nobody knows what the weather will be like tomorrow.",
    ]
    german = ["Das ist ein einfacher Satz in der deutschen Sprache.", "Wir gehen morgen ins Kino."]
    write_csv(tmp_path, "a.csv", [(text, "x") for text in (*english, *german)])
    wanted = config(tmp_path, filters={"languages": ["en"]})

    report = run(spark, wanted)

    assert removed(report) == {"other_language": 2}
    with pytest.raises(PreparationError, match="`xx`, which py3langid does not know"):
        run(spark, config(tmp_path, filters={"languages": ["xx"]}))


def test_pairs_are_kept_together(spark: SparkSession, tmp_path: Path) -> None:
    lines = [f'{{"q": "question {n}", "a": "answer {n}", "verdict": "{"xy"[n % 2]}"}}\n' for n in range(20)]  # noqa: E501  # fmt: skip
    write(tmp_path, "a.jsonl", "".join([*lines, *lines[:5]]))
    columns = {"text": "q", "text_pair": "a", "label": "verdict"}
    wanted = config(tmp_path, columns=columns)

    report = run(spark, wanted)

    every = [row for rows in prepared(wanted).values() for row in rows]
    assert removed(report) == {"exact_duplicate": 5}
    assert all(pair == text.replace("question", "answer") for text, pair, _ in every)
    assert document(wanted, "manifest.json")["columns"] == ["text", "text_pair", "label"]
