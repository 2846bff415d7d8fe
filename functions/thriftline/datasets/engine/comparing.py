"""Compares the rows of all ranges with each other, a part of the hashes at a time."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import field
from functools import cached_property
from pathlib import Path

import numpy as np

from thriftline.core.dataclass import dataclass
from thriftline.datasets.engine.duplicates import HashedRows, Ints, Resolution, resolve
from thriftline.datasets.engine.findings import MAX_PLACES
from thriftline.datasets.engine.profiling import code_map
from thriftline.datasets.engine.rules import WorkLimits
from thriftline.datasets.engine.scratch import Scratch, drops_name, hashes_name
from thriftline.datasets.engine.spill import PARTS, ROW, Rows, part_of, sampled_parts
from thriftline.datasets.engine.splitting import (
    POOL,
    RANKS,
    Cutoffs,
    CutoffSearch,
    Shares,
    cut_ranks,
    even_cutoffs,
)
from thriftline.datasets.engine.strata import strata_of_labels, strata_of_sets
from thriftline.datasets.engine.totals import HashedRange, Totals

_ROWS_AT_ONCE = 400_000


@dataclass(slots=True)
class RowTally:
    """How many rows, and the first of them."""

    count: int = 0
    places: list[int] = field(default_factory=list)

    def add(self, places: "np.ndarray[tuple[int], np.dtype[np.uint64]]") -> None:
        """Adds rows in any order."""
        self.count += len(places)
        first = np.sort(places)[:MAX_PLACES].tolist()
        self.places = sorted([*self.places, *first])[:MAX_PLACES]


@dataclass(slots=True)
class Comparison:
    """What comparing all rows has shown."""

    parts: int
    rows: int = 0
    duplicates: RowTally = field(default_factory=RowTally)
    conflicts: RowTally = field(default_factory=RowTally)
    leaks: RowTally = field(default_factory=RowTally)


@dataclass(slots=True)
class DroppedLines:
    """Lines of a range that are left out: how many, and the last of them."""

    count: int = 0
    last_line: int = 0


class RowComparer:
    """Finds repeated, contradicting and leaking rows, and where each label is to be cut.

    Beyond ``exact_rows`` rows only the texts whose hashes begin with zeros are compared: as many
    as stay below it. Which those are depends on nothing but the texts and the seed.
    """

    def __init__(
        self,
        totals: Totals,
        scratch: Scratch,
        limits: WorkLimits,
        folder: Path,
        shares: Shares,
    ) -> None:
        self.shares = shares
        self._totals = totals
        self._scratch = scratch
        self._limits = limits
        self._folder = folder
        # Where there are too many labels, labels are not told apart: the data is rejected anyway.
        self.names = [] if totals.too_many_labels else sorted(totals.classes)
        """The classes in the order of their codes: labels, or sets of labels."""
        self._codes = {name: code for code, name in enumerate(self.names)}
        self._code_maps: dict[int, Ints] = {}
        self._splits = [RANKS[file.split] for file in totals.plan.files]
        self.parts = sampled_parts(totals.hashed_rows, totals.plan.rules.exact_rows)
        self._strata = (
            strata_of_sets(self.names, totals.classes, shares)
            if totals.plan.rules.multi_label
            else strata_of_labels(self.names)
        )
        self._kept = np.zeros((3, PARTS, self._strata.count), np.int64)
        """Rows that are kept, by split, part and stratum."""
        self.class_rows = np.zeros((3, max(len(self.names), 1)), np.int64)
        """Rows that are kept, by split and class."""
        self._dropped: dict[int, DroppedLines] = {}

    @property
    def is_exact(self) -> bool:
        """Whether every row is compared."""
        return self.parts == PARTS

    def compare(self) -> Comparison:
        """Compares the rows part by part, and writes down which lines are left out."""
        comparison = Comparison(self.parts)
        step = min(max(PARTS * _ROWS_AT_ONCE // max(self._totals.hashed_rows, 1), 1), self.parts)
        for first in range(0, self.parts, step):
            rows = self._load(first, min(first + step, self.parts))
            if not len(rows):
                continue
            resolution = resolve(rows)
            comparison.rows += len(rows)
            comparison.duplicates.add(resolution.duplicates)
            comparison.conflicts.add(resolution.conflicts)
            comparison.leaks.add(resolution.leaks)
            self._count_kept(rows, resolution)
            self._note_drops(resolution)
        # What the sample shows stands for all.
        self._kept *= PARTS // self.parts
        self.class_rows *= PARTS // self.parts
        return comparison

    def _load(self, first: int, stop: int) -> HashedRows:
        loaded = list(self._read_parts(first, stop))
        raw = np.concatenate([rows for _, rows in loaded]) if loaded else np.empty(0, ROW)
        sizes = [len(rows) for _, rows in loaded]
        ranges = np.repeat(np.array([r.index for r, _ in loaded], np.uint64), sizes)
        splits = np.repeat(np.array([self._splits[r.file] for r, _ in loaded], np.int64), sizes)
        labels = [self._code_map(r)[rows["label"]] for r, rows in loaded]
        return HashedRows(
            high=raw["high"].copy(),
            low=raw["low"].copy(),
            place=(ranges << np.uint64(32)) | raw["line"],
            label=np.concatenate(labels) if labels else np.empty(0, np.int64),
            split=splits,
        )

    def _code_map(self, source: HashedRange) -> Ints:
        found = self._code_maps.get(source.index)
        if found is None:
            found = self._code_maps[source.index] = code_map(source.labels, self._codes)
        return found

    def _read_parts(self, first: int, stop: int) -> Iterator[tuple[HashedRange, Rows]]:
        def read(source: HashedRange) -> bytes:
            name = hashes_name(source.index)
            spans = source.hashes.spans(first, stop)
            return b"".join(self._scratch.read(name, *span) for span in spans)

        sources = self._totals.hashed
        if len(sources) == 1:
            yield sources[0], np.frombuffer(read(sources[0]), ROW)
            return
        with ThreadPoolExecutor(self._limits.read_threads) as threads:
            for source, data in zip(sources, threads.map(read, sources), strict=True):
                if data:
                    yield source, np.frombuffer(data, ROW)

    def _count_kept(self, rows: HashedRows, resolution: Resolution) -> None:
        kept = resolution.kept
        split, classes = rows.split[kept], rows.label[kept]
        self.class_rows += _count_pairs(split, classes, self.class_rows.shape)
        _, parts, strata = self._kept.shape
        keys = (split * parts + part_of(rows.high[kept])) * strata + self._strata.of_class[classes]
        counts = np.bincount(keys, minlength=self._kept.size)
        self._kept += counts.reshape(self._kept.shape)

    def _note_drops(self, resolution: Resolution) -> None:
        dropped = np.sort(resolution.dropped)
        ranges = dropped >> np.uint64(32)
        starts = np.flatnonzero(np.diff(ranges, prepend=np.uint64(0xFFFF_FFFF_FFFF)))
        for lines in np.split(dropped, starts[1:]) if len(dropped) else []:
            index = int(lines[0] >> np.uint64(32))
            numbers = (lines & np.uint64(0xFFFF_FFFF)).astype("<u4")
            found = self._dropped.setdefault(index, DroppedLines())
            found.count += len(numbers)
            found.last_line = max(found.last_line, int(numbers[-1]))
            with (self._folder / f"{index:05d}.drops").open("ab") as file:
                numbers.tofile(file)

    def upload_drops(self, scratch: Scratch) -> dict[int, DroppedLines]:
        """Moves the lines that are left out to scratch; returns how many each range has."""
        for index in sorted(self._dropped):
            scratch.upload(drops_name(index), self._folder / f"{index:05d}.drops")
        return self._dropped

    @cached_property
    def cutoffs(self) -> Cutoffs:
        """Where each class is cut; exact where every row was compared."""
        if not self.is_exact:
            return even_cutoffs(self.names, self.shares)
        search = CutoffSearch.of(self._kept[POOL], self.shares)
        for part in search.parts():
            rows = self._load(part, part + 1)
            kept = resolve(rows).kept
            pool = kept[rows.split[kept] == POOL]
            search.look_into(part, rows.high[pool], self._strata.of_class[rows.label[pool]])
        cuts = search.cuts()
        numbers = self._strata.of_class.tolist()
        return Cutoffs({name: cuts[numbers[code]] for code, name in enumerate(self.names)})

    @cached_property
    def prepared(self) -> Ints:
        """Rows of each class in each split as they are going to be written."""
        if self._totals.plan.rules.multi_label:
            return self._count_prepared()
        rows = self.class_rows.copy()
        for code, texts in enumerate(self.class_rows[POOL].tolist()):
            test, validation = self.shares.sizes(texts)
            rows[:, code] += (-test - validation, validation, test)
        return rows

    def _count_prepared(self) -> Ints:
        """Cuts every row that is kept: a set of labels is not cut exactly, its stratum is."""
        prepared = np.zeros_like(self.class_rows)
        tests, both = self.cutoffs.arrays(self.names)
        for first in range(self.parts):
            rows = self._load(first, first + 1)
            if not len(rows):
                continue
            kept = resolve(rows).kept
            high, classes, split = rows.high[kept], rows.label[kept], rows.split[kept]
            split = np.where(split == POOL, cut_ranks(high, tests[classes], both[classes]), split)
            prepared += _count_pairs(split, classes, prepared.shape)
        prepared *= PARTS // self.parts
        return prepared


def _count_pairs(split: Ints, classes: Ints, shape: tuple[int, ...]) -> Ints:
    counts = np.bincount(split * shape[1] + classes, minlength=shape[0] * shape[1])
    return counts.reshape(shape)
