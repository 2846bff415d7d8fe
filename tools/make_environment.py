"""Make a virtual environment anew, and report how far it is: `make setup` runs this.

    python tools/make_environment.py .venv requirements-dev.txt \
        --for "demo, tests, embedded AWS" --takes "1 to 3 minutes, 2 GB" -- --no-compile

What follows `--` goes to pip; `--alone` names hashed pins that are installed without what they
require. An installation is silent for minutes: so there is a line before it,
one every quarter of a minute, and one after it. pip's own words come where it fails.
"""

import argparse
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

EVERY_SECONDS = 15.0
# More than pip itself takes.
EMPTY_MEGABYTES = 30


def main(arguments: Sequence[str]) -> int:
    """Make the environment; return pip's exit code."""
    given = parsed(arguments)
    folder: Path = given.folder
    started = time.monotonic()
    print(f"==> {folder}: {given.purpose} (some {given.takes}, once)", flush=True)
    for step in steps(folder, given.requirements, given.pip, given.alone):
        if code := follow(step, folder, given.every, started):
            print(f"make: {folder} was not made; the message is above", file=sys.stderr)
            return code
    print(f"    {folder} is ready after {time.monotonic() - started:.0f} s", flush=True)
    return 0


def steps(
    folder: Path, requirements: str, pip: Sequence[str], alone: str | None = None
) -> Iterator[list[str]]:
    """Yield the commands that make an environment."""
    yield [sys.executable, "-m", "venv", "--clear", str(folder)]
    yield [
        *(str(folder / "bin/python"), "-m", "pip", "install"),
        *("--quiet", "--disable-pip-version-check", "--no-input"),
        *("--requirement", requirements, *pip),
    ]
    if alone is not None:
        yield [
            *(str(folder / "bin/python"), "-m", "pip", "install"),
            *("--quiet", "--disable-pip-version-check", "--no-input"),
            *("--no-deps", "--require-hashes", "--requirement", alone, *pip),
        ]


def parsed(arguments: Sequence[str]) -> argparse.Namespace:
    """Return what the command line says; `pip` has what stands behind `--`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("requirements")
    parser.add_argument("--for", dest="purpose", required=True, help="who needs it")
    parser.add_argument("--takes", required=True, help="time and space")
    parser.add_argument("--alone", help="pins without what they require")
    parser.add_argument("--every", type=float, default=EVERY_SECONDS, help="seconds a line")
    ours, options = list(arguments), []
    if "--" in ours:
        at = ours.index("--")
        ours, options = ours[:at], ours[at + 1 :]
    return parser.parse_args(ours, argparse.Namespace(pip=options))


def follow(command: Sequence[str], folder: Path, every: float, started: float) -> int:
    """Run a command, and report the time and what is in the folder; return its exit code."""
    with subprocess.Popen(command) as process:
        while True:
            try:
                return process.wait(every)
            except subprocess.TimeoutExpired:
                passed = time.monotonic() - started
                print(f"    {folder}: {passed:.0f} s, {_progress(folder)}", flush=True)
            except BaseException:
                process.terminate()
                raise


def _progress(folder: Path) -> str:
    megabytes = _megabytes(folder)
    # pip downloads everything before it installs the first package.
    return "downloading" if megabytes < EMPTY_MEGABYTES else f"{megabytes:,} MB installed"


def _megabytes(folder: Path) -> int:
    """Return the size of a folder that changes meanwhile."""
    size = 0
    for file in folder.rglob("*"):
        try:
            size += file.lstat().st_size
        except OSError:
            continue
    return size // 1_000_000


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
