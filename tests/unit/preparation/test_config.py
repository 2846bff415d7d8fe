"""The configuration: every field is held to its rule, and a refusal names it."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preparation.thriftline_preparation.config import read_config
from preparation.thriftline_preparation.errors import PreparationError
from tests.unit.preparation.configurations import EMAIL, configuration, document


def refusal(**changes: Any) -> str:
    with pytest.raises(PreparationError) as caught:
        configuration(**changes)
    assert caught.value.code == "config"
    return caught.value.message


def ends_well(value: dict[str, Any]) -> bool:
    """Whether it is read, or refused as a configuration; another exception gets out."""
    try:
        read_config(json.dumps(value))
    except PreparationError as error:
        return error.code == "config"
    return True


def test_what_is_left_out_has_its_usual_value() -> None:
    usual = ["format", "labels", "filters", "exact_duplicates", "conflicts", "redact", "patterns"]
    usual += ("balance", "split", "seed", "max_rows_per_shard", "near_duplicates")
    config = read_config(
        json.dumps({name: value for name, value in document().items() if name not in usual})
    )

    assert (config.format, config.conflicts, config.labels.unmapped) == ("auto", "drop", "refuse")
    assert (config.near_duplicates, config.exact_duplicates, config.seed) == (None, True, 42)
    assert (config.split.validation_fraction, config.max_rows_per_shard) == (0.1, 500_000)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"schema_version": "2.0"}, ("schema_version", "1.0", "2.0")),
        ({"run_id": " "}, ("run_id", "not blank")),
        ({"sources": []}, ("sources", "1 or more")),
        ({"sources": ["s3://a/", 5]}, ("sources[1]", "5")),
        ({"format": "xlsx"}, ("format", "csv", "xlsx")),
        ({"columns": {"text": "a"}}, ("columns.label", "absent")),
        ({"columns": {"text": "a", "label": "a"}}, ("columns", "twice")),
        ({"columns": {"text": "a", "lable": "b"}}, ("columns.lable", "`label`?")),
        ({"labels": {"map": {"yes": 1}}}, ("labels.map[`yes`]", "not 1", "quotes")),
        ({"labels": {"map": {" ": "a"}}}, ("labels.map", "blank")),
        ({"labels": {"unmapped": "ignore"}}, ("labels.unmapped", "keep, drop, refuse")),
        ({"filters": {"min_characters": 0}}, ("filters.min_characters", "1", "not 0")),
        ({"filters": {"min_characters": True}}, ("filters.min_characters", "not true")),
        ({"filters": {"min_characters": 9, "max_characters": 3}}, ("(9)", "(3)")),
        ({"filters": {"languages": ["English"]}}, ("filters.languages", "`en`")),
        ({"exact_duplicates": "yes"}, ("exact_duplicates", "`yes`")),
        ({"near_duplicates": {"threshold": 0.2}}, ("near_duplicates.threshold", "0.5", "0.2")),
        ({"near_duplicates": 0.8}, ("near_duplicates", "object")),
        ({"conflicts": "vote"}, ("conflicts", "majority")),
        ({"redact": ["phone"]}, ("redact", "`phone`", "email, card, iban")),
        ({"patterns": [EMAIL, EMAIL]}, ("patterns", "`email` twice")),
        ({"patterns": [{**EMAIL, "regex": "("}]}, ("patterns[0].regex", "no regular expression")),
        ({"patterns": [{**EMAIL, "regex": "é+"}]}, ("patterns[0].regex", "ASCII")),
        ({"patterns": [{**EMAIL, "regex": "a*"}]}, ("patterns[0].regex", "empty")),
        ({"patterns": [{**EMAIL, "replacement": "x@y.zz"}]}, ("patterns[0].replacement", "itself")),
        ({"patterns": [{**EMAIL, "check": "mod97"}]}, ("patterns[0].check", "luhn")),
        ({"patterns": [{**EMAIL, "name": "E-mail"}]}, ("patterns[0].name", "E-mail")),
        ({"balance": {"max_per_label": 0}}, ("balance.max_per_label", "not 0")),
        ({"split": {"test_fraction": 0.95}}, ("split.test_fraction", "0.9")),
        ({"split": {"test_fraction": 0.5, "validation_fraction": 0.5}}, ("split", "tenth")),
        ({"split": {"test_fraction": float("nan")}}, ("split.test_fraction", "0.1")),
        ({"seed": -1}, ("seed", "not -1")),
        ({"seed": 1.5}, ("seed", "not 1.5")),
        ({"max_rows_per_shard": 0}, ("max_rows_per_shard", "not 0")),
        ({"output": None}, ("output", "absent or null")),
        ({"sedd": 1}, ("sedd", "`seed`?")),
    ],
)
def test_a_refusal_names_the_field_the_rule_and_what_was_found(
    changes: dict[str, Any], words: tuple[str, ...]
) -> None:
    message = refusal(**changes)

    assert all(word in message for word in words), message
    assert message.startswith("config: `")
    assert message.endswith((".", "?"))


@pytest.mark.parametrize("text", ["", "{", "[]", '"text"', "{}", "\x00"])
def test_what_is_no_configuration_is_refused(text: str) -> None:
    with pytest.raises(PreparationError):
        read_config(text)


def test_a_long_value_is_not_repeated_in_the_message() -> None:
    secret = "a secret of some length " * 5

    assert secret not in refusal(format=secret)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


@given(st.sampled_from(sorted(document())), values)
def test_no_value_of_any_field_ends_in_anything_but_a_refusal(field: str, value: Any) -> None:
    assert ends_well(document(**{field: value}))


@given(st.sampled_from(["labels", "filters", "balance", "split", "columns"]), st.data())
def test_no_value_inside_of_a_section_does_either(section: str, data: st.DataObject) -> None:
    changed = dict(document()[section])
    changed[data.draw(st.sampled_from(sorted(changed)))] = data.draw(values)
    assert ends_well(document(**{section: changed}))
