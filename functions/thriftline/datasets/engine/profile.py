"""What one range adds up to: counts that add exactly, whatever the ranges are."""

from collections.abc import Iterable
from itertools import islice
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from thriftline.datasets.engine.findings import MAX_PLACES, CheckFailures, FindingPlace
from thriftline.datasets.engine.label_sets import labels_of
from thriftline.datasets.engine.labels import is_header
from thriftline.datasets.engine.rules import DatasetRules

EXACT_LENGTHS: Final = 16_384
BLANK, TOO_LONG, TOO_MANY, NOT_A_LABEL = -1, -2, -3, -4


class LengthHistogram:
    """Text lengths in characters: exact below 16,384, by steps of a 64th beyond."""

    def __init__(self, bins: dict[int, int] | None = None, total: int = 0, longest: int = 0):
        self.bins = bins or {}
        self.total = total
        self.longest = longest
        self._exact: NDArray[np.int64] = np.zeros(EXACT_LENGTHS, np.int64)

    def add(self, lengths: NDArray[np.int64]) -> None:
        """Counts texts."""
        if not len(lengths):
            return
        self.total += int(lengths.sum())
        longest = int(lengths.max())
        self.longest = max(self.longest, longest)
        if longest < EXACT_LENGTHS:
            self._exact[: longest + 1] += np.bincount(lengths)
            return
        self._exact += np.bincount(lengths[lengths < EXACT_LENGTHS], minlength=EXACT_LENGTHS)
        for length in lengths[lengths >= EXACT_LENGTHS].tolist():
            step = 1 << (length.bit_length() - 7)
            floor = length - length % step
            self.bins[floor] = self.bins.get(floor, 0) + 1

    def counts(self) -> dict[int, int]:
        """Number of texts by length, in order of length."""
        merged = dict(self.bins)
        for length in np.flatnonzero(self._exact).tolist():
            merged[length] = merged.get(length, 0) + int(self._exact[length])
        return dict(sorted(merged.items()))

    def merge(self, other: "LengthHistogram") -> None:
        """Adds another range's."""
        for length, count in other.counts().items():
            self.bins[length] = self.bins.get(length, 0) + count
        self.total += other.total
        self.longest = max(self.longest, other.longest)


class LabelCodes(dict[str, int]):
    """Labels numbered in the order of their first row; looking one up numbers it.

    What cannot be a class gets a negative number and is not kept.
    """

    def __init__(self, rules: DatasetRules) -> None:
        super().__init__()
        self.overflowed = False
        self.header_codes: list[int] = []
        """Labels that are the label column's own name."""
        self._rules = rules

    def __missing__(self, label: str) -> int:
        if type(label) is not str:
            raise TypeError("a label that is not a string")
        if not label or label.isspace():
            return BLANK
        rules = self._rules
        if not rules.multi_label and len(label) > rules.max_label_characters:
            return TOO_LONG
        if len(self) >= rules.max_classes:
            self.overflowed = True
            return TOO_MANY
        code = self[label] = len(self)
        names = labels_of(label) if rules.multi_label else [label]
        if any(is_header(name, rules.label_column) for name in names):
            self.header_codes.append(code)
        return code


class LabelTypes:
    """Rows and first places of each type of label; which type is odd is known at the end."""

    def __init__(self) -> None:
        self.found: dict[str, CheckFailures] = {}

    def add(self, kind: str, lines: Iterable[int], count: int) -> None:
        """Counts labels of one type."""
        found = self.found.setdefault(kind, CheckFailures())
        found.count += count
        room = MAX_PLACES - len(found.spots)
        if room > 0:
            found.spots.extend(FindingPlace(line) for line in islice(lines, room))

    def to_json(self) -> dict[str, Any]:
        """What a partial holds."""
        return {
            kind: {"count": found.count, "lines": [spot.line for spot in found.spots]}
            for kind, found in self.found.items()
        }


class RangeProfile:
    """All that one range counts beside its findings."""

    def __init__(self, rules: DatasetRules) -> None:
        self.rows = 0
        self.codes = LabelCodes(rules)
        self.label_rows: NDArray[np.int64] = np.zeros(rules.max_classes, np.int64)
        self.label_types = LabelTypes()
        self.lengths = LengthHistogram()

    def count_labels(self, codes: NDArray[np.int64]) -> None:
        """Counts the rows of each label; negative numbers are none."""
        counts = np.bincount(codes if codes.min() >= 0 else codes[codes >= 0])
        self.label_rows[: len(counts)] += counts

    def labels(self) -> dict[str, int]:
        """Rows of each label, in the order of their codes."""
        return {label: int(self.label_rows[code]) for label, code in self.codes.items()}
