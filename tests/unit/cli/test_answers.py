"""What a person sees of an answer in a terminal that is narrower than it."""

import io

import pytest

from thriftline_cli.answers import as_table, fitted
from thriftline_cli.money import in_words
from thriftline_cli.output import Output

ADDRESS = "s3://thriftline-artifacts-123456789012-us-east-1/audits/2026-11-07T120427Z/report.html"


def test_a_value_goes_on_under_its_own_beginning() -> None:
    line = "why      the data has no labels in lines 3, 5 and 9; write one for each of them"
    assert fitted(line, 40).splitlines() == [
        "why      the data has no labels in lines",
        "         3, 5 and 9; write one for each",
        "         of them",
    ]


def test_the_lines_of_a_list_go_on_behind_its_mark() -> None:
    assert fitted("- one two three four five six", 20).splitlines() == [
        "- one two three four",
        "  five six",
    ]


def test_an_indented_line_stays_indented() -> None:
    assert fitted("    one two three four\n  - five six seven", 14).splitlines() == [
        "    one two",
        "    three four",
        "  - five six",
        "    seven",
    ]


@pytest.mark.parametrize("sentence", ["it ends there.  And more", "it has  a gap and more"])
def test_a_gap_within_a_sentence_makes_no_name(sentence: str) -> None:
    page = f"why  x\nwho  y\n\n{sentence} words than fit here"
    assert [line[:1] for line in fitted(page, 30).splitlines()[3:]] == ["i", "t"]


def test_an_address_stays_whole_and_beside_its_name() -> None:
    assert fitted(f"report  {ADDRESS}", 80) == f"report  {ADDRESS}"
    held = fitted(f"- it lies in {ADDRESS} and is kept", 80).splitlines()
    assert f"  {ADDRESS}" in held
    assert [line for line in held if len(line) > 80] == [f"  {ADDRESS}"]


@pytest.mark.parametrize("text", ["month  2026-11\nleft   $3.00\n\na table  of  two", "", "x" * 80])
def test_what_fits_is_left_as_it_is(text: str) -> None:
    assert fitted(text, 80) == text


def test_of_two_columns_the_wider_one_is_cut_first() -> None:
    rows = [{"a": "x" * 30, "b": "y" * 12}, {"a": "x", "b": "y"}]
    table = as_table(rows, ["a", "b"], cut=["a", "b"], width=32).splitlines()
    assert table[1] == f"{'x' * 17}…  {'y' * 12}"


def test_sentences_of_the_last_column_go_on_below_themselves() -> None:
    rows = [{"is": "ok", "of": "image", "sentence": "it is there and has a digest of its own"}]
    assert as_table(rows, ["is", "of", "sentence"], folds=True, width=42).splitlines() == [
        "IS  OF     SENTENCE",
        "ok  image  it is there and has a digest of",
        "           its own",
    ]


def test_sentences_beside_long_names_go_on_below_all_of_them() -> None:
    rows = [
        {"of": "a" * 40, "sentence": "it is there and has a digest of its own, and is long"},
        {"of": "b", "sentence": "it is not there, or nobody may look at it; ask somebody else"},
    ]
    lines = as_table(rows, ["of", "sentence"], folds=True, width=60).splitlines()
    assert max(map(len, lines)) <= 60
    assert lines[2] == "    has a digest of its own, and is long"
    assert lines[3].startswith("b   ")
    assert lines[4].startswith("    ")


def test_a_tail_keeps_its_end() -> None:
    rows = [{"saves": "$1.00", "rule": "ml.sagemaker.training.short-job-large-instance"}]
    table = as_table(rows, ["saves", "rule"], tails=["rule"], width=40).splitlines()
    assert table[1] == "$1.00  …raining.short-job-large-instance"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(1, "1 second"), (90, "90 seconds"), (600, "10 minutes"), (7500, "2 h 05 min")],
)
def test_a_duration_in_a_sentence_is_in_words(seconds: float, words: str) -> None:
    assert in_words(seconds) == words


@pytest.mark.parametrize("form", ["table", "json", "text"])
def test_only_what_a_person_reads_is_folded(form: str) -> None:
    stream = io.StringIO()
    Output(form, None, stream, 80).one({"reason": "word " * 40})
    longest = max(map(len, stream.getvalue().splitlines()))
    assert (longest <= 80) == (form == "table")
