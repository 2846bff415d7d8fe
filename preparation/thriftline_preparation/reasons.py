"""Why rows are removed, and what is changed in those that stay: in words for a person."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .rows import MOST_LABEL_CHARACTERS, MOST_RECORD_BYTES

if TYPE_CHECKING:
    from .config import Config

STAGES = {
    "read": "Read",
    "clean": "Clean",
    "labels": "Map labels",
    "filter": "Filter",
    "redact": "Redact",
    "exact_duplicates": "Exact duplicates",
    "conflicts": "Conflicts",
    "near_duplicates": "Near-duplicates",
    "balance": "Balance",
}


@dataclass(frozen=True)
class Reason:
    """One reason: the stage it belongs to, a few words, and a sentence for the report."""

    stage: str
    short: str
    why: str

    def sentence(self, config: Config) -> str:
        """Returns the sentence, with the limits of the configuration."""
        return self.why.format(
            least=config.filters.min_characters,
            most=config.filters.max_characters,
            languages=", ".join(config.filters.languages),
            threshold=config.near_duplicates,
            quota=f"{config.max_per_label or 0:,}",
            rule=_CONFLICTS[config.conflicts],
            bytes=f"{MOST_RECORD_BYTES:,}",
            label=MOST_LABEL_CHARACTERS,
        )


@dataclass(frozen=True)
class Change:
    """What is changed in rows that stay."""

    stage: str
    why: str

    def said(self, name: str) -> str:
        """Returns the sentence; ``name`` is that of a pattern."""
        return self.why.format(name=name)


_CONFLICTS = {
    "drop": "all of them are removed",
    "majority": "those without the label of the most copies are removed",
    "refuse": "they are refused",
}
REASONS = {
    "unreadable": Reason(
        "read", "cannot be read", "No JSON object, or another number of fields than the header."
    ),
    "undecodable_bytes": Reason(
        "read", "are not UTF-8", "Bytes are not UTF-8: what they mean is not known."
    ),
    "unclosed_quote": Reason(
        "read", "have a quote that is not closed", "A quote is opened and not closed."
    ),
    "repeated_header": Reason(
        "read", "repeat the header", "The header stands among the rows: files were put together."
    ),
    "repeated_column": Reason(
        "read", "have a column twice", "A key of the record is there twice: which one is meant?"
    ),
    "missing_column": Reason(
        "read", "lack a column", "The record lacks one of the columns that the run names."
    ),
    "empty_text": Reason("clean", "have an empty text", "Nothing that can be seen is left."),
    "not_a_text": Reason(
        "clean", "have something other than a text", "A number, true, an object or a list."
    ),
    "empty_label": Reason("labels", "have no label", "The label is empty or null."),
    "not_a_label": Reason(
        "labels", "have a label of another type", "A label is a text, whole number or true/false."
    ),
    "long_label": Reason(
        "labels", "have a long label", "The label is longer than {label} characters."
    ),
    "unmapped_label": Reason(
        "labels", "have a label that the map lacks", "The label map has nothing for the label."
    ),
    "too_short": Reason("filter", "are too short", "The text is shorter than {least} characters."),
    "too_long": Reason("filter", "are too long", "The text is longer than {most} characters."),
    "other_language": Reason(
        "filter", "are in another language", "The text is in none of: {languages}."
    ),
    "over_record_limit": Reason(
        "filter", "are over the limit of a record", "The row takes more than {bytes} bytes."
    ),
    "exact_duplicate": Reason(
        "exact_duplicates",
        "are exact duplicates",
        "The same text with the same label is kept once.",
    ),
    "conflict": Reason(
        "conflicts",
        "have equal or nearly equal texts with different labels",
        "Equal or nearly equal texts have different labels: {rule}.",
    ),
    "near_duplicate": Reason(
        "near_duplicates",
        "are near-duplicates",
        "The text shares {threshold} or more of its word 3-grams with one that is kept.",
    ),
    "over_quota": Reason(
        "balance", "are over the limit of their label", "A label keeps {quota} rows at most."
    ),
}
CHANGES = {
    "cleaned": Change("clean", "White space, control characters or the Unicode form changed."),
    "cleaned_label": Change(
        "labels", "White space, control characters or the Unicode form of the label changed."
    ),
    "replacement_characters": Change(
        "clean", "The text holds U+FFFD: its file may not be UTF-8, and characters are lost."
    ),
    "redacted": Change("redact", "Values of the kind {name} were replaced."),
}


def stage_of(reason: str) -> str:
    """Returns the stage that a reason belongs to."""
    return REASONS[reason].stage
