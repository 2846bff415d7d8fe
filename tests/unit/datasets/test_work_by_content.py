"""No content takes much more work than prose: work is counted, never timed."""

import pytest

from tests.unit.datasets.data_sets import finding, jsonl, lines_of, rows, validate
from thriftline.datasets.engine import csv_reader, personal_data
from thriftline.datasets.engine.csv_reader import Records, parse_clean
from thriftline.datasets.engine.personal_data import find_personal_data

HEADER = b"text,label\n"


@pytest.mark.parametrize(
    "line", [b"x\n", b'a"b,c\n', b"\xff\n", b"{}\n", b'{"text": "", "label": "a"}\n']
)
@pytest.mark.parametrize("name", ["a.csv", "a.jsonl"])
def test_reading_stops_where_nearly_every_line_is_an_error(name: str, line: bytes) -> None:
    start = HEADER if name == "a.csv" else jsonl(rows(1))

    report = validate({name: start + line * 20_000}, max_errors=100)

    assert report.verdict == "rejected"
    assert finding(report, "reading_stopped").severity == "warning"


def test_reading_goes_on_below_the_limit() -> None:
    report = validate({"a.jsonl": jsonl(rows(60)) + b"x\n" * 100}, max_errors=100)

    assert finding(report, "malformed_json").count == 100
    assert "reading_stopped" not in report.codes


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_blank_lines_are_not_parsed_and_lines_are_counted_past_them(end: bytes) -> None:
    data = b'text,label\n"a\n\nb",yes\n' + end * 5000 + b"broken\n" + end * 3 + b"c,no\n"

    records = Records.of(data, 0)

    assert [records.joined(i, i + 1) for i in range(len(records.lines))] == [
        b"text,label",
        b'"a\n\nb",yes',
        b"broken",
        b"c,no",
    ]
    assert records.lines[:4] == [0, 1, 5004, 5008]
    assert lines_of(validate({"a.csv": data}), "malformed_csv") == [5005]


def test_one_bad_record_does_not_make_all_others_be_parsed_one_by_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    single: list[int] = []
    parse = csv_reader.CsvReader._parse_record

    def counted(self: csv_reader.CsvReader, record: bytes, line: int) -> list[str] | None:
        single.append(line)
        return parse(self, record, line)

    monkeypatch.setattr(csv_reader.CsvReader, "_parse_record", counted)
    lines = [b"some text %d,yes" % i for i in range(5000)]
    lines[3210] = b'a"b,no'

    report = validate({"a.csv": HEADER + b"\n".join(lines)})

    assert lines_of(report, "malformed_csv") == [3212]
    assert len(single) <= 8


@pytest.mark.parametrize(
    "text",
    [
        b"4111111111111111" * 40,
        b"4111 1111 1111 1111 " * 40,
        b"9" * 1000,
        b"DE89370400440532013000 " * 40,
        b"A1" * 500,
        b"555-123-4567 " * 40,
    ],
)
def test_few_places_of_a_text_are_looked_at_for_personal_data(
    text: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[int] = []
    first = personal_data._first_of_each_text

    def counted(joined: bytes, positions: object, matches: object) -> object:
        def looking(at: int) -> object:
            looked.append(at)
            return matches(at)  # type: ignore[operator]

        return first(joined, positions, looking)  # type: ignore[arg-type]

    monkeypatch.setattr(personal_data, "_first_of_each_text", counted)
    joined = b"\n".join([text] * 5)

    find_personal_data(joined)

    # Once a word and kind, never once a digit.
    assert len(looked) <= 3 * (len(joined.split()) + 5)


def test_a_hit_of_each_text_is_kept() -> None:
    joined = b"4111 1111 1111 1111 and 4111 1111 1111 1111\nnone\n4111111111111111"

    assert find_personal_data(joined)["personal_data_card"] == [0, 49]


def test_clean_records_know_their_lines() -> None:
    assert parse_clean(b'a,b\n"c\nd",e\nf,g', 100) == (
        [["a", "b"], ["c\nd", "e"], ["f", "g"]],
        [0, 1, 3],
    )
