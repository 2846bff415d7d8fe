"""Adds up the ranges of a data set, in order."""

from dataclasses import field
from functools import cached_property
from itertools import islice

from thriftline.core.dataclass import dataclass
from thriftline.datasets.engine.columns import MAX_COLUMNS
from thriftline.datasets.engine.findings import CHECKS, MAX_PLACES, FindingPlace
from thriftline.datasets.engine.label_sets import rows_by_label
from thriftline.datasets.engine.profile import LengthHistogram
from thriftline.datasets.engine.profiling import RangeResult
from thriftline.datasets.engine.rules import kind_of, unsupported_rule
from thriftline.datasets.engine.spill import SpillIndex
from thriftline.datasets.engine.work import WorkPlan


@dataclass(frozen=True, slots=True)
class Location:
    """A place in the data set: lines count from 1, None is the file as a whole."""

    file: int
    line: int | None
    column: int | None = None
    field: str | None = None
    rule: str | None = None


@dataclass(slots=True)
class Tally:
    """How often a check failed, and where first."""

    count: int = 0
    places: list[Location] = field(default_factory=list)
    detail: str | None = None

    def add(self, count: int, places: "list[Location]") -> None:
        """Adds failures that come after those so far."""
        self.count += count
        self.places.extend(places[: MAX_PLACES - len(self.places)])


@dataclass(slots=True)
class HashedRange:
    """Where a range's hashes lie, and what its label codes mean."""

    index: int
    file: int
    hashes: SpillIndex
    labels: list[tuple[str, int]]


class Totals:
    """What all ranges add up to; the same whatever the ranges were."""

    def __init__(self, plan: WorkPlan) -> None:
        self.plan = plan
        self.tallies: dict[str, Tally] = {}
        self.classes: dict[str, int] = {}
        """Rows of each label; with several labels a row, of each set of labels."""
        self.too_many_labels = False
        self.label_types: dict[str, Tally] = {}
        self.lengths = LengthHistogram()
        self.columns: dict[str, None] = {}
        self.file_rows = [0] * len(plan.files)
        self.hashed: list[HashedRange] = []
        self.hashed_rows = 0
        self._file_lines = [0] * len(plan.files)
        self.first_lines: list[int] = []
        self._files_with_errors: set[int] = set()

    @cached_property
    def labels(self) -> dict[str, int]:
        """Rows of each label, once every range is added."""
        return rows_by_label(self.classes) if self.plan.rules.multi_label else self.classes

    @property
    def rows(self) -> int:
        """Records that could be parsed."""
        return sum(self.file_rows)

    def add(self, result: RangeResult) -> None:
        """Adds the next range."""
        index = len(self.first_lines)
        file = self.plan.ranges[index].file
        first_line = self._file_lines[file]
        self.first_lines.append(first_line)
        self._file_lines[file] += result.lines
        self.file_rows[file] += result.rows
        self.lengths.merge(result.lengths)
        for name in result.columns:
            if len(self.columns) < MAX_COLUMNS:
                self.columns.setdefault(name)
        for code, found in result.findings.by_code.items():
            self.tally(code, found.count, self._locate(file, first_line, found.spots))
            if CHECKS[code].severity == "error":
                self._files_with_errors.add(file)
        self._add_labels(result, file, first_line)
        if result.hashed_rows:
            self.hashed.append(HashedRange(index, file, result.hashes, result.labels))
            self.hashed_rows += result.hashed_rows

    def _add_labels(self, result: RangeResult, file: int, first_line: int) -> None:
        for name, rows in result.labels:
            self.classes[name] = self.classes.get(name, 0) + rows
        limit = self.plan.rules.max_classes
        self.too_many_labels |= result.labels_overflowed or len(self.classes) > limit
        if self.too_many_labels:
            self.classes = dict(islice(self.classes.items(), limit + 1))
        for kind, found in result.label_types.items():
            spots = self._locate(file, first_line, result.spots_of_type(kind))
            self.label_types.setdefault(kind, Tally()).add(found["count"], spots)

    def _locate(self, file: int, first_line: int, spots: list[FindingPlace]) -> list[Location]:
        return [
            Location(
                file,
                None if spot.line is None else first_line + spot.line + 1,
                spot.column,
                spot.field,
                spot.rule,
            )
            for spot in spots
        ]

    def tally(self, code: str, count: int, places: list[Location]) -> None:
        """Adds failures of a check that come after those so far."""
        if count:
            self.tallies.setdefault(code, Tally()).add(count, places)

    def locate_row(self, place: int) -> Location:
        """Turns a range and a line in it into a place."""
        index, line = place >> 32, place & 0xFFFF_FFFF
        return Location(self.plan.ranges[index].file, self.first_lines[index] + line + 1)

    def finish_files(self) -> None:
        """Notes files that nothing was read from."""
        for index, file in enumerate(self.plan.files):
            if kind_of(file.name) is None:
                place = Location(index, None, rule=unsupported_rule(file.name))
                self.tally("unsupported_file_type", 1, [place])
            elif not self.file_rows[index] and index not in self._files_with_errors:
                self.tally("empty_file", 1, [Location(index, None)])
