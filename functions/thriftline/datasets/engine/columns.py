"""Which columns a range has, in the order in which they first appear."""

from collections.abc import Sequence
from itertools import chain, repeat
from operator import contains
from typing import Any

from thriftline.datasets.engine.findings import FindingPlace, Findings
from thriftline.datasets.engine.rules import DatasetRules
from thriftline.datasets.engine.sources import UnusableFileError
from thriftline.datasets.names import columns_found

MAX_COLUMNS = 200
MAX_NAME = 128


def admit_columns(
    names: Sequence[str],
    line: int | None,
    rules: DatasetRules,
    findings: Findings,
    missing_rule: str | None = None,
) -> None:
    """Checks that each wanted column is there once; ``line`` is that of the header, if it has one.

    Raises:
        UnusableFileError: If not; the findings say which.
    """
    place = (line, None if line is None else 1)
    missing = [name for name in rules.columns if name not in names]
    twice = [name for name in rules.columns if names.count(name) > 1]
    rule = missing_rule or columns_found(names, rules)
    for name in missing:
        findings.add("missing_column", *place, name, rule)
    for name in twice:
        findings.add("duplicate_column", *place, name, f"{names.count(name)} columns have the name")
    if missing or twice:
        raise UnusableFileError


class ColumnCensus:
    """Collects column names, and finds those that the run spec does not use."""

    def __init__(self, rules: DatasetRules, findings: Findings) -> None:
        self.names: dict[str, None] = {}
        self._wanted = frozenset(rules.columns)
        self._findings = findings
        self._known: set[str] = set()

    def see_header(self, header: Sequence[str], line: int) -> None:
        """Takes the columns of a file that states them once; repeated names count once."""
        self._remember(header)
        for name in dict.fromkeys(header):
            if name not in self._wanted:
                self._findings.add("extra_column", line, field_name=name[:MAX_NAME])

    def see_records(
        self, records: list[dict[str, Any]], lines: Sequence[int], complete: bool
    ) -> None:
        """Takes the columns of records that each state their own.

        Args:
            records: The records of a block.
            lines: The line of each.
            complete: Whether every record is known to have all the wanted columns.
        """
        if not complete or not self._wanted.issubset(self.names):
            self._see_shapes(records, lines)
            return
        sizes = set(map(len, records))
        if sizes <= {len(self._wanted)}:
            return
        if not self._has_known_columns_only(records, sizes):
            self._see_shapes(records, lines)
        elif min(sizes) > len(self._wanted) and not self._findings.wants_places("extra_column"):
            self._findings.add_many("extra_column", len(records), ())
        else:
            self._add_extra(records, lines)

    def _has_known_columns_only(self, records: list[dict[str, Any]], sizes: set[int]) -> bool:
        if len(self.names) >= MAX_COLUMNS:
            return True
        if sizes == {len(self._known)} and len(self._known) <= len(self._wanted) + 4:
            # Records with all the wanted columns, of this size, and with each of the others.
            others = self._known - self._wanted
            return all(all(map(contains, records, repeat(name))) for name in others)
        return self._known.issuperset(chain.from_iterable(records))

    def _see_shapes(self, records: list[dict[str, Any]], lines: Sequence[int]) -> None:
        for shape in dict.fromkeys(map(tuple, records)):
            self._remember(shape)
        self._add_extra(records, lines)

    def _add_extra(self, records: list[dict[str, Any]], lines: Sequence[int]) -> None:
        hits = [i for i, record in enumerate(records) if not self._wanted.issuperset(record)]
        spots = [self._spot(lines[i], records[i]) for i in hits[:20]]
        self._findings.add_many("extra_column", len(hits), spots)

    def _spot(self, line: int, record: dict[str, Any]) -> FindingPlace:
        name = next(key for key in record if key not in self._wanted)
        return FindingPlace(line, None, name[:MAX_NAME], None)

    def _remember(self, names: "Sequence[str] | dict[str, Any]") -> None:
        for name in names:
            if len(self.names) >= MAX_COLUMNS:
                return
            self.names.setdefault(name[:MAX_NAME])
            if len(name) <= MAX_NAME:
                self._known.add(name)
