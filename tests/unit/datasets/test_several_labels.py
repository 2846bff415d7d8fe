"""Several labels a record: lists in every format, checked, counted, split and prepared."""

import io
import json
from collections import Counter
from collections.abc import Sequence
from itertools import accumulate
from typing import Any

import pytest
from arro3.core import Array, DataType, Table, list_array
from arro3.io import write_parquet
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.datasets.data_sets import (
    finding,
    jsonl,
    lines_of,
    prepare,
    validate,
    validate_in_ranges,
)
from thriftline.datasets.engine.reporting import rejection_message
from thriftline.datasets.engine.splitting import NAMES, Shares
from thriftline.datasets.engine.strata import strata_of_sets
from thriftline.datasets.reports.dataset_page import dataset_page

Labels = Sequence[str]
SETS: tuple[Labels, ...] = (("red",), ("blue",), ("red", "blue"), ())


def records(count: int, sets: Sequence[Labels] = SETS) -> list[tuple[str, list[str]]]:
    return [(f"text number {i}", list(sets[i % len(sets)])) for i in range(count)]


def csv_lists(rows: list[tuple[str, list[str]]], separator: str = ";") -> bytes:
    lines = [f"{text},{separator.join(labels)}" for text, labels in rows]
    return "\n".join(["text,label", *lines]).encode()


def list_column(values: Array, sizes: list[int]) -> Array:
    offsets = [0, *accumulate(sizes)]
    return list_array(Array(offsets, type=DataType.int32()), values)


def parquet_lists(rows: list[tuple[str, list[str]]]) -> bytes:
    names = [label for _, labels in rows for label in labels]
    table = Table.from_pydict(
        {
            "text": Array([text for text, _ in rows], type=DataType.utf8()),
            "label": list_column(Array(names, type=DataType.utf8()), [len(one) for _, one in rows]),
        }
    )
    file = io.BytesIO()
    write_parquet(table, file, max_row_group_size=16)
    return file.getvalue()


def lists(name: str, rows: list[tuple[str, list[str]]]) -> bytes:
    if name.endswith(".csv"):
        return csv_lists(rows)
    return parquet_lists(rows) if name.endswith(".parquet") else jsonl(rows)


SEVERAL: dict[str, Any] = {"multi_label": True, "label_separator": ";"}


@pytest.mark.parametrize("name", ["a.jsonl", "a.csv", "a.parquet"])
def test_every_format_says_the_same_of_lists_of_labels(name: str) -> None:
    data = lists(name, records(120))

    report = validate({name: data}, **SEVERAL)

    assert report.verdict == "accepted"
    assert report.labels == {"blue": 60, "red": 60}
    assert report.label_sets is not None
    assert report.label_sets.distinct == 4
    assert report.label_sets.labels_per_row == 1
    assert report.label_sets.rows_by_size == {0: 30, 1: 60, 2: 30}
    assert report.label_sets.most_frequent[0].rows == 30
    assert sum(report.splits.values()) == 120


@pytest.mark.parametrize("name", ["a.jsonl", "a.csv", "a.parquet"])
def test_ranges_and_one_pass_agree_on_lists_of_labels(name: str) -> None:
    rows = records(200, (*SETS, ("green", "red"))) + records(7)
    data = lists(name, rows)

    merged, plan = validate_in_ranges({name: data}, 500, **SEVERAL)

    assert merged == validate({name: data}, **SEVERAL)
    assert len(plan.ranges) > 2


@pytest.mark.parametrize("name", ["a.jsonl", "a.csv", "a.parquet"])
def test_what_is_prepared_is_what_training_reads_and_what_the_report_says(name: str) -> None:
    data = lists(name, records(120, (("red", "blue"), ("blue",), ())))

    splits = prepare({name: data}, 700, **SEVERAL)
    report = validate({name: data}, **SEVERAL)

    record = next(one for one in splits["train"] if one["labels"])
    assert set(record) == {"id", "text", "labels"}
    assert all(one["labels"] == sorted(set(one["labels"])) for one in splits["train"])
    for split in NAMES:
        found = splits[split]
        assert report.splits[split] == len(found)
        counted = Counter(label for one in found for label in one["labels"])
        assert report.split_labels[split] == counted


def test_rare_combinations_come_into_every_split() -> None:
    rare = [(f"rare {i}", ["red", "green"]) for i in range(20)]
    rows = records(400, (("red",), ("green",), ())) + rare

    splits = prepare({"a.jsonl": jsonl(rows)}, **SEVERAL)

    together = {
        split: sum(one["labels"] == ["green", "red"] for one in found)
        for split, found in splits.items()
    }
    assert together == {"train": 16, "validation": 2, "test": 2}


def test_sets_that_are_too_rare_to_be_split_go_by_their_rarest_label() -> None:
    rows = {'["a","c"]': 1, '["a"]': 50, '["b","c"]': 2, '["c"]': 4, "[]": 30}
    classes = sorted(rows)

    strata = strata_of_sets(classes, rows, Shares(0.1, 0.1))

    groups = dict(zip(classes, strata.of_class.tolist(), strict=True))
    assert groups['["a","c"]'] == groups['["c"]'] != groups['["b","c"]']
    assert len({groups['["a"]'], groups["[]"], groups['["c"]'], groups['["b","c"]']}) == 4


@settings(max_examples=20, deadline=None)
@given(
    st.lists(st.sets(st.sampled_from("abcde")), min_size=20, max_size=150),
    st.integers(0, 2**32 - 1),
)
def test_no_row_is_lost_and_the_order_changes_nothing(sets: list[set[str]], seed: int) -> None:
    rows = [(f"text {i}", sorted(found)) for i, found in enumerate(sets)]
    backward = [(text, labels[::-1]) for text, labels in rows[::-1]]
    report = validate({"a.jsonl": jsonl(rows)}, seed=seed, **SEVERAL)
    again = validate({"a.jsonl": jsonl(backward)}, seed=seed, **SEVERAL)

    assert report.split_labels == again.split_labels
    if report.verdict == "rejected":
        return
    splits = prepare({"a.jsonl": jsonl(rows)}, seed=seed, **SEVERAL)
    found = sorted(one["text"] for split in splits.values() for one in split)
    assert found == sorted(text for text, _ in rows)
    trained = {label for one in splits["train"] for label in one["labels"]}
    assert trained == {label for labels in sets for label in labels}


@pytest.mark.parametrize(
    ("value", "code", "rule"),
    [
        ("red", "unsupported_value_type", "columns.label_separator"),
        (3, "unsupported_value_type", "a number where a list"),
        (None, "missing_label", None),
        ([None], "unsupported_value_type", "not every label"),
        ([["red"]], "unsupported_value_type", "not every label"),
        ([1.5], "unsupported_value_type", "not every label"),
        ([""], "missing_label", "blank"),
        (["x" * 300], "over_long_label", "256"),
    ],
)
def test_what_is_no_list_of_labels_is_named_by_line_and_rule(
    value: object, code: str, rule: str | None
) -> None:
    data = jsonl([*records(60), ("odd", value)])

    report = validate({"a.jsonl": data}, multi_label=True)

    place = finding(report, code).places[0]
    assert (place.line, place.field) == (61, "label")
    assert (rule or "") in str(place.rule)


def test_a_list_in_a_task_of_one_label_says_which_task_takes_it() -> None:
    report = validate({"a.jsonl": jsonl(records(60))})

    assert "multi-label-classification" in str(
        finding(report, "unsupported_value_type").places[0].rule
    )


def test_a_list_that_is_written_as_text_is_refused() -> None:
    data = b"text,label\nabc,\"['red']\"\n" + csv_lists(records(60))[len(b"text,label\n") :]

    report = validate({"a.csv": data}, **SEVERAL)

    assert "written as text" in str(finding(report, "unsupported_value_type").places[0].rule)


def test_numbers_in_lists_are_names_and_true_is_not_1() -> None:
    rows: list[tuple[str, object]] = [(f"t {i}", [1, 2] if i % 2 else [True]) for i in range(60)]

    report = validate({"a.jsonl": jsonl(rows)}, multi_label=True)

    assert set(report.labels) == {"1", "2", "true"}
    assert "mixed_label_types" in report.codes


def test_a_label_named_twice_counts_once() -> None:
    rows = [*records(60), ("twice", ["red", "red"])]

    report = validate({"a.jsonl": jsonl(rows)}, **SEVERAL)

    assert lines_of(report, "repeated_label") == [61]
    assert report.labels["red"] == 31


def test_the_same_text_with_other_labels_contradicts_and_in_another_order_repeats() -> None:
    rows = records(400)
    rows += [(rows[2][0], ["blue", "red"]), (rows[0][0], ["blue"])]

    report = validate({"a.jsonl": jsonl(rows)}, **SEVERAL)

    assert lines_of(report, "exact_duplicate") == [401]
    assert lines_of(report, "conflicting_labels") == [1, 402]


def test_a_label_that_is_only_tested_is_refused() -> None:
    files = {
        "train.jsonl": jsonl(records(100)),
        "test.jsonl": jsonl([(f"t {i}", ["green", "red"]) for i in range(30)]),
    }

    report = validate(files, **SEVERAL)

    assert "green (30)" in rejection_message(report)


def test_labels_in_sets_are_checked_like_single_ones() -> None:
    rows = records(120, (("billing", "refund"), ("biling",), ("refund", "nan")))

    report = validate({"a.jsonl": jsonl(rows)}, **SEVERAL)

    assert finding(report, "labels_one_edit_apart").detail == "“biling” (40) and “billing” (40)"
    assert finding(report, "label_like_missing_value").detail == "nan (40)"


def test_too_many_sets_and_too_many_labels_are_refused() -> None:
    sets = [(f"label {i % 30:02d}", f"other {i // 30:02d}") for i in range(300)]
    data = jsonl(records(600, sets))

    assert "too_many_label_sets" in validate({"a.jsonl": data}, max_label_sets=99, **SEVERAL).codes
    assert "too_many_labels" in validate({"a.jsonl": data}, max_labels=20, **SEVERAL).codes


def test_a_repeated_header_is_found_among_lists_too() -> None:
    data = csv_lists(records(40)) + b"\n" + csv_lists(records(80)[40:])

    assert lines_of(validate({"a.csv": data}, **SEVERAL), "repeated_header") == [42]


def test_class_numbers_in_lists_get_the_schemas_names() -> None:
    names = {"names": ["red", "blue"], "_type": "ClassLabel"}
    info = {"info": {"features": {"label": {"feature": names, "_type": "Sequence"}}}}
    table = Table.from_pydict(
        {
            "text": Array([f"t {i}" for i in range(60)], type=DataType.utf8()),
            "label": list_column(Array([0, 1, 1] * 30, type=DataType.int64()), [2, 1] * 30),
        }
    )
    file = io.BytesIO()
    write_parquet(table, file, key_value_metadata={"huggingface": json.dumps(info)})

    assert validate({"a.parquet": file.getvalue()}, **SEVERAL).labels == {"blue": 60, "red": 30}


def test_the_page_shows_which_labels_come_together() -> None:
    page = dataset_page(validate({"a.jsonl": jsonl(records(120))}, **SEVERAL), "run")

    assert "Sets of labels that rows have" in page
    assert "blue + red" in page
    assert "(no label)" in page
    assert "1.00 labels on average" in page
