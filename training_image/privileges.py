"""Which user the program runs as: root starts it, an ordinary user trains and serves.

SageMaker's documents want images that start as root, since /opt/ml is mounted for root; so the
Dockerfile names no USER. It names a user's number in THRIFTLINE_RUN_AS instead, and the program
goes over to that user itself, in place, so that it stays the first process and hears SIGTERM.
Where that user could not read the inputs or write the results, it stays root and says why: a job
that trains as root is worth more than one that fails. Standard library only.
"""

import contextlib
import itertools
import json
import os
import resource
import tempfile
from collections.abc import Iterator, MutableMapping
from dataclasses import dataclass
from pathlib import Path

RUN_AS = "THRIFTLINE_RUN_AS"
_EFA = Path("/dev/infiniband")
_FILES_TRIED = 1000


@dataclass(frozen=True)
class User:
    """An ordinary user, by number: the image's base need not know a name."""

    uid: int
    gid: int


class StaysRootError(Exception):
    """The program cannot leave root here; the message says why."""


def leave_root(environment: MutableMapping[str, str], *writes: str) -> None:
    """Goes on as an ordinary user, if root started the program and the image names one.

    `writes` are the folders below /opt/ml that it must be able to write; they are made, and
    opened to its group: their owner, which is SageMaker's, stays. Prints a warning line and
    stays root where this does not do. Call it before anything starts a thread.
    """
    told = environment.get(RUN_AS, "")
    if os.geteuid() != 0 or not told:
        return
    base = Path(environment.get("SAGEMAKER_BASE_DIR") or "/opt/ml")
    try:
        user = _user(base, told)
        _check_locked_memory()
        folders = [base / name for name in writes]
        for folder in folders:
            _open_to(folder, user)
        with _as_user(user):
            _check_access(base, folders)
        _become(user, environment)
    except (StaysRootError, OSError) as error:
        message = f"The program stays root, for it could not run as another user: {error}"
        # As progress.warn would say it, without torch, which that imports.
        print(json.dumps({"event": "warning", "message": message}), flush=True)


def _user(base: Path, told: str) -> User:
    if not told.isdecimal() or int(told) == 0:
        raise StaysRootError(f"{RUN_AS} is {told!r}, not the number of an ordinary user")
    number = int(told)
    owner = base.stat()
    # On a laptop the mounted folder is a person's, who wants the results as their own.
    return User(owner.st_uid or number, owner.st_gid or number)


def _check_locked_memory() -> None:
    """EFA registers memory, which only root may without a limit."""
    if not _EFA.exists():
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_MEMLOCK)
    if hard != resource.RLIM_INFINITY:
        raise StaysRootError("the instances' network (EFA) needs unlimited locked memory")
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_MEMLOCK, (hard, hard))


def _open_to(folder: Path, user: User) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for place, _, names in os.walk(folder):
        for path in (Path(place), *(Path(place, name) for name in names)):
            if path.is_symlink():
                continue
            status = path.stat()
            if status.st_uid == user.uid:
                continue
            os.chown(path, -1, user.gid)
            path.chmod(status.st_mode | (0o070 if path.is_dir() else 0o060))


@contextlib.contextmanager
def _as_user(user: User) -> Iterator[None]:
    """Tries things as the user; the way back to root stays open."""
    before = os.getgroups()
    try:
        os.setgroups(_other_groups())
        os.setegid(user.gid)
        os.seteuid(user.uid)
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)
        os.setgroups(before)


def _check_access(base: Path, folders: list[Path]) -> None:
    """Writes into each folder and reads the inputs, of many files the first.

    SageMaker may stream a channel through a mount that lets nobody but root in.
    """
    for folder in folders:
        tempfile.TemporaryFile(dir=folder).close()
    given = base / "input"
    for place in (given / "config", *_children(given / "data"), base / "model"):
        if place.exists():
            _check_readable(place)


def _children(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() else []


def _check_readable(place: Path) -> None:
    def refuse(error: OSError) -> None:
        raise error

    walk = os.walk(place, onerror=refuse)
    files = (Path(folder, name) for folder, _, names in walk for name in names)
    for number, file in enumerate(itertools.islice(files, _FILES_TRIED)):
        if not os.access(file, os.R_OK, effective_ids=True):
            raise StaysRootError(f"{file} is closed to it")
        if number == 0:
            with file.open("rb") as opened:
                opened.read(1)


def _become(user: User, environment: MutableMapping[str, str]) -> None:
    home = tempfile.mkdtemp(prefix="home-")
    os.chown(home, user.uid, user.gid)
    os.setgroups(_other_groups())
    os.setresgid(user.gid, user.gid, user.gid)
    os.setresuid(user.uid, user.uid, user.uid)
    environment.update(HOME=home, USER="thriftline", LOGNAME="thriftline")


def _other_groups() -> list[int]:
    """Those that the container was given, for its devices for instance; not root's."""
    return [group for group in os.getgroups() if group != 0]
