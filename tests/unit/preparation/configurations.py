"""Configurations for tests of the preparation."""

import json
from typing import Any

from preparation.thriftline_preparation.config import Config, read_config

EMAIL = {
    "name": "email",
    "regex": r"@(?<=[A-Za-z0-9_%+-]@)[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})+",
    "check": "none",
    "replacement": "<EMAIL>",
    "lead": "[A-Za-z0-9._%+-]{1,64}",
}
CARD = {
    "name": "card",
    "regex": r"\b(?:3[47]\d\d[ -]?\d{6}[ -]?\d{5}|[2-6]\d{3}[ -]?\d{4}[ -]?\d{4}[ -]?\d{1,7})\b",
    "check": "luhn",
    "replacement": "<CARD>",
}
IBAN = {
    "name": "iban",
    "regex": r"\b[A-Z]{2}\d\d(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b",
    "check": "iban",
    "replacement": "<IBAN>",
}


def document(**changes: Any) -> dict[str, Any]:
    """A configuration with the given fields in place of the usual ones."""
    return {
        "schema_version": "1.0",
        "run_id": "run-1",
        "sources": ["s3://raw/reviews/"],
        "format": "auto",
        "columns": {"text": "text", "text_pair": None, "label": "label"},
        "labels": {"map": {}, "unmapped": "refuse"},
        "filters": {"min_characters": None, "max_characters": None, "languages": None},
        "exact_duplicates": True,
        "near_duplicates": None,
        "conflicts": "drop",
        "redact": [],
        "patterns": [EMAIL, CARD, IBAN],
        "balance": {"max_per_label": None},
        "split": {"validation_fraction": 0.1, "test_fraction": 0.1},
        "seed": 42,
        "max_rows_per_shard": 1000,
        "output": "s3://out/run-1",
        **changes,
    }


def configuration(**changes: Any) -> Config:
    """The same, read."""
    return read_config(json.dumps(document(**changes)))
