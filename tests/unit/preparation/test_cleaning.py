"""Texts in one form; labels by any of their spellings."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preparation.thriftline_preparation.cleaning import clean_label, clean_text
from preparation.thriftline_preparation.labels import LabelMap


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("plain", "plain"),
        ("  two   spaces\tand a tab ", "two spaces and a tab"),
        ("one\r\ntwo\n\n\nthree \n four", "one\ntwo\nthree\nfour"),
        ("bell\x07 and\x00 zero", "bell and zero"),
        ("Cafe\u0301", "Caf\u00e9"),
        ("no\u00a0break", "no break"),
        ("zero\u200bwidth and soft\u00adhyphen", "zerowidth and softhyphen"),
        ("\ufeffmark", "mark"),
        ("lone \ud800 half", "lone half"),
        ("a\u2028b", "a\nb"),
        ("\u0645\u06cc\u200c\u062e", "\u0645\u06cc\u200c\u062e"),
        ("\u200b \u2060", ""),
    ],
)  # fmt: skip
def test_a_text_is_cleaned(raw: str, clean: str) -> None:
    assert clean_text(raw) == clean


@given(st.text(alphabet=st.characters(), max_size=40))
def test_cleaning_twice_changes_nothing_more(text: str) -> None:
    once = clean_text(text)

    assert clean_text(once) == once
    assert unicodedata.is_normalized("NFC", once)
    assert once == once.strip()
    once.encode()
    assert not any(unicodedata.category(mark) == "Cc" and mark != "\n" for mark in once)


@given(st.text(alphabet=st.characters(categories=["L", "N", "P"]), min_size=1, max_size=40))
def test_letters_figures_and_signs_are_never_lost(text: str) -> None:
    assert unicodedata.normalize("NFC", text) == clean_text(text)


def test_a_label_is_one_line() -> None:
    assert clean_label(" very\n good ") == "very good"


def test_ten_spellings_are_one_label() -> None:
    labels = LabelMap({"pos": "positive", "POSITIV": "positive", "n": "negative"})
    spellings = ["pos", " pos", "POS", "Pos", "p\u200bos", "Positive", "positiv", "\tpos\r\n"]
    spellings += ["POSITIVE", " positive"]

    assert {labels.label_of(one) for one in spellings} == {"positive"}
    assert labels.label_of("N") == labels.label_of("NEGATIVE") == "negative"
    assert labels.label_of("neutral") is None


def test_an_exact_spelling_counts_before_one_in_another_case() -> None:
    labels = LabelMap({"A": "first", "a": "second"})

    assert (labels.label_of("A"), labels.label_of("a")) == ("first", "second")
    assert labels.label_of(" A ") == "first"


def test_a_spelling_that_could_be_two_labels_is_none() -> None:
    labels = LabelMap({"AB": "first", "Ab": "second"})

    assert labels.label_of("ab") is None


def test_a_label_that_the_map_names_otherwise_is_what_the_map_says() -> None:
    labels = LabelMap({"pos": "neg", "neg": "pos"})

    assert (labels.label_of("pos"), labels.label_of("neg")) == ("neg", "pos")


def test_without_a_map_labels_are_only_cleaned() -> None:
    labels = LabelMap({})

    assert labels.label_of(" Good ") == "Good"
    assert labels.label_of("good") == "good"
