"""The files of a data set on this machine, and what each is called in the bucket."""

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from thriftline_cli.exits import CommandError, Exit

SUFFIXES = (".jsonl", ".csv", ".parquet")
SPEC = "run.yaml"
_PREPARE = re.compile(r"^[\"']?prepare[\"']?[ \t]*:", re.MULTILINE)
_NAME = re.compile(r"(?i).+?(\.(?:jsonl|csv|parquet)(?:\.gz)?)")


@dataclass(frozen=True)
class Part:
    """A file, and its name in the bucket."""

    path: Path
    name: str
    size: int


EMPTY_SPEC = Part(Path(os.devnull), SPEC, 0)


@dataclass(frozen=True)
class DataSet:
    """What is uploaded, in this order.

    One file follows its settings, and starts with them. Of several none starts a run by itself, nor
    does raw data that the settings prepare: the settings come last, empty where nobody gave any.
    """

    parts: tuple[Part, ...]

    @property
    def main(self) -> Part:
        """The file that the run is known by."""
        return self.parts[-1]


def data_set(
    files: Sequence[Path],
    spec: Path | None,
    validation: Path | None,
    test: Path | None,
) -> DataSet:
    """Returns the files as they are uploaded.

    One file keeps its name. Files of several splits, or several to learn from, get the names by
    which a run knows what they are for.

    Raises:
        CommandError: a file is not there, is empty, or is none that a run reads.
    """
    others = [(path, name) for path, name in ((validation, "validation"), (test, "test")) if path]
    settings = [_spec(spec)] if spec else []
    parts = [_part(path, f"{name}{_suffix(path)}") for path, name in others]
    parts += _train(files, alone=not others)
    if len(parts) == 1 and not (spec and _prepares(spec)):
        return DataSet((*settings, *parts))
    return DataSet((*parts, *(settings or [EMPTY_SPEC])))


def _train(files: Sequence[Path], *, alone: bool) -> Iterator[Part]:
    if len(files) == 1:
        (path,) = files
        _suffix(path)
        yield _part(path, path.name if alone else f"train{_suffix(path)}")
        return
    for number, path in reversed(list(enumerate(files, start=1))):
        yield _part(path, f"train-{number}{_suffix(path)}")


def _spec(path: Path) -> Part:
    if path.suffix.lower() not in (".yaml", ".yml"):
        raise CommandError(f"{path} is no YAML file; --spec takes a run.yaml", Exit.USAGE)
    return _part(path, SPEC, may_be_empty=True)


def _prepares(spec: Path) -> bool:
    return _PREPARE.search(spec.read_text(encoding="utf-8", errors="replace")) is not None


def _suffix(path: Path) -> str:
    found = _NAME.fullmatch(path.name)
    if not found:
        raise CommandError(f"{path} is none of {', '.join(SUFFIXES)} (each also .gz)", Exit.USAGE)
    return found[1].lower()


def _part(path: Path, name: str, *, may_be_empty: bool = False) -> Part:
    try:
        size = path.stat().st_size
    except OSError as error:
        raise CommandError(f"{path}: {error.strerror}", Exit.USAGE) from error
    if not path.is_file():
        raise CommandError(f"{path} is no file", Exit.USAGE)
    if not size and not may_be_empty:
        raise CommandError(f"{path} is empty", Exit.USAGE)
    return Part(path, name, size)
