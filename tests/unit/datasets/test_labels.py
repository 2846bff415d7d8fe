"""Classes that nobody meant are kept apart, and reported with the pair."""

import io
import json

import pytest
from arro3.core import Array, DataType, Table
from arro3.io import write_parquet
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.datasets.data_sets import (
    csv_file,
    finding,
    jsonl,
    lines_of,
    parquet,
    rows,
    validate,
    validate_in_ranges,
    written,
)
from thriftline.datasets.engine.label_checks import look_of, one_edit_apart
from thriftline.datasets.engine.reporting import rejection_message
from thriftline.datasets.shown import Masks, visible


@pytest.mark.parametrize("name", ["nan", "None", "NULL", "N/A", "\\N", "<NA>", "NaN "])
def test_labels_that_look_like_missing_values_are_a_warning(name: str) -> None:
    report = validate({"a.jsonl": jsonl(rows(60, ("pos", "neg", name)))})

    assert report.verdict == "accepted_with_warnings"
    assert "(20)" in str(finding(report, "label_like_missing_value").detail)
    assert name in report.labels


@pytest.mark.parametrize(
    ("first", "second", "shown"),
    [
        ("1", "1.0", "“1” (20) and “1.0” (20)"),
        ("01", "1", "“01” (20) and “1” (20)"),
        ("café", "cafe\u0301", "“cafe⟨U+0301⟩” (20) and “caf⟨U+00E9⟩” (20)"),
        ("pos", "po\u200bs", "“pos” (20) and “po⟨U+200B⟩s” (20)"),
        ("pos", "\uff50os", "“pos” (20) and “\uff50os” (20)"),
        ("pos", " pos", "“␠pos” (20) and “pos” (20)"),
        ("not_spam", "Not spam", "“Not spam” (20) and “not_spam” (20)"),
        ("a b", "a\u00a0b", "“a b” (20) and “a⟨U+00A0⟩b” (20)"),
    ],
)
@pytest.mark.parametrize("name", ["a.jsonl", "a.csv", "a.parquet"])
def test_labels_that_look_the_same_are_shown_as_a_pair(
    first: str, second: str, shown: str, name: str
) -> None:
    report = validate({name: written(name, rows(60, (first, second, "other thing")))})

    assert finding(report, "similar_labels").detail == shown
    assert set(report.labels) == {first, second, "other thing"}


def test_a_label_one_edit_apart_is_shown_with_the_pair() -> None:
    records = rows(60, ("billing", "refunds")) + [(f"odd {i}", "biling") for i in range(6)]

    report = validate({"a.csv": csv_file(records)})

    assert report.verdict == "accepted_with_warnings"
    assert finding(report, "labels_one_edit_apart").detail == "“biling” (6) and “billing” (30)"


@pytest.mark.parametrize(
    ("first", "second", "apart"),
    [
        ("billing", "biling", True),
        ("billing", "billnig", True),
        ("billing", "bilking", True),
        ("billing", "billings", True),
        ("billing", "bilnng", False),
        ("class1", "class2", False),
        ("level 1", "level 10", False),
        ("cat", "car", False),
    ],
)
def test_one_edit_is_one_letter(first: str, second: str, apart: bool) -> None:
    assert one_edit_apart([first, second]) == ([sorted((first, second))] if apart else [])


@given(st.text("ab", min_size=4, max_size=9), st.text("ab", min_size=4, max_size=9))
def test_one_edit_apart_is_what_the_definition_says(first: str, second: str) -> None:
    def edits(word: str) -> set[str]:
        cuts = [(word[:i], word[i:]) for i in range(len(word) + 1)]
        return {
            *(a + b[1:] for a, b in cuts if b),
            *(a + letter + b[1:] for a, b in cuts if b for letter in "ab"),
            *(a + letter + b for a, b in cuts for letter in "ab"),
            *(a + b[1] + b[0] + b[2:] for a, b in cuts if len(b) > 1),
        }

    found = one_edit_apart({first, second})

    assert bool(found) == (first != second and second in edits(first))


@given(st.text(max_size=12))
def test_every_label_has_a_look_and_can_be_shown(name: str) -> None:
    assert look_of(name) == look_of(name)
    assert not any(mark < " " for mark in visible(name))
    assert "\u202e" not in Masks().show(name)


@pytest.mark.parametrize("mark", ["\x00", "\n", "\x1b", "\u202e", "\u2028", "\x7f"])
def test_control_characters_in_a_label_are_refused_and_made_visible(mark: str) -> None:
    report = validate({"a.jsonl": jsonl(rows(60, ("pos", f"neg{mark}")))})

    assert report.verdict == "rejected"
    assert mark not in rejection_message(report)
    assert "neg" in str(finding(report, "unprintable_label").detail)


def test_decimals_as_classes_are_a_warning() -> None:
    report = validate({"a.csv": csv_file(rows(60, ("0.5", "1.5", "2.0")))})

    assert "0.5 (20)" in str(finding(report, "decimal_labels").detail)


def test_labels_after_a_padded_header_keep_their_space_and_it_is_seen() -> None:
    lines = [f"text {i}, {'pos' if i % 2 else 'neg'}" for i in range(60)]

    report = validate({"a.csv": "\n".join(["text, label", *lines]).encode()})

    assert finding(report, "padded_label").detail == "␠neg (30), ␠pos (30)"


@pytest.mark.parametrize("name", ["a.csv", "test.csv", "a.jsonl", "a.parquet"])
def test_a_header_among_the_rows_is_named_by_its_line(name: str) -> None:
    records = [*rows(30), ("text", "label"), *rows(60)[30:]]
    data = written(name, records)

    report = validate({name: data, "train.csv": csv_file(rows(200))})

    line = 32 if name.endswith("csv") else 31
    assert lines_of(report, "repeated_header") == [line]
    assert report.verdict == "rejected"


@pytest.mark.parametrize(
    "header",
    [
        "\ufefftext,label",
        "Text,Label",
        "text , label",
    ],
)
def test_a_header_among_the_rows_is_found_as_other_programs_write_it(header: str) -> None:
    lines = [f"{text},{label}" for text, label in rows(60)]
    data = "\n".join(["text,label", *lines[:30], header, *lines[30:]])

    report = validate({"a.csv": data.encode()})

    assert lines_of(report, "repeated_header") == [32]


def test_a_byte_order_mark_before_the_label_of_a_header_is_no_part_of_it() -> None:
    lines = [f"{label},{text}" for text, label in rows(60)]
    data = "\n".join(["label,text", *lines[:30], "\ufefflabel,text", *lines[30:]])

    assert lines_of(validate({"a.csv": data.encode()}), "repeated_header") == [32]


def test_letters_of_two_scripts_that_look_alike_are_a_pair() -> None:
    report = validate({"a.csv": csv_file(rows(60, ("pos", "\u0440\u043es", "neg")))})

    assert "pos" in str(finding(report, "similar_labels").detail)


def test_a_label_called_like_its_column_is_a_label() -> None:
    report = validate({"a.csv": csv_file(rows(60, ("label", "spam")))})

    assert report.verdict == "accepted"


def test_a_label_whose_rows_all_contradict_is_refused_before_anything_is_spent() -> None:
    records = [*rows(400), ("odd one", "weird"), ("odd one", "yes")]

    report = validate({"a.csv": csv_file(records)})
    merged, _ = validate_in_ranges({"a.csv": csv_file(records)}, 300)

    assert finding(report, "label_vanishes").detail == "weird (1)"
    assert report.verdict == "rejected"
    assert merged == report


def test_contradictions_are_the_first_thing_that_is_said() -> None:
    records = [("the same words", "pos" if i % 2 else "neg") for i in range(60)]

    message = rejection_message(validate({"a.jsonl": jsonl(records)}))

    assert message.startswith("The same text has different labels")
    assert "begins with train" not in message


def test_rows_that_all_go_to_the_test_split_leave_nothing_to_train() -> None:
    files = {"train.jsonl": jsonl(rows(4)), "test.jsonl": jsonl(rows(1000))}

    report = validate(files)

    assert finding(report, "empty_split").detail == "train"


@pytest.mark.parametrize("split", ["validation", "test"])
def test_a_split_without_rows_is_refused(split: str) -> None:
    report = validate({"a.jsonl": jsonl(rows(60))}, **{f"{split}_fraction": 0.0})

    assert finding(report, "empty_split").detail == split


def test_a_test_split_below_the_gates_least_is_a_warning() -> None:
    report = validate({"a.jsonl": jsonl(rows(60))}, minimum_test_rows=20)

    assert "6 of at least 20" in str(finding(report, "test_split_too_small").detail)


@pytest.mark.parametrize(
    "blank", ["\u200b\u200b", "\ufeff", "\u2060 \u00ad", "\x00", "\ufe0f", "\u3164"]
)
def test_a_text_without_a_visible_character_is_empty(blank: str) -> None:
    for name, data in (
        ("a.csv", csv_file([*rows(40), (blank, "yes")])),
        ("a.jsonl", jsonl([*rows(40), (blank, "yes")])),
        ("a.parquet", parquet([*rows(40), (blank, "yes")])),
    ):
        report = validate({name: data})

        assert finding(report, "empty_text").places[0].rule == "no character that can be seen"
        assert lines_of(report, "empty_text") == [42 if name == "a.csv" else 41]


def test_hugging_faces_class_numbers_get_their_names() -> None:
    feature = {"names": ["negative", "positive"], "_type": "ClassLabel"}
    info = {"info": {"features": {"text": {"dtype": "string"}, "label": feature}}}
    data = with_class_numbers(json.dumps(info), [i % 2 for i in range(60)])

    report = validate({"a.parquet": data})

    assert report.labels == {"negative": 30, "positive": 30}


def with_class_numbers(metadata: str, numbers: list[int]) -> bytes:
    table = Table.from_pydict(
        {
            "text": Array([f"text {i}" for i in range(len(numbers))], type=DataType.utf8()),
            "label": Array(numbers, type=DataType.int64()),
        }
    )
    file = io.BytesIO()
    write_parquet(table, file, key_value_metadata={"huggingface": metadata})
    return file.getvalue()


def test_two_classes_of_one_name_are_refused_and_not_merged() -> None:
    feature = {"names": ["spam", "ham", "spam"], "_type": "ClassLabel"}
    info = {"info": {"features": {"label": feature}}}

    report = validate(
        {"a.parquet": with_class_numbers(json.dumps(info), [i % 3 for i in range(60)])}
    )

    assert report.verdict == "rejected"
    place = finding(report, "duplicate_class_name").places[0]
    assert (place.field, place.rule) == ("label", "the classes 0, 2 have one name")


@pytest.mark.parametrize(
    ("first", "second", "alike"),
    [("1000", "1e3", True), ("1000", "1.E+03", True), ("1e3", "1e4", False), ("1e3", "e3", False)],
)
def test_a_number_in_powers_of_ten_looks_like_the_number(
    first: str, second: str, alike: bool
) -> None:
    assert (look_of(first) == look_of(second)) is alike


@pytest.mark.parametrize("number", [-1, 2])
def test_a_class_number_without_a_name_is_named_with_its_row(number: int) -> None:
    feature = {"names": ["negative", "positive"], "_type": "ClassLabel"}
    info = {"info": {"features": {"label": feature}}}
    numbers = [number if i == 5 else i % 2 for i in range(60)]

    report = validate({"a.parquet": with_class_numbers(json.dumps(info), numbers)})

    place = finding(report, "unsupported_value_type").places[0]
    assert place.line == 6
    assert f"the class number {number}," in str(place.rule)
