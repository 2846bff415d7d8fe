"""What a program of Spark sees of S3: a folder for each bucket, filled before, uploaded after.

The laptop's Spark has no client of S3, and the embedded AWS none that Spark knows. So what a
program names is copied into a folder before it starts, and what it wrote there is copied back.
"""

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from local_aws.preparation.storage import MOST_MIRRORED_BYTES, DataError, Place, RoleStorage
from local_aws.training.container import stays_inside

_SCHEME = "s3://"
# Hadoop's own on a local disk; its writers for S3 leave none of them.
_LEFT_OUT = ("_temporary", ".spark-staging")
_LAST = "manifest.json"
_CONFIGURATION_BYTES = 4 * 1024 * 1024


class Mirror:
    """One program's folder: `DIR/bucket/key` for `s3://bucket/key`."""

    def __init__(self, storage: RoleStorage, folder: Path) -> None:
        self._storage = storage
        self.folder = folder
        self._known: dict[Path, tuple[int, int]] = {}
        self._bytes = 0

    def fill(self, arguments: Sequence[str]) -> None:
        """Copy what the arguments name, and what the JSON that they name does.

        What names nothing is a place to write to.

        Raises:
            DataError: the role may not read it, or it is too much for a laptop.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        done: set[str] = set()
        waiting = [each for each in arguments if each.startswith(_SCHEME)]
        while waiting:
            uri = waiting.pop()
            if uri in done:
                continue
            done.add(uri)
            for file in self._copy(uri):
                # Only the arguments name configurations: data may be JSON as well.
                if uri in arguments:
                    waiting += list(_uris_in(file))
        self._known = _versions(self.folder)

    def _copy(self, uri: str) -> Iterator[Path]:
        bucket, _, key = uri.removeprefix(_SCHEME).partition("/")
        # A program makes its folders itself in S3, where there are none.
        Place(bucket, key).file(self.folder).parent.mkdir(parents=True, exist_ok=True)
        for place, size in self._storage.list(uri):
            self._bytes += size
            if self._bytes > MOST_MIRRORED_BYTES:
                raise DataError(
                    f"{uri}: more than {MOST_MIRRORED_BYTES // 1024**3} GB is read, which the "
                    "embedded AWS does not copy"
                )
            yield self._storage.download(place, self.folder)

    def upload(self) -> int:
        """Copy what was written back, a manifest last; return how many files there were.

        Raises:
            DataError: the role may not write it.
        """
        now = _versions(self.folder)
        changed = [file for file in now if self._known.get(file) != now[file]]
        for file in sorted(changed, key=self._order):
            place = self._place(file)
            self._storage.upload(file, place)
        return len(changed)

    def _order(self, file: Path) -> tuple[bool, Path]:
        return (_LAST in file.relative_to(self.folder).parts, file)

    def _place(self, file: Path) -> Place:
        bucket, *key = file.relative_to(self.folder).parts
        return Place(bucket, "/".join(key))


def _uris_in(file: Path) -> Iterator[str]:
    """Yield the URIs in a file of JSON; nothing in any other."""
    if file.stat().st_size > _CONFIGURATION_BYTES:
        return
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return
    yield from _uris(content)


def _uris(value: Any) -> Iterable[str]:
    if isinstance(value, str):
        return [value] if value.startswith(_SCHEME) else []
    if isinstance(value, dict):
        value = list(value.values())
    return [uri for each in value for uri in _uris(each)] if isinstance(value, list) else []


def _versions(folder: Path) -> dict[Path, tuple[int, int]]:
    found = {}
    for root, folders, names in os.walk(folder):
        folders[:] = [each for each in folders if each not in _LEFT_OUT]
        for name in names:
            file = Path(root, name)
            # Checksums of Hadoop's local file system, and links to elsewhere, are none of S3's.
            if name.startswith(".") or not stays_inside(file, folder):
                continue
            status = file.stat()
            found[file] = (status.st_mtime_ns, status.st_size)
    return found
