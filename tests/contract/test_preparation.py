"""The program that prepares raw data, held to the validator that reads what it writes."""

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from preparation.thriftline_preparation import errors, reasons
from preparation.thriftline_preparation.cleaning import clean_text, is_blank
from preparation.thriftline_preparation.config import Pattern, read_config
from preparation.thriftline_preparation.errors import PreparationError
from preparation.thriftline_preparation.redaction import Redaction
from preparation.thriftline_preparation.rows import (
    MOST_LABEL_CHARACTERS,
    MOST_RECORD_BYTES,
    RowWork,
)
from tests.unit.preparation.configurations import CARD, EMAIL, IBAN, configuration, document
from thriftline.datasets import personal_patterns
from thriftline.datasets.engine import texts
from thriftline.datasets.engine.personal_data import find_personal_data
from thriftline.datasets.engine.rules import DatasetRules
from thriftline.runs.domain.prepared_config import redaction_pattern

ROOT = Path(__file__).parents[2]
README = (ROOT / "preparation/README.md").read_text(encoding="utf-8")
SCHEMA = json.loads((ROOT / "preparation/config.schema.json").read_text(encoding="utf-8"))
PATTERNS = {
    name: redaction_pattern(name) for name in ("email", "iban", "card", "phone", "local_phone")
}
REDACTION = Redaction([Pattern(**pattern) for pattern in PATTERNS.values()])
VALUES = [
    "joe.doe+x@mail.example.com", "4111 1111 1111 1111", "3782 822463 10005", "+49 30 1234567",
    "DE89 3704 0044 0532 0130 00", "GB82WEST12345698765432", "(555) 123-4567", "555-123-4567",
]  # fmt: skip
some_text = st.lists(
    st.sampled_from([*VALUES, *"@+-. ()<_\n4", "2222", "x", "\u00e9", "@b.co", "411111", "DE89"])
    | st.text(max_size=3),
    max_size=10,
).map("".join)


def found(text: str) -> list[str]:
    return [code for code, places in find_personal_data(text.encode()).items() if places]


@pytest.mark.parametrize("value", VALUES)
def test_what_the_validator_finds_is_replaced(value: str) -> None:
    text = f"before {value} after"
    assert found(text)

    redacted, counts = REDACTION.redacted(text)

    assert not found(redacted)
    assert sum(counts.values()) >= 1
    assert value not in redacted


@given(some_text)
def test_the_validator_finds_nothing_in_a_redacted_text(text: str) -> None:
    clean = clean_text(text)
    redacted, _ = REDACTION.redacted(clean)

    assert not found(redacted)
    assert not personal_patterns.holds_personal_data(redacted)


def test_the_patterns_of_the_tests_are_those_that_a_run_is_given() -> None:
    for pattern in (EMAIL, CARD, IBAN):
        assert PATTERNS[pattern["name"]] == pattern


@given(st.text(alphabet=st.characters(), max_size=12))
def test_what_the_validator_takes_for_blank_is_removed(text: str) -> None:
    kept = RowWork(configuration()).judged(text, None, "a label")

    assert is_blank(text) == texts.is_blank(text)
    assert kept.reason == "empty_text" or not texts.is_blank(kept.text or "")


@given(st.text(alphabet=st.characters(), max_size=30))
def test_the_validator_finds_no_control_character_in_a_cleaned_text(text: str) -> None:
    clean = clean_text(text)
    encoded = texts.encode_texts([clean])

    assert encoded is None or not encoded.suspicious()["control_characters"]


def test_no_row_is_longer_than_the_validator_takes() -> None:
    assert DatasetRules().max_record_bytes > MOST_RECORD_BYTES
    assert DatasetRules().max_label_characters == MOST_LABEL_CHARACTERS


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"near_duplicates": {"threshold": 0.8}},
        {"near_duplicates": {}},
        {"labels": None},
        {"labels": {"map": {"a": "b"}, "unmapped": "drop"}},
        {"filters": {"languages": ["en"], "min_characters": 3}},
        {"balance": {"max_per_label": 5}},
        {"redact": ["email"]},
        {"columns": {"text": "a", "label": "b"}},
        {"format": "xlsx"},
        {"sources": []},
        {"columns": {"text": "a"}},
        {"columns": {"text": "", "label": "b"}},
        {"labels": {"map": {"a": 5}}},
        {"labels": {"unmapped": "ignore"}},
        {"filters": {"min_characters": 0}},
        {"filters": {"languages": ["English"]}},
        {"near_duplicates": {"threshold": 0.4}},
        {"balance": {"max_per_label": 0}},
        {"split": {"test_fraction": 1.0}},
        {"patterns": [{"name": "A", "regex": "a"}]},
        {"patterns": [{"name": "a", "regex": "a", "more": 1}]},
        {"seed": -1},
        {"seed": 1 << 32},
        {"schema_version": "2.0"},
        {"output": ""},
        {"unknown": 1},
    ],
)
def test_schema_and_program_take_the_same_configurations(changes: dict[str, Any]) -> None:
    value = document(**changes)
    by_schema = jsonschema.Draft202012Validator(SCHEMA).is_valid(value)
    try:
        read_config(json.dumps(value))
        by_program = True
    except PreparationError:
        by_program = False

    assert by_schema == by_program


def test_the_contract_names_every_field_error_reason_and_output() -> None:
    fields = set(SCHEMA["properties"])
    for section in SCHEMA["properties"].values():
        fields |= set(section.get("properties", {}))
    names = set(re.findall(r"`([a-z_.]+)`", README))

    assert fields - names == set()
    assert set(errors.CODES) - names == set()
    assert set(reasons.REASONS) - names == set()
    assert {"manifest.json", "preparation.json", "index.html", "error.json"} <= names
