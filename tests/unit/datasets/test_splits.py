"""How one set of files is split, and what files that are splits already are checked for."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.datasets.data_sets import (
    csv_file,
    finding,
    jsonl,
    lines_of,
    parquet,
    prepare,
    rows,
    validate,
)
from thriftline.datasets.engine.splitting import Shares


def texts(records: list[dict[str, str]]) -> set[str]:
    return {record["text"] for record in records}


def test_the_split_is_exact_for_each_label() -> None:
    records = [(f"a{i}", "rare") for i in range(30)] + [(f"b{i}", "usual") for i in range(170)]

    splits = prepare({"a.jsonl": jsonl(records)}, validation_fraction=0.1, test_fraction=0.2)

    counts = {split: Counter(r["label"] for r in found) for split, found in splits.items()}
    assert counts["test"] == {"rare": 6, "usual": 34}
    assert counts["validation"] == {"rare": 3, "usual": 17}
    assert counts["train"] == {"rare": 21, "usual": 119}


def test_the_report_says_what_is_prepared() -> None:
    files = {"a.jsonl": jsonl(rows(123, ("a", "b", "c")) + rows(20, ("a", "b", "c")))}

    report, splits = validate(files), prepare(files)

    assert report.splits == {split: len(found) for split, found in splits.items()}
    assert report.split_labels["train"] == Counter(r["label"] for r in splits["train"])
    assert report.split_origins["test"] == "cut"


@settings(max_examples=15, deadline=None)
@given(st.integers(12, 200), st.integers(0, 2**32 - 1), st.integers(50, 2000))
def test_no_text_is_in_two_splits_and_none_is_lost(count: int, seed: int, size: int) -> None:
    files = {"a.csv": csv_file(rows(count)), "b.jsonl": jsonl(rows(count + 5))}

    splits = prepare(files, size, seed=seed)

    found = [text for split in splits.values() for text in texts(split)]
    assert sorted(found) == sorted({text for text, _ in rows(count + 5)})
    assert all(len(texts(split)) == len(split) for split in splits.values())


@pytest.mark.parametrize("size", [150, 1 << 30])
def test_the_split_depends_on_texts_and_seed_alone(size: int) -> None:
    records = rows(200)
    forward = prepare({"a.jsonl": jsonl(records)}, size)
    backward = prepare({"b.csv": csv_file(records[::-1])}, size)
    columnar = prepare({"c.parquet": parquet(records[50:] + records[:50], 20)}, size)
    other = prepare({"a.jsonl": jsonl(records)}, size, seed=7)

    for split in forward:
        assert texts(forward[split]) == texts(backward[split]) == texts(columnar[split])
    assert texts(forward["test"]) != texts(other["test"])


def test_new_rows_move_few_of_the_old_ones() -> None:
    before = prepare({"a.jsonl": jsonl(rows(1000))})
    after = prepare({"a.jsonl": jsonl(rows(1020))})

    moved = texts(before["test"]) - texts(after["test"])
    assert len(moved) <= 10


def test_shards_are_canonical_and_ids_name_the_line() -> None:
    records = [(f"é{i}\n", i % 2) for i in range(20)]

    splits = prepare({"a.jsonl": b"\n" + jsonl(records)}, 150)

    found = {record["id"]: record for split in splits.values() for record in split}
    assert found["a.jsonl:2"] == {"id": "a.jsonl:2", "text": "é0\n", "label": "0"}
    assert len(found) == 20


def test_pairs_are_prepared_with_both_texts() -> None:
    lines = "\n".join(f"{'yes' if i % 2 else 'no'},left {i},right {i}" for i in range(20))

    splits = prepare(
        {"a.csv": f"gold,a,b\n{lines}\n".encode()},
        text_column="a",
        text_pair_column="b",
        label_column="gold",
    )

    record = splits["train"][0]
    assert record["text_pair"] == record["text"].replace("left", "right")


def test_repeated_rows_are_a_warning_and_left_out_once_only() -> None:
    records = rows(40)
    files = {"a.jsonl": jsonl(records + records[:3] + records[:1])}

    report, splits = validate(files), prepare(files)

    assert report.verdict == "accepted_with_warnings"
    assert finding(report, "exact_duplicate").count == 4
    assert lines_of(report, "exact_duplicate") == [41, 42, 43, 44]
    assert sum(len(split) for split in splits.values()) == 40
    assert "a.jsonl:1" in {r["id"] for split in splits.values() for r in split}


def test_one_text_with_two_labels_is_an_error_where_it_is_not_rare() -> None:
    report = validate({"a.jsonl": jsonl([*rows(40), ("text number 0", "no")])})

    conflict = finding(report, "conflicting_labels")
    assert report.verdict == "rejected"
    assert conflict.severity == "error"
    assert [place.line for place in conflict.places] == [1, 41]


def test_a_few_contradicting_rows_are_all_left_out() -> None:
    files = {"a.jsonl": jsonl([*rows(400), ("text number 0", "no")])}

    report, splits = validate(files), prepare(files)

    assert finding(report, "conflicting_labels").severity == "warning"
    assert report.verdict == "accepted_with_warnings"
    assert "text number 0" not in {text for split in splits.values() for text in texts(split)}


def test_files_named_as_splits_are_kept_as_they_are() -> None:
    records = rows(60)
    files = {
        "train.jsonl": jsonl(records[:40]),
        "validation-1.csv": csv_file(records[40:50]),
        "test.parquet": parquet(records[50:]),
    }

    report, splits = validate(files), prepare(files)

    assert report.verdict == "accepted"
    assert report.splits == {"train": 40, "validation": 10, "test": 10}
    assert texts(splits["test"]) == {text for text, _ in records[50:]}
    assert set(report.split_origins.values()) == {"files"}


def test_a_split_that_no_file_brings_is_cut_from_the_training_rows() -> None:
    files = {"train.jsonl": jsonl(rows(100)), "test.jsonl": jsonl([("x", "yes"), ("y", "no")])}

    report = validate(files, validation_fraction=0.2)

    assert report.splits == {"train": 80, "validation": 20, "test": 2}
    assert report.split_origins == {"train": "files", "validation": "cut", "test": "files"}


def test_leakage_between_splits_is_an_error_with_the_training_lines() -> None:
    records = rows(60)
    files = {"train.jsonl": jsonl(records[:50]), "test.jsonl": jsonl(records[48:])}

    report = validate(files)

    leak = finding(report, "split_leakage")
    assert report.verdict == "rejected"
    assert leak.count == 2
    assert [(place.file, place.line) for place in leak.places] == [
        ("train.jsonl", 49),
        ("train.jsonl", 50),
    ]


def test_a_little_leakage_is_taken_out_of_the_training_rows() -> None:
    records = rows(900)
    files = {"train.jsonl": jsonl(records[:500]), "test.jsonl": jsonl(records[498:])}

    report, splits = validate(files), prepare(files)

    assert finding(report, "split_leakage").severity == "warning"
    assert not texts(splits["train"]) & texts(splits["test"])
    assert len(splits["test"]) == 402


def test_a_label_without_enough_texts_is_too_rare_to_split() -> None:
    report = validate({"a.jsonl": jsonl([*rows(40), ("x", "odd"), ("x", "odd"), ("y", "odd")])})

    assert report.verdict == "rejected"
    assert finding(report, "label_too_rare").detail == "odd (2); at least 3 are needed"


def test_one_label_is_not_enough() -> None:
    assert "too_few_labels" in validate({"a.jsonl": jsonl(rows(20, ("only",)))}).codes


def test_more_labels_than_the_limit_are_refused_and_not_listed() -> None:
    report = validate({"a.jsonl": jsonl([(f"t{i}", f"l{i}") for i in range(50)])}, max_labels=20)

    assert report.codes == ["too_many_labels"]
    assert report.labels == {}


def test_uneven_labels_are_a_warning() -> None:
    records = [(f"t{i}", "rare" if i < 3 else "usual") for i in range(200)]

    report = validate({"a.jsonl": jsonl(records)})

    assert report.verdict == "accepted_with_warnings"
    assert "197" in str(finding(report, "label_imbalance").detail)


def test_labels_that_differ_in_case_only_are_a_warning() -> None:
    report = validate({"a.jsonl": jsonl(rows(40, ("Yes", "yes ", "no")))})

    assert finding(report, "similar_labels").detail == "“Yes” (14) and “yes␠” (13)"


def test_a_label_that_is_only_tested_is_refused() -> None:
    files = {"train.jsonl": jsonl(rows(40)), "test.jsonl": jsonl([("x", "new"), ("y", "no")])}

    report = validate(files)

    assert finding(report, "label_not_in_train").detail == "new (1)"
    assert finding(report, "label_missing_in_split").detail == "test: yes (20)"


def test_test_files_alone_cannot_be_trained_on() -> None:
    assert "train_split_missing" in validate({"test.jsonl": jsonl(rows(40))}).codes


def test_a_file_without_a_split_beside_files_with_one_is_a_warning() -> None:
    files = {"train.jsonl": jsonl(rows(40)), "tset.jsonl": jsonl([("x", "yes"), ("y", "no")])}

    report = validate(files)

    assert [place.file for place in finding(report, "unassigned_file").places] == ["tset.jsonl"]


def test_a_file_of_another_type_is_refused() -> None:
    report = validate({"a.jsonl": jsonl(rows(20)), "b.xlsx": b"PK"})

    assert [p.file for p in finding(report, "unsupported_file_type").places] == ["b.xlsx"]


@given(st.integers(0, 10_000), st.floats(0, 0.45), st.floats(0, 0.45))
def test_every_label_keeps_a_text_to_train_on(count: int, test: float, validation: float) -> None:
    sizes = Shares(validation=validation, test=test).sizes(count)

    assert min(sizes) >= 0
    assert sum(sizes) < count or sum(sizes) == count == 0
    if count >= 3 and test > 0 and validation > 0:
        assert min(sizes) >= 1
