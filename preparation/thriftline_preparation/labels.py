"""Which label each spelling in the raw data is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .cleaning import clean_label

if TYPE_CHECKING:
    from collections.abc import Mapping


class LabelMap:
    """Finds a label by its exact spelling, then cleaned, then without regard to case.

    A spelling that is the name of a label itself is that label, unless the map says otherwise.
    """

    def __init__(self, spellings: Mapping[str, str]) -> None:
        self._is_given = bool(spellings)
        labels = {raw: clean_label(label) for raw, label in spellings.items()}
        self._exact = labels
        named = {label: label for label in labels.values()}
        self._cleaned = {**named, **_unambiguous({raw: clean_label(raw) for raw in labels}, labels)}
        folded = {raw: raw.casefold() for raw in self._cleaned}
        self._folded = _unambiguous(folded, self._cleaned)

    def label_of(self, raw: str) -> str | None:
        """Returns the label; None where the map has none. An empty map only cleans."""
        if not self._is_given:
            return clean_label(raw)
        if raw in self._exact:
            return self._exact[raw]
        cleaned = clean_label(raw)
        if cleaned in self._cleaned:
            return self._cleaned[cleaned]
        return self._folded.get(cleaned.casefold())


def _unambiguous(keys: Mapping[str, str], labels: Mapping[str, str]) -> dict[str, str]:
    """Returns the label of each key; not of one that would stand for two labels."""
    found: dict[str, str] = {}
    unclear = set()
    for raw, key in keys.items():
        if found.setdefault(key, labels[raw]) != labels[raw]:
            unclear.add(key)
    return {key: label for key, label in found.items() if key not in unclear}
