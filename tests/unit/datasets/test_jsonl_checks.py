"""What is wrong with a JSON Lines file, and where."""

import json

import pytest

from tests.unit.datasets.data_sets import finding, jsonl, lines_of, rows, validate
from thriftline.datasets.report_document import Place

GOOD = jsonl(rows(40))


def test_a_clean_file_is_accepted_without_findings() -> None:
    report = validate({"a.jsonl": GOOD})

    assert report.verdict == "accepted"
    assert report.findings == []
    assert report.rows == 40
    assert report.labels == {"no": 20, "yes": 20}
    assert report.splits == {"train": 32, "validation": 4, "test": 4}
    assert report.files[0].version == "v-a.jsonl"


def test_a_broken_line_is_named_by_line_column_and_rule() -> None:
    report = validate({"a.jsonl": GOOD + b'{"text": "x", "label" "y"}\n' + GOOD})

    assert report.verdict == "rejected"
    assert finding(report, "malformed_json").places == [
        Place(
            file="a.jsonl", line=41, column=23, rule="unexpected character, expected ':' after key"
        )
    ]


def test_a_line_that_is_no_object_is_malformed() -> None:
    report = validate({"a.jsonl": GOOD + b'["text"]\n17\n'})

    assert lines_of(report, "malformed_json") == [41, 42]


def test_two_broken_lines_that_would_make_one_whole_record_are_both_malformed() -> None:
    glued = (
        b'{"text": "x"\n"label": "y"}\n{"text": "p", "label": "q"},{"text": "r", "label": "s"}\n'
    )

    report = validate({"a.jsonl": GOOD + glued})

    assert lines_of(report, "malformed_json") == [41, 42, 43]
    assert report.rows == 40


def test_braces_and_escapes_in_texts_are_no_problem() -> None:
    records = [(f'{{"x": [{i}]}} \n\t " \\ é 你', "yes" if i % 2 else "no") for i in range(20)]

    assert validate({"a.jsonl": jsonl(records)}).verdict == "accepted"


def test_blank_lines_and_a_missing_last_line_break_are_no_problem() -> None:
    report = validate({"a.jsonl": b"\n" + GOOD + b"\r\n  \n" + GOOD.replace(b"text n", b"n")[:-1]})

    assert report.verdict == "accepted"
    assert report.rows == 80


def test_a_byte_order_mark_is_no_problem() -> None:
    assert validate({"a.jsonl": b"\xef\xbb\xbf" + GOOD}).verdict == "accepted"


def test_bytes_that_are_not_utf8_are_named_by_their_position() -> None:
    report = validate({"a.jsonl": GOOD + b'{"text": "caf\xe9", "label": "yes"}\n'})

    assert finding(report, "undecodable_bytes").places == [
        Place(file="a.jsonl", line=41, column=14, rule="not UTF-8")
    ]


def test_a_utf16_file_is_told_so() -> None:
    report = validate({"a.jsonl": GOOD.decode().encode("utf-16")})

    assert "UTF-16" in str(finding(report, "undecodable_bytes").places[0])


def test_missing_columns_are_counted_by_record() -> None:
    report = validate({"a.jsonl": GOOD + b'{"label": "yes"}\n{"text": "t"}\n'})

    assert [(p.line, p.field) for p in finding(report, "missing_column").places] == [
        (41, "text"),
        (42, "label"),
    ]


def test_extra_columns_are_a_warning_that_names_them() -> None:
    extra = b'{"text": "t", "label": "yes", "id": 1}\n'
    report = validate({"a.jsonl": GOOD + extra + GOOD.replace(b"text n", b"n")})

    assert report.verdict == "accepted_with_warnings"
    assert [(p.line, p.field) for p in finding(report, "extra_column").places] == [(41, "id")]
    assert report.columns == ["text", "label", "id"]


@pytest.mark.parametrize("text", ["", "   ", "\n\t", "\u3000"])
def test_a_blank_text_is_empty(text: str) -> None:
    report = validate({"a.jsonl": GOOD + jsonl([(text, "yes")])})

    assert lines_of(report, "empty_text") == [41]
    assert report.verdict == "rejected"


@pytest.mark.parametrize(("text", "rule"), [(5, "a number"), ([1], "a list"), ({}, "a object")])
def test_a_text_of_another_type_is_refused(text: object, rule: str) -> None:
    report = validate({"a.jsonl": GOOD + jsonl([(text, "yes")])})

    assert finding(report, "unsupported_value_type").places[0].rule == rule


@pytest.mark.parametrize("label", [None, "", "  "])
def test_a_blank_label_is_missing(label: object) -> None:
    report = validate({"a.jsonl": GOOD + jsonl([("t", label)])})

    assert lines_of(report, "missing_label") == [41]


def test_labels_of_several_types_are_refused_where_they_are_unusual() -> None:
    report = validate({"a.jsonl": GOOD + jsonl([("t", 1), ("u", 2), ("v", True)])})

    mixed = finding(report, "mixed_label_types")
    assert mixed.count == 3
    assert [place.line for place in mixed.places] == [41, 42, 43]


def test_whole_numbers_and_booleans_are_labels() -> None:
    for values in ([0, 1], [True, False]):
        records = [(f"t{i}", values[i % 2]) for i in range(20)]

        report = validate({"a.jsonl": jsonl(records)})

        assert report.verdict == "accepted"
        assert sorted(report.labels) == sorted(json.dumps(value) for value in values)


def test_numbers_with_decimals_are_no_labels() -> None:
    report = validate({"a.jsonl": GOOD + jsonl([("t", 0.5)])})

    assert finding(report, "unsupported_value_type").places[0].field == "label"


def test_a_label_as_long_as_a_text_is_refused() -> None:
    report = validate({"a.jsonl": GOOD + jsonl([("t", "x" * 257)])})

    assert lines_of(report, "over_long_label") == [41]


def test_a_record_beyond_the_limit_is_refused_wherever_it_stands() -> None:
    long = jsonl([("x" * 3000, "yes")])

    report = validate({"a.jsonl": long + GOOD + long + long[:-1]}, max_record_bytes=2000)

    assert lines_of(report, "over_long_record") == [1, 42, 43]
    assert report.rows == 40


def test_control_characters_are_a_warning() -> None:
    report = validate({"a.jsonl": GOOD + jsonl([("a\x00b", "yes"), ("a\x7f", "no"), ("\t", "no")])})

    assert lines_of(report, "control_characters") == [41, 42]


def test_only_the_first_twenty_places_are_kept_with_the_whole_count() -> None:
    report = validate({"a.jsonl": GOOD + b"oops\n" * 30})

    found = finding(report, "malformed_json")
    assert found.count == 30
    assert [place.line for place in found.places] == list(range(41, 61))


@pytest.mark.parametrize("data", [b"", b"\n\n", b"\xef\xbb\xbf"])
def test_a_file_without_records_is_empty(data: bytes) -> None:
    report = validate({"train.jsonl": GOOD, "test.jsonl": data})

    assert [place.file for place in finding(report, "empty_file").places] == ["test.jsonl"]


def test_deep_nesting_is_malformed_not_a_crash() -> None:
    deep = b'{"text": ' + b"[" * 5000 + b"]" * 5000 + b"}\n"

    assert lines_of(validate({"a.jsonl": deep + GOOD}), "malformed_json") == [1]
