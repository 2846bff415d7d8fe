"""Numbers the labels of blocks, and says which values are no labels."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from thriftline.core.wording import counted
from thriftline.datasets.engine.findings import FindingPlace, Findings
from thriftline.datasets.engine.label_sets import LabelSet, key_of, read_label_set
from thriftline.datasets.engine.labels import plain_label, type_rule
from thriftline.datasets.engine.profile import BLANK, NOT_A_LABEL, TOO_LONG, TOO_MANY, RangeProfile
from thriftline.datasets.engine.rules import DatasetRules

Codes = NDArray[np.int64]
_MOST_KNOWN = 100_000


class Problem(NamedTuple):
    """One failure of one record of a block; ``row`` counts within the block."""

    row: int
    field: str
    code: str
    rule: str | None


class LabelCoder:
    """One label a record."""

    def __init__(self, rules: DatasetRules, profile: RangeProfile) -> None:
        self._rules = rules
        self._profile = profile

    def code(self, labels: list[Any], lines: Sequence[int]) -> tuple[Codes, list[Problem]]:
        """Returns the number of each label, negative where it is none, and what is wrong."""
        profile = self._profile
        problems: list[Problem] = []
        try:
            codes = np.fromiter(map(profile.codes.__getitem__, labels), np.int64, len(labels))
            profile.label_types.add("string", lines, len(labels))
        except TypeError:
            names, problems = self._plain_labels(labels, lines)
            codes = np.fromiter(map(profile.codes.__getitem__, names), np.int64, len(names))
        if problems:
            codes[[problem.row for problem in problems]] = NOT_A_LABEL
        if codes.min() < 0:
            problems += self._refused_labels(codes)
        profile.count_labels(codes)
        return codes, problems

    def _plain_labels(
        self, labels: list[Any], lines: Sequence[int]
    ) -> tuple[list[str], list[Problem]]:
        """Turns labels of any type into strings; what is no label becomes a problem."""
        field = self._rules.label_column
        names: list[str] = []
        problems: list[Problem] = []
        kinds: dict[str, list[int]] = {}
        for index, label in enumerate(labels):
            kind, name = plain_label(label)
            names.append(name)
            if kind in ("string", "integer", "boolean"):
                kinds.setdefault(kind, []).append(lines[index])
            else:
                rule = _single_rule(label) if kind == "unsupported_value_type" else None
                problems.append(Problem(index, field, kind, rule))
        for kind, kind_lines in kinds.items():
            self._profile.label_types.add(kind, kind_lines, len(kind_lines))
        return names, problems

    def _refused_labels(self, codes: Codes) -> list[Problem]:
        field = self._rules.label_column
        long_rule = f"longer than {counted(self._rules.max_label_characters, 'character')}"
        return [
            Problem(row, field, code, rule)
            for refused, code, rule in (
                (BLANK, "missing_label", None),
                (TOO_LONG, "over_long_label", long_rule),
            )
            for row in np.flatnonzero(codes == refused).tolist()
        ]


def _single_rule(label: object) -> str:
    more = "; for several labels a record, say task: multi-label-classification"
    return type_rule(label) + (more if type(label) is list else "")


class LabelSetCoder:
    """Any number of labels a record: each set of labels gets one number."""

    def __init__(self, rules: DatasetRules, profile: RangeProfile, findings: Findings) -> None:
        self._rules = rules
        self._profile = profile
        self._findings = findings
        self._known: dict[Any, LabelSet] = {}

    def code(self, labels: list[Any], lines: Sequence[int]) -> tuple[Codes, list[Problem]]:
        """Returns the number of each set, negative where it is none, and what is wrong."""
        field = self._rules.label_column
        codes = np.empty(len(labels), np.int64)
        problems: list[Problem] = []
        for row, value in enumerate(labels):
            found = self._read(value)
            if found.problem is not None:
                problems.append(Problem(row, field, found.problem, found.rule))
                codes[row] = NOT_A_LABEL
                continue
            codes[row] = self._profile.codes[key_of(found.labels)]
            for kind in found.kinds:
                self._profile.label_types.add(kind, (lines[row],), 1)
            if found.repeats:
                self._findings.add_many(
                    "repeated_label", 1, [FindingPlace(lines[row], None, field)]
                )
        self._profile.count_labels(codes)
        return codes, problems

    def _read(self, value: Any) -> LabelSet:
        """Remembers what texts and lists of texts mean: 1 and true would be mistaken."""
        if type(value) is list and set(map(type, value)) <= {str}:
            key: Any = tuple(value)
        elif type(value) is str:
            key = value
        else:
            return read_label_set(value, self._rules)
        found = self._known.get(key)
        if found is None:
            if len(self._known) >= _MOST_KNOWN:
                self._known.clear()
            found = self._known[key] = read_label_set(value, self._rules)
        return found


def too_many(codes: Codes) -> Codes:
    """Labels beyond the most are not told apart any more, and stay in the comparison of rows."""
    return np.where(codes == TOO_MANY, 0, codes)
