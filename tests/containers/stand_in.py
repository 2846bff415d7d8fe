"""Images made of this machine's files, for where no registry can be reached."""

import hashlib
import io
import platform
import re
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# What is no part of a running program; Debian's mark would keep pip from installing.
UNWANTED = re.compile(
    r"/(site-packages|dist-packages|test|idlelib|tkinter|turtledemo|ensurepip|__pycache__"
    r"|EXTERNALLY-MANAGED)(/|$)|/config-\d|/_tkinter|\.a$"
)


class BaseImageError(Exception):
    """The image cannot be made here; the message says why."""


class Image:
    """An image's files, as a tar that is written on the fly."""

    def __init__(self, tar: tarfile.TarFile) -> None:
        self._tar = tar

    def folders(self, *names: str, mode: int = 0o755) -> None:
        for name in names:
            entry = tarfile.TarInfo(name)
            entry.type, entry.mode = tarfile.DIRTYPE, mode
            self._tar.addfile(entry)

    def text(self, name: str, text: str, mode: int = 0o644) -> None:
        entry = tarfile.TarInfo(name)
        entry.size, entry.mode = len(text.encode()), mode
        self._tar.addfile(entry, io.BytesIO(text.encode()))

    def link(self, name: str, target: str) -> None:
        entry = tarfile.TarInfo(name)
        entry.type, entry.linkname = tarfile.SYMTYPE, target
        self._tar.addfile(entry)

    def copy(self, source: Path, name: str, unwanted: re.Pattern[str] = UNWANTED) -> None:
        def owned_by_root(entry: tarfile.TarInfo) -> tarfile.TarInfo | None:
            if unwanted.search(f"/{entry.name}"):
                return None
            entry.uid = entry.gid = 0
            entry.uname = entry.gname = ""
            entry.mode |= 0o555 if entry.isdir() or entry.mode & 0o100 else 0o444
            return entry

        self._tar.add(source, name, filter=owned_by_root)

    def libraries(
        self, programs: Iterable[Path], named: Sequence[str], folder: str = "lib64"
    ) -> None:
        """Adds the shared libraries that programs need, and those of some names."""
        for library in sorted(_linked_by(programs) | set(_named_libraries(named))):
            self.copy(library.resolve(), f"{folder}/{library.name}")


def tools(names: Sequence[str]) -> dict[str, Path]:
    """Returns where programs of this machine lie."""
    found = {name: shutil.which(name) for name in names}
    missing = [name for name, path in found.items() if path is None]
    if missing:
        raise BaseImageError(f"{missing[0]} is missing")
    return {name: Path(str(path)).resolve() for name, path in found.items()}


def make(
    name: str,
    facts: Sequence[str],
    changes: Sequence[str],
    fill: Callable[[Image], None],
    version: str = "latest",
) -> str:
    """Returns the tag of an image; makes it unless it is there already.

    A digest of `facts` (all that decides what is in the image) is part of the name.
    """
    if (sys.platform, platform.machine()) != ("linux", "x86_64"):
        raise BaseImageError("the stand-in is for x86_64 Linux")
    facts = [Path(__file__).read_text(), *facts]
    digest = hashlib.sha256("\n".join(facts).encode()).hexdigest()[:12]
    tag = f"{name}-{digest}:{version}"
    if not exists(tag):
        _import(tag, changes, fill)
    return tag


def exists(tag: str) -> bool:
    inspect = ["docker", "image", "inspect", tag]
    return subprocess.run(inspect, capture_output=True, check=False).returncode == 0


def _import(tag: str, changes: Sequence[str], fill: Callable[[Image], None]) -> None:
    options = [word for change in changes for word in ("--change", change)]
    docker = subprocess.Popen(
        ["docker", "import", *options, "-", tag],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
    )
    with docker, tarfile.open(fileobj=docker.stdin, mode="w|") as tar:
        try:
            fill(Image(tar))
        except BaseException:
            docker.kill()  # half an image would be taken for one
            raise
    if docker.returncode:
        raise BaseImageError(f"docker import ended with {docker.returncode}")


def _linked_by(programs: Iterable[Path]) -> set[Path]:
    """Returns the shared libraries that programs need, the loader among them."""
    answer = subprocess.run(
        ["ldd", *map(str, programs)], capture_output=True, text=True, check=False
    ).stdout
    return {Path(path) for path in re.findall(r"(?:=> |^\s+)(/\S+) \(0x", answer, re.MULTILINE)}


def _named_libraries(names: Sequence[str]) -> Iterator[Path]:
    known = subprocess.run(
        ["ldconfig", "-p"],
        capture_output=True,
        text=True,
        check=True,
        env={"PATH": "/usr/sbin:/sbin:/usr/bin:/bin"},
    ).stdout
    for name in names:
        found = re.search(rf"^\s+{re.escape(name)} \(libc6,x86-64[^)]*\) => (\S+)$", known, re.M)
        if found is None:
            raise BaseImageError(f"{name} is missing")
        yield Path(found.group(1))
