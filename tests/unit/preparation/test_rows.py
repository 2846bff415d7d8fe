"""What becomes of one raw row."""

import json
from typing import Any

import pytest

from preparation.thriftline_preparation.rows import MOST_RECORD_BYTES, Header, Row, RowWork
from tests.unit.preparation.configurations import configuration


def row(text: Any, label: Any, pair: Any = None, **changes: Any) -> Row:
    return RowWork(configuration(**changes)).judged(text, pair, label)


def line(text: str, **changes: Any) -> Row | None:
    return next(iter(RowWork(configuration(**changes)).lines([text.encode()])))


def test_a_good_row_is_kept_as_it_is() -> None:
    assert row("a text", "good") == Row("a text", None, "good", None, None)


@pytest.mark.parametrize(
    ("text", "label", "reason"),
    [
        (None, "good", "empty_text"),
        (" \u200b\n", "good", "empty_text"),
        ("\x00\x01", "good", "empty_text"),
        (5, "good", "not_a_text"),
        (True, "good", "not_a_text"),
        ({"a": 1}, "good", "not_a_text"),
        (["a"], "good", "not_a_text"),
        ("a text", None, "empty_label"),
        ("a text", " ", "empty_label"),
        ("a text", 1.5, "not_a_label"),
        ("a text", {"a": 1}, "not_a_label"),
        ("a text", ["good"], "not_a_label"),
        ("a text", "x" * 257, "long_label"),
        ("x" * (MOST_RECORD_BYTES + 1), "good", "over_record_limit"),
        ("\u4f60" * (MOST_RECORD_BYTES // 3 + 1), "good", "over_record_limit"),
    ],
)
def test_what_is_no_row_of_a_data_set_has_its_reason(text: Any, label: Any, reason: str) -> None:
    assert row(text, label).reason == reason


@pytest.mark.parametrize(("label", "named"), [(5, "5"), (True, "true"), (False, "false")])
def test_whole_numbers_and_booleans_are_labels_as_the_validator_has_them(
    label: Any, named: str
) -> None:
    assert row("a text", label).label == named


def test_a_label_is_never_redacted_and_the_map_names_it() -> None:
    seen = row("write to a@b.co", "a@b.co", redact=["email"])
    named = {"map": {"a@b.co": "sales", "0": "negative"}, "unmapped": "drop"}

    assert (seen.text, seen.label) == ("write to <EMAIL>", "a@b.co")
    assert row("a text", "a@b.co", labels=named).label == "sales"
    # A class of a Parquet file is a number, whose name the map says.
    assert row("a text", 0, labels=named).label == "negative"


def test_of_a_pair_both_texts_are_held_to_the_rules() -> None:
    columns = {"text": "a", "text_pair": "b", "label": "c"}

    assert row("one", "x", "two", columns=columns) == Row("one", "two", "x", None, None)
    assert row("one", "x", " ", columns=columns).reason == "empty_text"
    assert row("one", "x", 5, columns=columns).reason == "not_a_text"


def test_an_unmapped_label_is_kept_dropped_or_left_for_a_refusal() -> None:
    spellings = {"pos": "positive"}

    def reason(rule: str) -> str | None:
        return row("a text", "neutral", labels={"map": spellings, "unmapped": rule}).reason

    assert (reason("keep"), reason("drop"), reason("refuse")) == (
        None,
        "unmapped_label",
        "unmapped_label",
    )
    assert row("a text", " POS", labels={"map": spellings}).label == "positive"


def test_lengths_are_those_of_the_cleaned_text_in_characters() -> None:
    filters = {"min_characters": 3, "max_characters": 5}

    assert row("  a  ", "x", filters=filters).reason == "too_short"
    assert row("\u00e9t\u00e9", "x", filters=filters).reason is None
    assert row(" abcde ", "x", filters=filters).reason is None
    assert row("abcdef", "x", filters=filters).reason == "too_long"


def test_what_is_changed_is_noted_with_its_count() -> None:
    changed = row(" a@b.co, c@d.org  and \ufffd", "x", redact=["email"])

    assert changed.text == "<EMAIL>, <EMAIL> and \ufffd"
    assert changed.notes == "cleaned=1;redacted.email=2;replacement_characters=1"


def test_of_a_removed_row_only_the_start_is_kept() -> None:
    assert len(row("x" * 5000, None).text or "") == 300


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"text": "a", "label": "b"}', None),
        ('\ufeff{"text": "a", "label": "b"}', None),
        ('{"text": "a", "label": "b"', "unreadable"),
        ('["a", "b"]', "unreadable"),
        ("text,label", "unreadable"),
        ("[" * 100_000, "unreadable"),
        ('{"text": "a"}', "missing_column"),
        ('{"text": 5, "label": "b"}', "not_a_text"),
        ('{"text": "\\ud800 a", "label": "b"}', None),
        ('{"text": "a", "label": "\\ud800"}', None),
    ],
)
def test_a_line_is_one_object_with_both_columns(text: str, reason: str | None) -> None:
    judged = line(text)

    assert judged is not None
    assert judged.reason == reason
    json.dumps(judged).encode()
    "".join(filter(None, judged)).encode()


def test_a_blank_line_is_no_row() -> None:
    assert [line(text) for text in ("", "  ", "\ufeff")] == [None, None, None]


def test_a_line_that_is_not_utf8_is_removed_and_fails_nothing() -> None:
    (judged,) = RowWork(configuration()).lines(['{"text": "café", "label": "b"}'.encode("latin-1")])

    assert judged is not None
    assert judged.reason == "undecodable_bytes"
    assert "caf\ufffd" in (judged.text or "")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"text": "a", "label": "b", "label": "c"}', "repeated_column"),
        ('{"text": "a", "label": "b", "more": {"label": "c"}}', None),
        ('{"text": "a \\"label\\" b", "label": "c"}', None),
        ('{"text": "label", "label": "b"}', None),
        ('{"text": NaN, "label": "b"}', "not_a_text"),
        ('{"text": "a", "label": NaN}', "not_a_label"),
    ],
)
def test_of_two_values_of_a_column_none_is_guessed(text: str, reason: str | None) -> None:
    judged = line(text)

    assert judged is not None
    assert judged.reason == reason


HEADER = Header(fields=2, label=1, as_bytes=True)


def fields(text: str, label: str, corrupt: str | None = None) -> Any:
    """A record of CSV, of which Spark gives each byte as a character."""
    given = [
        None if one is None else one.encode().decode("latin-1") for one in (text, label, corrupt)
    ]
    return RowWork(configuration()).fields((given[0], None, given[1]), given[2], HEADER)


def test_a_record_of_csv_is_decoded_by_its_bytes() -> None:
    assert fields("café 😀", "über") == Row("café 😀", None, "über", None, None)
    latin = RowWork(configuration()).fields(("caf\xe9", None, "x"), None, HEADER)
    assert latin is not None
    assert (latin.reason, latin.text) == ("undecodable_bytes", "caf\ufffd")


def test_the_return_of_a_line_end_is_no_part_of_a_field_and_no_line() -> None:
    assert fields("a text", "good\r") == Row("a text", None, "good", None, None)
    assert fields("", "", "\r") is None


def test_a_header_among_the_rows_is_no_row() -> None:
    assert fields("text", " label").reason == "repeated_header"
    assert fields("text", "good").reason is None


def test_rows_that_an_open_quote_made_one_field_are_not_taken_for_a_text() -> None:
    rows = "".join(f"another text {n},{'good' if n % 2 else 'bad'}\n" for n in range(30))

    assert fields(f"a text\n{rows}half", "good").reason == "unclosed_quote"
    assert fields("", "", f'"a text\n{rows}').reason == "unclosed_quote"
    assert fields("", "", '"a text,good\nanother,bad').reason == "unclosed_quote"
    poem = "".join(f"line {n}, and its end {n}\n" for n in range(30))
    assert fields(poem, "good").reason is None
    assert fields("", "", '"two\nlines",good,more').reason == "unreadable"


def test_a_label_that_is_changed_is_counted() -> None:
    assert row("a text", "go\x00od") == Row("a text", None, "good", None, "cleaned_label=1")
    assert row("a text", "a\nb").label == "a b"
