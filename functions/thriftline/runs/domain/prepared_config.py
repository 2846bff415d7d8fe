"""The configuration of the program of ``preparation/``, out of what run.yaml says."""

from collections.abc import Mapping, Sequence
from typing import Any

from thriftline.datasets.personal_patterns import CARD, EMAIL, IBAN, LOCAL_PHONE, PHONE

# The program writes shards of at most so many rows.
ROWS_PER_SHARD = 500_000
# The validator finds an address by its domain; what stands before the sign goes as well.
_LEADS: Mapping[str, str] = {"email": r"[A-Za-z0-9._%+-]{1,64}"}
# In this order: a card is no telephone number, and an IBAN is neither.
_PATTERNS: Mapping[str, tuple[str, str, str]] = {
    "email": (EMAIL.pattern.decode(), "none", "<EMAIL>"),
    "iban": (IBAN.pattern.decode(), "iban", "<IBAN>"),
    "card": (CARD.pattern.decode(), "luhn", "<CARD>"),
    "phone": (PHONE.pattern.decode(), "none", "<PHONE>"),
    "local_phone": (LOCAL_PHONE.pattern.decode(), "none", "<PHONE>"),
}


def preparation_config(
    prepare: Mapping[str, Any], *, run_id: str, seed: int, sources: Sequence[str], output: str
) -> dict[str, Any]:
    """Returns ``config.json`` as ``preparation/config.schema.json`` describes it.

    Args:
        prepare: the section of the run spec with its defaults filled in.
        run_id: the run.
        seed: of splits and samples.
        sources: the raw files.
        output: the prefix that the program writes.
    """
    labels = dict(prepare["labels"])
    return {
        "schema_version": "1.0",
        "run_id": run_id,
        "sources": list(sources),
        "format": prepare["format"],
        "columns": dict(prepare["columns"]),
        # Without a map every label is one that it does not name.
        "labels": {"map": labels, "unmapped": prepare["unmapped_labels"] if labels else "keep"},
        "filters": {**prepare["filters"], "languages": _list(prepare["filters"]["languages"])},
        "exact_duplicates": True,
        "near_duplicates": prepare["near_duplicates"] and dict(prepare["near_duplicates"]),
        "conflicts": prepare["conflicts"],
        "redact": [name for name in _PATTERNS if name in prepare["redact"]],
        # All of them, since examples in the report never show such a value.
        "patterns": [redaction_pattern(name) for name in _PATTERNS],
        "balance": dict(prepare["balance"]),
        "split": dict(prepare["split"]),
        "seed": seed,
        "max_rows_per_shard": ROWS_PER_SHARD,
        "output": output,
    }


def redaction_pattern(name: str) -> dict[str, str]:
    """Returns what is looked for under a name, what a match must pass, and what it becomes."""
    regex, check, replacement = _PATTERNS[name]
    pattern = {"name": name, "regex": regex, "check": check, "replacement": replacement}
    return {**pattern, "lead": _LEADS[name]} if name in _LEADS else pattern


def _list(values: Sequence[str] | None) -> list[str] | None:
    return None if values is None else list(values)
