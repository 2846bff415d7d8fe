"""Where parts of the work are kept between steps: a folder here, a prefix of a bucket on AWS."""

import shutil
from pathlib import Path
from typing import Any, Protocol

import orjson

PLAN = "validation/plan.json"
SPLITS = "validation/splits.json"


class Scratch(Protocol):
    """Named objects."""

    def read(self, name: str, offset: int, length: int) -> bytes:
        """Returns part of an object."""

    def read_all(self, name: str) -> bytes:
        """Returns a whole object."""

    def write(self, name: str, data: bytes) -> None:
        """Writes a whole object."""

    def upload(self, name: str, path: Path) -> None:
        """Writes a file as an object; the file may be gone afterwards."""


class LocalScratch:
    """A folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, name: str) -> Path:
        """Where an object lies."""
        path = self._folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def read(self, name: str, offset: int, length: int) -> bytes:
        """Reads part of a file."""
        with self.path(name).open("rb", buffering=0) as file:
            file.seek(offset)
            return file.read(length)

    def read_all(self, name: str) -> bytes:
        """Reads a file."""
        return self.path(name).read_bytes()

    def write(self, name: str, data: bytes) -> None:
        """Writes a file."""
        self.path(name).write_bytes(data)

    def upload(self, name: str, path: Path) -> None:
        """Moves a file here."""
        shutil.move(path, self.path(name))


def partial_name(index: int) -> str:
    """What one range found."""
    return f"validation/range-{index:05d}.json"


def hashes_name(index: int) -> str:
    """The hashes of one range."""
    return f"validation/range-{index:05d}.hashes"


def drops_name(index: int) -> str:
    """Lines of one range that are left out."""
    return f"validation/range-{index:05d}.drops"


def digests_prefix(split: str) -> str:
    """What stands for the rows of a split; see ``row_digests``."""
    return f"digests/{split}/"


def digests_name(split: str, group: int) -> str:
    """The digests of a split's rows in one group."""
    return f"{digests_prefix(split)}part-{group:05d}.bin"


def shard_name(split: str, group: int, shard: int) -> str:
    """One file of a split; most groups have one."""
    tail = f"-{shard:04d}" if shard else ""
    return f"splits/{split}/part-{group:05d}{tail}.jsonl"


def write_json(scratch: Scratch, name: str, document: Any) -> None:
    """Writes a small document."""
    scratch.write(name, orjson.dumps(document))


def read_json(scratch: Scratch, name: str) -> Any:
    """Reads a small document."""
    return orjson.loads(scratch.read_all(name))
