"""The configuration of one preparation: what each field means and may be."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from . import SCHEMA_VERSION
from .config_fields import (
    each,
    flag,
    known_only,
    number,
    one_of,
    refuse,
    section,
    shown,
    text,
    texts,
    whole,
)
from .errors import PreparationError

if TYPE_CHECKING:
    from collections.abc import Mapping

FORMATS = ("auto", "csv", "jsonl", "parquet")
UNMAPPED = ("keep", "drop", "refuse")
CONFLICTS = ("drop", "majority", "refuse")
CHECKS = ("none", "luhn", "iban")
LEAST_THRESHOLD = 0.5
MOST_CHARACTERS = 1_000_000
SEEDS = (1 << 32) - 1
ROWS_PER_SHARD = 500_000
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
_LANGUAGE = re.compile(r"[a-z]{2,3}")
_FIELDS = (
    "schema_version", "run_id", "sources", "format", "columns", "labels", "filters",
    "exact_duplicates", "near_duplicates", "conflicts", "redact", "patterns", "balance", "split",
    "seed", "max_rows_per_shard", "output",
)  # fmt: skip


@dataclass(frozen=True)
class Columns:
    """What the columns of the raw files are called."""

    text: str
    text_pair: str | None
    label: str

    @property
    def wanted(self) -> tuple[str, ...]:
        """Every column that a file must have."""
        return tuple(name for name in (self.text, self.text_pair, self.label) if name is not None)


@dataclass(frozen=True)
class Labels:
    """Which label each spelling is, and what happens to one that is none of them."""

    map: Mapping[str, str]
    unmapped: str


@dataclass(frozen=True)
class Filters:
    """What a text must be; None is no limit."""

    min_characters: int | None
    max_characters: int | None
    languages: tuple[str, ...]


@dataclass(frozen=True)
class Pattern:
    """What one kind of personal data looks like, and what takes its place.

    ``regex`` is one of bytes, as the validator's; ``check`` holds a match to its check digits.
    ``lead`` matches what belongs to the value but lies before the match, such as the name in
    an e-mail address.
    """

    name: str
    regex: str
    check: str
    replacement: str
    lead: str | None = None


@dataclass(frozen=True)
class Split:
    """Which shares of the rows are kept for validation and test; the rest is for training."""

    validation_fraction: float
    test_fraction: float


@dataclass(frozen=True)
class Config:
    """One preparation, checked."""

    run_id: str
    sources: tuple[str, ...]
    format: str
    columns: Columns
    labels: Labels
    filters: Filters
    exact_duplicates: bool
    near_duplicates: float | None
    conflicts: str
    redact: tuple[str, ...]
    patterns: tuple[Pattern, ...]
    max_per_label: int | None
    split: Split
    seed: int
    max_rows_per_shard: int
    output: str
    sha256: str

    @property
    def redacted(self) -> tuple[Pattern, ...]:
        """The patterns whose values are replaced."""
        return tuple(one for one in self.patterns if one.name in self.redact)


def read_config(document: str) -> Config:
    """Returns the configuration that a JSON document states.

    Raises:
        PreparationError: it is not JSON, or a field breaks its rule; the message names it.
    """
    try:
        value = json.loads(document.lstrip("\ufeff"))
    except ValueError as error:
        raise PreparationError(
            "config", f"config: it is not JSON: {error}. Write one object."
        ) from None
    if not isinstance(value, dict):
        raise PreparationError("config", f"config: it is {shown(value)}. Write one object.")
    known_only("", value, _FIELDS)
    version = value.get("schema_version")
    if version != SCHEMA_VERSION:
        rule = f"must be `{SCHEMA_VERSION}`, not {shown(version)}"
        raise refuse(
            "schema_version", rule, "Use the program that was made for this configuration."
        )
    return _config(value, hashlib.sha256(document.encode("utf-8", "surrogatepass")).hexdigest())


def _config(value: Mapping[str, Any], sha256: str) -> Config:
    patterns = each(value, "patterns", _pattern)
    return Config(
        run_id=text(value, "run_id"),
        sources=texts(value, "sources", least=1),
        format=one_of(value, "format", FORMATS, "auto"),
        columns=_columns(value),
        labels=_labels(value),
        filters=_filters(value),
        exact_duplicates=flag(value, "exact_duplicates", True),
        near_duplicates=_near_duplicates(value),
        conflicts=one_of(value, "conflicts", CONFLICTS, "drop"),
        redact=_redact(value, patterns),
        patterns=patterns,
        max_per_label=_max_per_label(value),
        split=_split(value),
        seed=whole(value, "seed", 0, SEEDS, 42) or 0,
        max_rows_per_shard=whole(value, "max_rows_per_shard", 1, 10**9, ROWS_PER_SHARD)
        or ROWS_PER_SHARD,
        output=text(value, "output").rstrip("/"),
        sha256=sha256,
    )


def _columns(value: Mapping[str, Any]) -> Columns:
    given = section(value, "columns", ("text", "text_pair", "label"))
    columns = Columns(
        text(given, "columns.text"),
        text(given, "columns.text_pair", None),
        text(given, "columns.label"),
    )
    if len(set(columns.wanted)) < len(columns.wanted):
        raise refuse("columns", "names one column twice", "Text, pair and label are three columns.")
    return columns


def _labels(value: Mapping[str, Any]) -> Labels:
    given = _optional(value, "labels", ("map", "unmapped"))
    spellings = given.get("map") or {}
    if not isinstance(spellings, dict):
        raise refuse("labels.map", f"must be an object, not {shown(spellings)}", "Give raw: label.")
    for raw, label in spellings.items():
        if not isinstance(label, str) or not label.strip():
            place = f"labels.map[{shown(raw)}]"
            raise refuse(place, f"must be a label, not {shown(label)}", "Put it in quotes.")
        if not raw.strip():
            fix = "Rows without a label cannot be mapped; leave it out."
            raise refuse("labels.map", "has a blank spelling", fix)
    return Labels(dict(spellings), one_of(given, "labels.unmapped", UNMAPPED, "refuse"))


def _filters(value: Mapping[str, Any]) -> Filters:
    given = _optional(value, "filters", ("min_characters", "max_characters", "languages"))
    least = whole(given, "filters.min_characters", 1, MOST_CHARACTERS)
    most = whole(given, "filters.max_characters", 1, MOST_CHARACTERS)
    if least is not None and most is not None and least > most:
        rule = f"({least:,}) is more than `filters.max_characters` ({most:,})"
        raise refuse("filters.min_characters", rule, "No text could pass both; change one.")
    languages = texts(given, "filters.languages")
    for language in languages:
        if not _LANGUAGE.fullmatch(language):
            rule = f"has {shown(language)}, which is no ISO 639 code"
            raise refuse("filters.languages", rule, "Write two letters, such as `en`.")
    return Filters(least, most, languages)


def _near_duplicates(value: Mapping[str, Any]) -> float | None:
    if value.get("near_duplicates") is None:
        return None
    given = section(value, "near_duplicates", ("threshold",))
    return number(given, "near_duplicates.threshold", LEAST_THRESHOLD, 1.0, 0.8)


def _max_per_label(value: Mapping[str, Any]) -> int | None:
    given = _optional(value, "balance", ("max_per_label",))
    return whole(given, "balance.max_per_label", 1, 10**12)


def _split(value: Mapping[str, Any]) -> Split:
    given = _optional(value, "split", ("validation_fraction", "test_fraction"))
    split = Split(
        number(given, "split.validation_fraction", 0.0, 0.9, 0.1),
        number(given, "split.test_fraction", 0.0, 0.9, 0.1),
    )
    if split.validation_fraction + split.test_fraction > 0.9:
        rule = "leaves less than a tenth of the rows for training"
        raise refuse("split", rule, "Lower one of the two fractions.")
    return split


def _redact(value: Mapping[str, Any], patterns: tuple[Pattern, ...]) -> tuple[str, ...]:
    names = texts(value, "redact")
    known = [one.name for one in patterns]
    for name in names:
        if name not in known:
            rule = f"names {shown(name)}, of which `patterns` has none"
            raise refuse("redact", rule, f"Known are: {', '.join(known) or 'none'}.")
    twice = [name for name in known if known.count(name) > 1]
    if twice:
        raise refuse("patterns", f"has `{twice[0]}` twice", "Give each pattern its own name.")
    return names


def _pattern(field: str, value: Any) -> Pattern:
    names = ("name", "regex", "check", "replacement", "lead")
    if not isinstance(value, dict):
        raise refuse(field, f"must be an object, not {shown(value)}", "Give name and regex.")
    known_only(field, value, names)
    name = text(value, f"{field}.name")
    if not _NAME.fullmatch(name):
        rule = f"must be a word of small letters, digits and `_`, not {shown(name)}"
        raise refuse(f"{field}.name", rule, "Write for example `email`.")
    pattern = Pattern(
        name,
        text(value, f"{field}.regex"),
        one_of(value, f"{field}.check", CHECKS, "none"),
        text(value, f"{field}.replacement", f"<{name.upper()}>"),
        text(value, f"{field}.lead", None),
    )
    for key, regex in (("regex", pattern.regex), ("lead", pattern.lead)):
        if regex is not None:
            _check_regex(f"{field}.{key}", regex)
    if re.search(pattern.regex.encode(), pattern.replacement.encode()):
        rule = "matches the pattern itself"
        raise refuse(f"{field}.replacement", rule, f"Write for example `<{name.upper()}>`.")
    return pattern


def _check_regex(field: str, regex: str) -> None:
    try:
        compiled = re.compile(regex.encode("ascii"))
    except UnicodeEncodeError:
        rule = "has a character outside ASCII"
        raise refuse(field, rule, "It is matched against UTF-8; write bytes as \\xNN.") from None
    except re.error as error:
        raise refuse(field, f"is no regular expression: {error}", "Correct it.") from None
    if compiled.match(b""):
        raise refuse(field, "matches an empty text", "Let it match one character or more.")


def _optional(value: Mapping[str, Any], name: str, names: tuple[str, ...]) -> Mapping[str, Any]:
    return section(value, name, names) if value.get(name) is not None else {}
