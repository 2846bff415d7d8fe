"""Columns that are missing, named twice, or no names at all: said so that it can be corrected."""

import pytest

from tests.unit.datasets.data_sets import (
    csv_file,
    finding,
    jsonl,
    parquet,
    rows,
    validate,
    validate_in_ranges,
    written,
)
from thriftline.datasets.engine.reporting import rejection_message
from thriftline.datasets.engine.rules import DatasetRules
from thriftline.datasets.names import fitting_columns, looks_like_name
from thriftline.datasets.reports.dataset_page import dataset_page

PRIVATE = "My card was charged twice, please call me back. Ann"


def renamed(data: bytes, text: str, label: str) -> bytes:
    return data.replace(b"text,label", f"{text},{label}".encode(), 1)


@pytest.mark.parametrize("label", ["billing", "yes", "It was not me, honestly"])
def test_a_header_that_is_data_is_said_so_and_never_shown(label: str) -> None:
    data = renamed(csv_file(rows(60, ("yes", "no"))), f'"{PRIVATE}"', f'"{label}"')

    report = validate({"a.csv": data})

    assert "the first line looks like a row" in rejection_message(report)
    for output in (report.model_dump_json(), dataset_page(report, "r"), rejection_message(report)):
        assert "charged twice" not in output
        assert "honestly" not in output


def test_a_header_whose_values_come_again_is_a_row() -> None:
    data = renamed(csv_file(rows(60, ("neg", "pos"))), "bad film", "neg")

    report = validate({"a.csv": data})

    assert "looks like a row" in rejection_message(report)
    assert "bad film" not in report.model_dump_json()


def test_the_columns_that_are_there_are_named_with_what_would_fit_in_run_yaml() -> None:
    report = validate({"a.csv": renamed(csv_file(rows(60)), "review", "sentiment")})

    message = rejection_message(report)
    assert "the columns are review, sentiment" in message
    assert "columns: {text: review, label: sentiment}" in message


def test_json_lines_and_parquet_say_the_same() -> None:
    lines = jsonl(rows(60)).replace(b'"text"', b'"review"').replace(b'"label"', b'"sentiment"')

    assert "{text: review, label: sentiment}" in rejection_message(validate({"a.jsonl": lines}))
    report = validate({"a.parquet": parquet(rows(60))}, label_column="stars")
    assert "{text: text, label: label}" in rejection_message(report)


def test_what_fits_is_said_once_and_what_follows_from_it_is_not() -> None:
    for name, content in (
        ("a.csv", b"message,topic\nhello,billing\nwhere is it,delivery\n"),
        (
            "a.jsonl",
            jsonl(rows(60)).replace(b'"text"', b'"message"').replace(b'"label"', b'"topic"'),
        ),
    ):
        said = rejection_message(validate({name: content}))

        assert said.count("{text: message, label: topic}") == 1, said
        assert "fewer than two labels" not in said


def test_keys_that_are_no_names_are_not_shown() -> None:
    lines = b'{"text": "a", "%s": 1, "label": "yes"}\n' % PRIVATE.encode()

    report = validate({"a.jsonl": jsonl(rows(40)) + lines})

    assert "charged" not in report.model_dump_json()
    assert "does not look like a name" in str(finding(report, "extra_column").places[0].field)


@pytest.mark.parametrize(
    ("names", "fitting"),
    [
        (["id", "sentence", "label"], "{text: sentence, label: label}"),
        (["Text", "Category"], "{text: Text, label: Category}"),
        (["body", "anything"], "{text: body, label: anything}"),
        (
            ["Premise", "hypothesis", "verdict"],
            "{text: Premise, text_pair: hypothesis, label: verdict}",
        ),
        (["sentence1", "label"], "{text: sentence1, label: label}"),
        (["my text", "x: y", "label"], None),
        (["one", "two"], None),
    ],
)
def test_what_fits_is_guessed_from_usual_names(names: list[str], fitting: str | None) -> None:
    assert fitting_columns(names, DatasetRules()) == fitting


def test_names_are_a_few_words() -> None:
    assert looks_like_name("customer message")
    assert looks_like_name("étiquette")
    assert not looks_like_name("joe@example.com")
    assert not looks_like_name("I was charged twice")
    assert not looks_like_name("4111")


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl"])
def test_a_column_named_twice_is_refused_with_its_place(name: str) -> None:
    data = {
        "a.csv": b"text,label,label \n" + b"".join(b"t %d,yes,no\n" % i for i in range(60)),
        "a.jsonl": jsonl(rows(60)) + b'{"text": "t", "label": "yes", "label" : "no"}\n',
    }[name]

    report = validate({name: data})
    merged, _ = validate_in_ranges({name: data}, 200)

    place = finding(report, "duplicate_column").places[0]
    assert (place.line, place.field) == (1 if name == "a.csv" else 61, "label")
    assert merged == report


def test_a_key_that_is_named_again_deeper_or_as_a_value_is_no_second_one() -> None:
    lines = b'{"text": "label", "label": "label", "meta": {"label": 1, "text": "text"}}\n'

    report = validate({"a.jsonl": jsonl(rows(60)) + lines})

    assert "duplicate_column" not in report.codes


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("a.tsv", "commas"),
        ("a.json", "one object on each line"),
        ("a.xlsx", "save the sheet as CSV"),
        ("a.csv ", "without it"),
        ("a.zip", "unpack"),
    ],
)
def test_a_name_that_cannot_be_read_gets_advice(name: str, advice: str) -> None:
    report = validate({name: csv_file(rows(60))})

    assert report.codes == ["unsupported_file_type"]
    assert advice in rejection_message(report)


@pytest.mark.parametrize("name", ["A.CSV", "a.NDJSON", "a.JsonL", "a.PARQUET"])
def test_names_in_capitals_and_ndjson_are_read(name: str) -> None:
    data = written(name.lower().replace("nd", ""), rows(60))

    assert validate({name: data}).verdict == "accepted"
