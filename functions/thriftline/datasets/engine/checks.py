"""The checks on parsed records, a block at a time.

A clean block costs a few passes in C over whole columns. Only where one of them says that
something is wrong does Python look at single values.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from thriftline.datasets.engine.blocks import MISSING, Block
from thriftline.datasets.engine.findings import Findings, Spot
from thriftline.datasets.engine.profile import BLANK, NOT_A_LABEL, TOO_LONG, TOO_MANY, RangeProfile
from thriftline.datasets.engine.rules import DatasetRules
from thriftline.datasets.engine.spill import HashSpill
from thriftline.datasets.engine.texts import EncodedTexts, encode_texts, is_blank, text_hashes

Codes = NDArray[np.int64]


class Problem(NamedTuple):
    """One failure of one record of a block; ``row`` counts within the block."""

    row: int
    field: str
    code: str
    rule: str | None


class RecordChecker:
    """Checks blocks in order, and adds what it learns to the range's profile."""

    def __init__(
        self, rules: DatasetRules, findings: Findings, profile: RangeProfile, spill: HashSpill
    ) -> None:
        self._rules = rules
        self._findings = findings
        self._profile = profile
        self._spill = spill

    def check(self, block: Block) -> None:
        """Checks every record of a block."""
        if not block.texts:
            return
        self._profile.rows += len(block.texts)
        codes, problems = self._label_codes(block.labels, block.lines)
        problems += self._repeated_headers(block, codes)
        lines = _line_numbers(block.lines)
        columns = self._text_columns(block)
        encoded = [encode_texts(values) for _, values in columns]
        if not all(encoded):
            found = [one for name, values in columns for one in text_problems(values, name)]
            problems += found
            unusable = {problem.row for problem in found}
            usable = [row for row in range(len(block.texts)) if row not in unusable]
            columns = [(name, [values[row] for row in usable]) for name, values in columns]
            encoded = [encode_texts(values) for _, values in columns]
            codes, lines = codes[usable], lines[usable]
        self._add_problems(problems, block.lines)
        texts = [column for column in encoded if column is not None]
        if len(lines):
            self._check_texts(columns, texts, lines)
            self._spill_hashes(texts, codes, lines)

    def _text_columns(self, block: Block) -> list[tuple[str, list[Any]]]:
        columns = [(self._rules.text_column, block.texts)]
        if block.pairs is not None and self._rules.text_pair_column is not None:
            columns.append((self._rules.text_pair_column, block.pairs))
        return columns

    def _add_problems(
        self, problems: list[Problem], lines: Sequence[int] | NDArray[np.uint32]
    ) -> None:
        order = {name: place for place, name in enumerate(self._rules.columns)}
        by_code: dict[str, list[Problem]] = {}
        for problem in problems:
            by_code.setdefault(problem.code, []).append(problem)
        for code, found in by_code.items():
            found.sort(key=lambda problem: (problem.row, order[problem.field]))
            spots = [Spot(int(lines[p.row]), None, p.field, p.rule) for p in found[:20]]
            self._findings.add_many(code, len(found), spots)

    def _label_codes(self, labels: list[Any], lines: Sequence[int]) -> tuple[Codes, list[Problem]]:
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
        valid = codes
        if codes.min() < 0:
            problems += self._refused_labels(codes)
            valid = codes[codes >= 0]
        counts = np.bincount(valid)
        profile.label_rows[: len(counts)] += counts
        return codes, problems

    def _repeated_headers(self, block: Block, codes: Codes) -> list[Problem]:
        """Rows that hold the columns' own names: files that were put together as they were."""
        label, text = self._rules.label_column, self._rules.text_column
        known = [code for name, code in self._profile.codes.items() if name.strip() == label]
        if not known:
            return []
        return [
            Problem(row, label, "repeated_header", None)
            for row in np.flatnonzero(np.isin(codes, known)).tolist()
            if type(block.texts[row]) is str and block.texts[row].strip() == text
        ]

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
                rule = type_rule(label) if kind == "unsupported_value_type" else None
                problems.append(Problem(index, field, kind, rule))
        for kind, kind_lines in kinds.items():
            self._profile.label_types.add(kind, kind_lines, len(kind_lines))
        return names, problems

    def _refused_labels(self, codes: Codes) -> list[Problem]:
        field = self._rules.label_column
        long_rule = f"longer than {self._rules.max_label_characters} characters"
        return [
            Problem(row, field, code, rule)
            for refused, code, rule in (
                (BLANK, "missing_label", None),
                (TOO_LONG, "over_long_label", long_rule),
            )
            for row in np.flatnonzero(codes == refused).tolist()
        ]

    def _check_texts(
        self,
        columns: list[tuple[str, list[str]]],
        encoded: list[EncodedTexts],
        lines: NDArray[np.uint32],
    ) -> None:
        lengths = np.zeros(len(lines), np.int64)
        problems = []
        for (name, texts), column in zip(columns, encoded, strict=True):
            lengths += column.characters(texts)
            problems += [
                Problem(row, name, code, None)
                for code, positions in column.suspicious().items()
                for row in column.rows_of(positions)
            ]
        self._profile.lengths.add(lengths)
        self._add_problems(problems, lines)

    def _spill_hashes(
        self, texts: list[EncodedTexts], codes: Codes, lines: NDArray[np.uint32]
    ) -> None:
        hashes = text_hashes([column.texts for column in texts], self._rules.seed)
        if codes.min() < 0:
            # Beyond the most labels, what a label is depends on what was read before it.
            codes = np.where(codes == TOO_MANY, 0, codes)
            keep = codes >= 0
            hashes, lines, codes = hashes[keep], lines[keep], codes[keep]
        self._spill.add(hashes, lines, codes)


def _line_numbers(lines: "range | list[int]") -> NDArray[np.uint32]:
    if isinstance(lines, range):
        return np.arange(lines.start, lines.stop, dtype=np.uint32)
    return np.array(lines, np.uint32)


def text_problems(values: list[Any], field: str) -> list[Problem]:
    """Texts that are missing, empty or no text."""
    problems = []
    for index, value in enumerate(values):
        if value is MISSING:
            problems.append(Problem(index, field, "missing_column", None))
        elif value is None:
            problems.append(Problem(index, field, "empty_text", "null"))
        elif type(value) is not str:
            problems.append(Problem(index, field, "unsupported_value_type", type_rule(value)))
        elif not value or value.isspace():
            problems.append(Problem(index, field, "empty_text", None))
        elif is_blank(value):
            problems.append(Problem(index, field, "empty_text", "no character that can be seen"))
    return problems


def plain_label(label: Any) -> tuple[str, str]:
    """The label's type and the string it becomes; the code of a check if it is no label."""
    if type(label) is str:
        return "string", label
    if type(label) is bool:
        return "boolean", "true" if label else "false"
    if type(label) is int:
        return "integer", str(label)
    if label is MISSING:
        return "missing_column", ""
    if label is None:
        return "missing_label", ""
    return "unsupported_value_type", ""


def type_rule(value: object) -> str:
    """Names a type in the words of data files."""
    names = {"int": "number", "float": "number with decimals", "bool": "boolean", "dict": "object"}
    kind = type(value).__name__
    return f"a {names.get(kind, kind)}"
