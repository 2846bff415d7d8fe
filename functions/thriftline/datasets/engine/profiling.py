"""Validates one range: reads it, checks it, and writes down what it adds up to."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from thriftline.datasets.engine.checks import RecordChecker
from thriftline.datasets.engine.findings import FindingPlace, Findings
from thriftline.datasets.engine.profile import LengthHistogram, RangeProfile
from thriftline.datasets.engine.reading import OpenSource, RangeReader, kind_of_file
from thriftline.datasets.engine.rules import WorkLimits
from thriftline.datasets.engine.scratch import Scratch, hashes_name, partial_name, write_json
from thriftline.datasets.engine.spill import HashSpill, SpillIndex
from thriftline.datasets.engine.work import WorkPlan


def profile_range(
    plan: WorkPlan,
    index: int,
    open_source: OpenSource,
    limits: WorkLimits,
    scratch: Scratch,
    folder: Path,
) -> None:
    """Writes the range's partial result and its hashes to scratch."""
    rules, part = plan.rules, plan.ranges[index]
    file = plan.files[part.file]
    findings = Findings()
    profile = RangeProfile(rules)
    spill = HashSpill(folder / f"{index:05d}.hashes", limits.spill_rows, rules.exact_rows)
    reader = RangeReader(part, kind_of_file(file), rules, limits, findings)
    checker = RecordChecker(rules, findings, profile, spill)
    for block in reader.blocks(open_source(file)):
        checker.check(block)
        # The next block's objects can then take this one's place in the processor's cache.
        del block
        if findings.errors > rules.max_errors:
            # The data set is rejected: to count on would take time and say nothing new.
            findings.add("reading_stopped", reader.lines)
            break
    spill.consolidate()
    if spill.rows:
        scratch.upload(hashes_name(index), spill.path)
    write_json(
        scratch,
        partial_name(index),
        {
            "lines": reader.lines,
            "rows": profile.rows,
            "columns": list(reader.census.names),
            "labels": list(profile.labels().items()),
            "labels_overflowed": profile.codes.overflowed,
            "label_types": profile.label_types.to_json(),
            "lengths": [profile.lengths.total, profile.lengths.longest],
            "length_counts": list(profile.lengths.counts().items()),
            "findings": findings.to_json(),
            "hashed_rows": spill.rows,
            "hashes": spill.index.chunks,
        },
    )


class RangeResult:
    """A partial result as it was written."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.lines: int = document["lines"]
        self.rows: int = document["rows"]
        self.columns: list[str] = document["columns"]
        self.labels: list[tuple[str, int]] = [(name, n) for name, n in document["labels"]]
        self.labels_overflowed: bool = document["labels_overflowed"]
        self.label_types: dict[str, Any] = document["label_types"]
        self.findings = Findings.from_json(document["findings"])
        self.hashes = SpillIndex(document["hashes"])
        # Rows whose texts could be compared with those of other ranges.
        self.hashed_rows: int = document["hashed_rows"]
        total, longest = document["lengths"]
        counts = {int(length): count for length, count in document["length_counts"]}
        self.lengths = LengthHistogram(counts, total, longest)

    def spots_of_type(self, kind: str) -> list[FindingPlace]:
        """First places of labels of one type."""
        return [FindingPlace(line) for line in self.label_types[kind]["lines"]]


def code_map(labels: list[tuple[str, int]], codes: dict[str, int]) -> NDArray[np.int64]:
    """From a range's label codes to the data set's; 0 for all where there are too many labels."""
    return np.array([codes.get(name, 0) for name, _ in labels] or [0], np.int64)
