"""What an uploaded key means: a data file, one split of several, a run spec, or none of these."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field
from enum import Enum
from fnmatch import fnmatchcase

from thriftline.core.dataclass import dataclass
from thriftline.core.text import has_hidden, plain

RUN_SPEC_NAME = "run.yaml"
# How the project is served. It lies beside the data and is nobody's: no upload of it starts a run.
SERVE_SPEC_NAME = "serve.yaml"
SPLITS = ("train", "validation", "test")
# The names that people give to splits, in any case.
SPLIT_WORDS: Mapping[str, str] = {
    "train": "train",
    "training": "train",
    "validation": "validation",
    "valid": "validation",
    "val": "validation",
    "dev": "validation",
    "development": "validation",
    "eval": "validation",
    "evaluation": "validation",
    "test": "test",
    "testing": "test",
}
KEY_PATTERN = "datasets/{project}/{file}.jsonl|.csv|.parquet, each also .gz, or run.yaml"

# Files of data that are not read, and what to do with them.
UNREAD_FORMATS: Mapping[str, str] = {
    "ndjson": "name it .jsonl",
    "json": "write one object on each line and name it .jsonl",
    "tsv": "write it with commas and name it .csv",
    "tab": "write it with commas and name it .csv",
    "xlsx": "save the sheet as CSV (UTF-8)",
    "xls": "save the sheet as CSV (UTF-8)",
    "ods": "save the sheet as CSV (UTF-8)",
}

_PROJECT = re.compile(r"(?!.{33})[a-zA-Z0-9](-*[a-zA-Z0-9])*")
_DATA_FILE = re.compile(r".+\.(jsonl|csv|parquet)(\.gz)?")
_NUMBERED = r"(?:[-_.]?(?P<number>\d+)(?:[-_]?of[-_]?(?P<of>\d+))?)?"
_SPLIT_FILE = re.compile(
    rf"(?P<word>{'|'.join(SPLIT_WORDS)}){_NUMBERED}\.(jsonl|csv|parquet)(\.gz)?", re.IGNORECASE
)
_PIECE = re.compile(r".*\d+[-_]?of[-_]?0*(?P<of>\d+)\.(jsonl|csv|parquet)(\.gz)?", re.IGNORECASE)
# What people call the files of settings, and what editors and browsers make of their names.
_NEARLY = {
    name: re.compile(rf"\s*{stem}\.ya?ml(\.txt)?\s*", re.IGNORECASE)
    for name, stem in ((RUN_SPEC_NAME, "run"), (SERVE_SPEC_NAME, "serve"))
}


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


def is_project(name: str) -> bool:
    """Whether a project may have this name."""
    return _PROJECT.fullmatch(name) is not None


def classify(key: str) -> ClassifiedUpload:
    """Reads a key of the data bucket. EventBridge sends it as it is, not URL-encoded."""
    parts = key.split("/")
    if has_hidden(key):
        return _not_a_dataset(f"{plain(key)} holds characters that do not print; rename it")
    if len(parts) != 3 or parts[0] != "datasets":
        return _not_a_dataset(f"'{plain(key)}' is not of the form {KEY_PATTERN}")
    project, name = parts[1], parts[2]
    if not is_project(project):
        return _not_a_dataset(
            f"project '{plain(project)}' must be 1 to 32 letters, digits and inner hyphens"
        )
    if name == RUN_SPEC_NAME:
        return ClassifiedUpload(UploadKind.RUN_SPEC, project, name)
    if not _DATA_FILE.fullmatch(name):
        return _not_a_dataset(_why_not(name))
    is_split = split_of(name) or is_piece(name)
    return ClassifiedUpload(
        UploadKind.SPLIT_FILE if is_split else UploadKind.DATA_FILE, project, name
    )


def _why_not(name: str) -> str:
    if name == SERVE_SPEC_NAME:
        return f"{SERVE_SPEC_NAME} starts no run; a deployment of the project reads it"
    meant = next((right for right in _NEARLY if _is_nearly(name, right)), None)
    if meant:
        return f"file '{plain(name)}' is not read; call it {meant} and upload it again"
    if _DATA_FILE.fullmatch(name.strip().lower()):
        ending = f".{plain(name).partition('.')[2]}"
        return (
            f"file '{plain(name)}' is not read: its ending is '{ending}'; write it in small "
            "letters, with no space behind it"
        )
    advice = UNREAD_FORMATS.get(_format_of(name))
    if advice:
        return f"file '{plain(name)}' is not read: .{_format_of(name)} is no format; {advice}"
    return f"file '{plain(name)}' is not of the form {KEY_PATTERN}"


def _format_of(name: str) -> str:
    return name.strip().lower().removesuffix(".gz").rpartition(".")[2]


def project_of_unread(key: str) -> str | None:
    """Returns the project of a data file whose name keeps it from being read; None: no such."""
    parts = key.split("/")
    if has_hidden(key) or len(parts) != 3 or parts[0] != "datasets":
        return None
    _, project, name = parts
    if not _PROJECT.fullmatch(project) or name.startswith((".", "_")) or _DATA_FILE.fullmatch(name):
        return None
    meant = _DATA_FILE.fullmatch(name.strip().lower()) or _format_of(name) in UNREAD_FORMATS
    return project if meant else None


def _not_a_dataset(reason: str) -> ClassifiedUpload:
    return ClassifiedUpload(UploadKind.NOT_A_DATASET, reason=reason)


def is_nearly_run_spec(name: str) -> bool:
    """Tells whether a name is meant as ``run.yaml`` and is not."""
    return _is_nearly(name, RUN_SPEC_NAME)


def is_serve_spec(key: str) -> bool:
    """Tells whether a key is that of a project's ``serve.yaml``."""
    parts = key.split("/")
    in_a_project = len(parts) == 3 and parts[0] == "datasets" and _PROJECT.fullmatch(parts[1])
    return bool(in_a_project) and parts[2] == SERVE_SPEC_NAME


def _is_nearly(name: str, right: str) -> bool:
    return name != right and bool(_NEARLY[right].fullmatch(name))


def is_data_file(name: str) -> bool:
    """Tells whether the name ends like one of the formats that are read, in any case."""
    return bool(_DATA_FILE.fullmatch(name.lower()))


def split_of(name: str) -> str | None:
    """Returns the split that a file is by its name, such as ``train-00001-of-00008.parquet``."""
    found = _SPLIT_FILE.fullmatch(name)
    return SPLIT_WORDS[found.group("word").lower()] if found else None


def is_piece(name: str) -> bool:
    """Tells whether a name says that the file is one of several, such as ``a-1-of-8.csv``."""
    found = _PIECE.fullmatch(name)
    return found is not None and int(found.group("of")) > 1


def may_stand_alone(name: str) -> bool:
    """Tells whether a file may be a whole data set, as far as its name says.

    Validation and test files never are, nor are the second and later of numbered files.
    """
    found = _SPLIT_FILE.fullmatch(name)
    if found is None:
        return not is_piece(name)
    if SPLIT_WORDS[found.group("word").lower()] != "train":
        return False
    return int(found.group("of") or 1) == 1 and int(found.group("number") or 0) <= 1


@dataclass(frozen=True)
class SplitFiles:
    """Names of the files of each split; ``missing`` are names that were asked for in vain."""

    files: dict[str, tuple[str, ...]] = field(default_factory=dict)
    missing: tuple[str, ...] = ()

    @property
    def members(self) -> tuple[str, ...]:
        """All files of all splits; a file of two splits is there twice."""
        return tuple(name for split in SPLITS for name in self.files.get(split, ()))

    @property
    def in_two_splits(self) -> str | None:
        """A file that belongs to more than one split."""
        seen: set[str] = set()
        for name in self.members:
            if name in seen:
                return name
            seen.add(name)
        return None


Patterns = Mapping[str, Sequence[str] | None]


def split_files(names: Iterable[str], patterns: Patterns) -> SplitFiles:
    """Sorts the files beside ``run.yaml`` into splits.

    A file that a pattern names belongs there, whatever its name means otherwise.

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
            chosen[split] = tuple(
                name
                for name in data_files
                if split_of(name) == split and not is_named(name, patterns)
            )
            continue
        chosen[split] = tuple(name for name in data_files if _matches(name, wanted))
        missing += [
            pattern
            for pattern in wanted
            if not any(fnmatchcase(name, pattern) for name in data_files)
        ]
    return SplitFiles(chosen, tuple(missing))


def is_named(name: str, patterns: Patterns) -> bool:
    """Tells whether any pattern of any split names a file."""
    return any(_matches(name, wanted) for wanted in patterns.values() if wanted)


def _matches(name: str, wanted: Sequence[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in wanted)
