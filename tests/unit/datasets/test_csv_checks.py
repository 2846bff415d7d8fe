"""What is wrong with a CSV file, and where."""

import pytest

from tests.unit.datasets.data_sets import csv_file, finding, lines_of, rows, validate
from thriftline.datasets.report_document import Place

GOOD = csv_file(rows(40))


def test_a_clean_file_is_accepted_without_findings() -> None:
    report = validate({"a.csv": GOOD})

    assert report.verdict == "accepted"
    assert report.findings == []
    assert report.rows == 40


def test_line_breaks_commas_and_quotes_in_fields_are_data() -> None:
    records = [(f'{i}: one,\ntwo "three"\r\n,', "yes" if i % 2 else "no") for i in range(20)]

    report = validate({"a.csv": csv_file(records)})

    assert report.verdict == "accepted"
    assert report.characters == sum(len(text) for text, _ in records)


def test_lines_are_counted_through_fields_with_line_breaks() -> None:
    report = validate({"a.csv": b'text,label\n"a\nb\nc",yes\n"",no\n' + GOOD[11:]})

    assert lines_of(report, "empty_text") == [5]


def test_windows_line_ends_are_no_problem() -> None:
    assert validate({"a.csv": GOOD.replace(b"\n", b"\r\n")}).verdict == "accepted"


@pytest.mark.parametrize(
    ("row", "column", "rule"),
    [
        (b'5" disk,yes\n', 2, "a quote stands inside a field"),
        (b'"a"b,yes\n', 3, "a quote stands inside a field"),
        (b'"x, ""y"z",yes\n', 8, "a quote stands inside a field"),
        (b"a\rb,yes\n", 2, "a bare carriage return"),
        (b"a,b,yes\n", None, "the row has 3 fields where the header has 2"),
        (b"lonely\n", None, "the row has 1 field where the header has 2"),
    ],
)
def test_a_malformed_row_is_named_by_line_column_and_rule(
    row: bytes, column: int | None, rule: str
) -> None:
    # A second quote like the first makes the count even again, as in a real file.
    even = b"" if row.count(b'"') % 2 == 0 else b'6" disk,no\n'
    report = validate({"a.csv": GOOD + row + even + b'"good",no\n'})

    place = finding(report, "malformed_csv").places[0]
    assert (place.line, place.column) == (42, column)
    assert str(place.rule).startswith(rule)


def test_a_quote_that_is_never_closed_is_named_by_the_line_where_it_opens() -> None:
    report = validate({"a.csv": GOOD + b'"open,yes\n' + GOOD[11:].replace(b'"', b"")})

    assert finding(report, "malformed_csv").places == [
        Place(file="a.csv", line=42, rule="a quote is never closed")
    ]


def test_a_quote_that_swallows_the_file_costs_no_more_than_a_record() -> None:
    swallowed = b'"open,yes\n' + b"x" * 5000 + b"\n" * 5000

    report = validate({"a.csv": GOOD + swallowed}, max_record_bytes=1000)

    assert lines_of(report, "over_long_record") == [42]


def test_bytes_that_are_not_utf8_are_named_by_line() -> None:
    report = validate({"a.csv": GOOD + b'"a\nb\xe9",yes\n'})

    assert finding(report, "undecodable_bytes").places[0].line == 43
    assert finding(report, "undecodable_bytes").places[0].column == 2


def test_a_missing_column_is_named_and_other_separators_are_guessed() -> None:
    report = validate({"a.csv": b"text;label\na;yes\n"})

    places = finding(report, "missing_column").places
    assert [place.field for place in places] == ["text", "label"]
    assert "commas, not semicolons" in str(places[0].rule)
    assert report.codes == ["missing_column", "extra_column"]


def test_an_extra_column_is_a_warning() -> None:
    report = validate(
        {
            "a.csv": b"id,text,label\n"
            + b"".join(b"1," + r for r in GOOD[11:].splitlines(keepends=True))
        }
    )

    assert [place.field for place in finding(report, "extra_column").places] == ["id"]
    assert report.verdict == "accepted_with_warnings"


def test_a_header_alone_is_an_empty_file() -> None:
    assert "empty_file" in validate({"a.csv": b"text,label\n"}).codes


def test_columns_are_taken_by_name_and_pairs_are_read() -> None:
    lines = "\n".join(f"{'yes' if i % 2 else 'no'},left {i},right {i}" for i in range(20))
    data = f"gold,a,b\n{lines}\n".encode()

    report = validate({"a.csv": data}, text_column="a", text_pair_column="b", label_column="gold")

    assert report.verdict == "accepted"
    assert report.text_columns == ["a", "b"]
    assert report.characters == sum(len(f"left {i}right {i}") for i in range(20))
