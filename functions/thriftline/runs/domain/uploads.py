"""What an uploaded key means: a data file, one split of several, a run spec, or none of these."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from fnmatch import fnmatchcase

RUN_SPEC_NAME = "run.yaml"
SPLITS = ("train", "validation", "test")
KEY_PATTERN = "datasets/{project}/{file}.jsonl|.csv|.parquet, each also .gz, or run.yaml"

_PROJECT = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,31}")
_DATA_FILE = re.compile(r".+\.(jsonl|csv|parquet)(\.gz)?")
_SPLIT_FILE = re.compile(
    r"(train|validation|test)([-_.]?\d+([-_]?of[-_]?\d+)?)?\.(jsonl|csv|parquet)(\.gz)?"
)


class UploadKind(Enum):
    """What an uploaded object is to Thriftline."""

    DATA_FILE = "data file"
    SPLIT_FILE = "split of several files"
    RUN_SPEC = "run spec"
    NOT_A_DATASET = "not a data set"


@dataclass(frozen=True)
class ClassifiedUpload:
    """``project`` is empty and ``reason`` says why when the upload is no data set."""

    kind: UploadKind
    project: str = ""
    name: str = ""
    reason: str = ""


def classify(key: str) -> ClassifiedUpload:
    """Reads a key of the data bucket. EventBridge sends it as it is, not URL-encoded."""
    parts = key.split("/")
    if len(parts) != 3 or parts[0] != "datasets":
        return _not_a_dataset(f"{key!r} is not of the form {KEY_PATTERN}")
    project, name = parts[1], parts[2]
    if not _PROJECT.fullmatch(project):
        return _not_a_dataset(
            f"project {project!r} must be 1 to 32 letters, digits and single inner hyphens"
        )
    if name == RUN_SPEC_NAME:
        return ClassifiedUpload(UploadKind.RUN_SPEC, project, name)
    if split_of(name):
        return ClassifiedUpload(UploadKind.SPLIT_FILE, project, name)
    if _DATA_FILE.fullmatch(name):
        return ClassifiedUpload(UploadKind.DATA_FILE, project, name)
    return _not_a_dataset(f"file {name!r} is not of the form {KEY_PATTERN}")


def _not_a_dataset(reason: str) -> ClassifiedUpload:
    return ClassifiedUpload(UploadKind.NOT_A_DATASET, reason=reason)


def is_data_file(name: str) -> bool:
    """Tells whether the name ends like one of the formats that are read."""
    return bool(_DATA_FILE.fullmatch(name))


def split_of(name: str) -> str | None:
    """Returns the split that a file is by its name, such as ``train-00001-of-00008.parquet``."""
    found = _SPLIT_FILE.fullmatch(name)
    return found.group(1) if found else None


@dataclass(frozen=True)
class SplitFiles:
    """Names of the files of each split; ``missing`` are names that were asked for in vain."""

    files: dict[str, tuple[str, ...]] = field(default_factory=dict)
    missing: tuple[str, ...] = ()

    @property
    def are_complete(self) -> bool:
        """Tells whether there is something to train on and nothing named is absent."""
        return bool(self.files.get("train")) and not self.missing


def split_files(names: Iterable[str], patterns: dict[str, Sequence[str] | None]) -> SplitFiles:
    """Sorts the files beside ``run.yaml`` into splits.

    Args:
        names: file names in the project's folder.
        patterns: for each split its name patterns, or None for the names that mean a split.
    """
    data_files = sorted(name for name in names if is_data_file(name))
    chosen: dict[str, tuple[str, ...]] = {}
    missing: list[str] = []
    for split in SPLITS:
        wanted = patterns.get(split)
        if wanted is None:
            chosen[split] = tuple(name for name in data_files if split_of(name) == split)
            continue
        chosen[split] = tuple(
            name for name in data_files if any(fnmatchcase(name, pattern) for pattern in wanted)
        )
        missing += [
            pattern
            for pattern in wanted
            if not any(fnmatchcase(name, pattern) for name in data_files)
        ]
    return SplitFiles(chosen, tuple(missing))
