"""The work that a data set makes: ranges of its files, in order, and groups of ranges."""

from dataclasses import asdict
from typing import Any

from thriftline.core.dataclass import dataclass
from thriftline.datasets.engine.rules import DataFile, DatasetRules

WHOLE = 1 << 62


@dataclass(frozen=True, slots=True)
class FileRange:
    """A part of one file that begins and ends with whole records.

    Bytes for JSON Lines and CSV, row groups for Parquet; a compressed file is one range.
    ``header`` is the first row of a CSV file, for ranges that do not begin with it.
    """

    file: int
    start: int = 0
    end: int = WHOLE
    header: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class WorkPlan:
    """What is read, held to what, and who reads which part: a group is one Lambda's work."""

    rules: DatasetRules
    files: tuple[DataFile, ...]
    ranges: tuple[FileRange, ...]
    groups: tuple[tuple[int, int], ...]
    """First range of each group and the one after its last."""

    def group(self, index: int) -> range:
        """The ranges of a group, by index."""
        return range(*self.groups[index])

    def to_json(self) -> dict[str, Any]:
        """What is written to scratch."""
        return {
            "rules": asdict(self.rules),
            "files": [asdict(file) for file in self.files],
            "ranges": [asdict(part) for part in self.ranges],
            "groups": self.groups,
        }

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> "WorkPlan":
        """The reverse of ``to_json``."""
        return cls(
            rules=DatasetRules(**document["rules"]),
            files=tuple(DataFile(**file) for file in document["files"]),
            ranges=tuple(
                FileRange(
                    **{**part, "header": None if part["header"] is None else tuple(part["header"])}
                )
                for part in document["ranges"]
            ),
            groups=tuple((first, stop) for first, stop in document["groups"]),
        )
