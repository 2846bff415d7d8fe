"""The checks on parsed records, a block at a time.

A clean block costs a few passes in C over whole columns. Only where one of them says that
something is wrong does Python look at single values.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from thriftline.datasets.engine.blocks import MISSING, Block
from thriftline.datasets.engine.findings import FindingPlace, Findings
from thriftline.datasets.engine.label_coding import (
    Codes,
    LabelCoder,
    LabelSetCoder,
    Problem,
    too_many,
)
from thriftline.datasets.engine.labels import is_header, type_rule
from thriftline.datasets.engine.profile import RangeProfile
from thriftline.datasets.engine.rules import DatasetRules
from thriftline.datasets.engine.spill import HashSpill
from thriftline.datasets.engine.texts import EncodedTexts, encode_texts, is_blank, text_hashes


class RecordChecker:
    """Checks blocks in order, and adds what it learns to the range's profile."""

    def __init__(
        self, rules: DatasetRules, findings: Findings, profile: RangeProfile, spill: HashSpill
    ) -> None:
        self._rules = rules
        self._findings = findings
        self._profile = profile
        self._spill = spill
        self._coder = (
            LabelSetCoder(rules, profile, findings)
            if rules.multi_label
            else LabelCoder(rules, profile)
        )

    def check(self, block: Block) -> None:
        """Checks every record of a block."""
        if not block.texts:
            return
        self._profile.rows += len(block.texts)
        codes, problems = self._coder.code(block.labels, block.lines)
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
            spots = [FindingPlace(int(lines[p.row]), None, p.field, p.rule) for p in found[:20]]
            self._findings.add_many(code, len(found), spots)

    def _repeated_headers(self, block: Block, codes: Codes) -> list[Problem]:
        """Rows that hold the columns' own names: files that were put together as they were."""
        label, text = self._rules.label_column, self._rules.text_column
        known = self._profile.codes.header_codes
        if not known:
            return []
        return [
            Problem(row, label, "repeated_header", None)
            for row in np.flatnonzero(np.isin(codes, known)).tolist()
            if type(block.texts[row]) is str and is_header(block.texts[row], text)
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
            codes = too_many(codes)
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
        elif not "!" <= value[0] <= "~" and is_blank(value):
            problems.append(Problem(index, field, "empty_text", "no character that can be seen"))
    return problems
