"""Several labels a record: what a value of the label column says, and one name for each set.

A set is known by its labels in order, written as a JSON list. Everything that compares or splits
rows treats it as one class; only counts are taken label by label.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from thriftline.core.dataclass import dataclass
from thriftline.core.wording import counted
from thriftline.datasets.engine.labels import UnnamedClass, plain_label, type_rule
from thriftline.datasets.engine.rules import DatasetRules

LIST_EXPECTED = "a text where a list of labels is expected; name columns.label_separator"


@dataclass(frozen=True, slots=True)
class LabelSet:
    """The labels of one record; ``problem`` is the code of a check and ``rule`` says more."""

    labels: tuple[str, ...] = ()
    kinds: frozenset[str] = frozenset()
    repeats: bool = False
    problem: str | None = None
    rule: str | None = None


def read_label_set(value: Any, rules: DatasetRules) -> LabelSet:
    """Reads a list of labels, or a text with a separator between them."""
    if type(value) is str:
        return _from_text(value, rules)
    if type(value) is not list:
        code, _ = plain_label(value)
        known = code in ("missing_column", "missing_label")
        return LabelSet(
            problem=code if known else "unsupported_value_type",
            rule=None if known else f"{type_rule(value)} where a list of labels is expected",
        )
    unnamed = next((one for one in value if type(one) is UnnamedClass), None)
    if unnamed is not None:
        return LabelSet(problem="unsupported_value_type", rule=type_rule(unnamed))
    return _checked([plain_label(one) for one in value], rules)


def _from_text(value: str, rules: DatasetRules) -> LabelSet:
    separator = rules.label_separator
    if separator is None:
        return LabelSet(problem="unsupported_value_type", rule=LIST_EXPECTED)
    if value.startswith("[") and value.endswith("]"):
        rule = f"a list that is written as text; write its labels with {separator!r} between them"
        return LabelSet(problem="unsupported_value_type", rule=rule)
    names = (name.strip() for name in value.split(separator))
    return _checked([("string", name) for name in names if name], rules)


def _checked(found: list[tuple[str, str]], rules: DatasetRules) -> LabelSet:
    for kind, name in found:
        if kind not in ("string", "integer", "boolean"):
            return LabelSet(problem="unsupported_value_type", rule="not every label is a text")
        if not name or name.isspace():
            return LabelSet(problem="missing_label", rule="one of the labels is blank")
        if len(name) > rules.max_label_characters:
            rule = f"longer than {counted(rules.max_label_characters, 'character')}"
            return LabelSet(problem="over_long_label", rule=rule)
    names = sorted({name for _, name in found})
    kinds = frozenset(kind for kind, _ in found)
    return LabelSet(tuple(names), kinds, repeats=len(names) < len(found))


def key_of(labels: Iterable[str]) -> str:
    """The name of a set whose labels are in order."""
    return orjson.dumps(list(labels)).decode()


def labels_of(key: str) -> list[str]:
    """The labels of a set by its name."""
    labels: list[str] = orjson.loads(key)
    return labels


def rows_by_label(rows_by_set: Mapping[str, int]) -> dict[str, int]:
    """How many rows have each label, in the order of its first set."""
    rows: dict[str, int] = {}
    for key, count in rows_by_set.items():
        for label in labels_of(key):
            rows[label] = rows.get(label, 0) + count
    return rows
