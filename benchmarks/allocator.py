"""One allocator for every method: jemalloc with huge pages, else glibc with huge pages.

With pages of 4 KiB large tensors crawl on a CPU, and the ranking of methods with them.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

PLACES = (
    "usr/lib/*/libjemalloc.so.2",
    "usr/lib*/libjemalloc.so.2",
    "usr/local/lib/libjemalloc.so.2",
)
# Large tensors are kept for the next step, not given back and faulted in again.
SETTINGS = "thp:always,metadata_thp:auto,oversize_threshold:0,dirty_decay_ms:60000"
MARK = "THRIFTLINE_BENCH_ALLOCATOR"


def find_jemalloc(folder: Path) -> Path | None:
    """Finds libjemalloc, or unpacks Debian's package below the folder; None if neither works."""
    if found := _library(Path("/")) or _library(folder):
        return found
    if not shutil.which("apt-get") or not shutil.which("dpkg"):
        return None
    folder.mkdir(parents=True, exist_ok=True)
    command = ["apt-get", "download", "libjemalloc2"]
    if subprocess.run(command, cwd=folder, capture_output=True, check=False).returncode:
        return None
    for package in folder.glob("libjemalloc2_*.deb"):
        subprocess.run(["dpkg", "-x", str(package), str(folder)], check=True)
    return _library(folder)


def _library(root: Path) -> Path | None:
    found = [path for pattern in PLACES for path in sorted(root.glob(pattern))]
    return found[0] if found else None


def restart_with_allocator(folder: Path) -> str:
    """Starts this program anew under the allocator; in the new process, returns its name."""
    if MARK in os.environ:
        return os.environ[MARK]
    # torch asks for huge pages itself with this, whoever allocates.
    environment = {**os.environ, "THP_MEM_ALLOC_ENABLE": "1"}
    if library := find_jemalloc(folder):
        environment |= {"LD_PRELOAD": str(library), "MALLOC_CONF": SETTINGS}
        environment[MARK] = f"jemalloc ({SETTINGS})"
    else:
        environment[MARK] = "glibc with THP_MEM_ALLOC_ENABLE=1 (no jemalloc found)"
    os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], environment)
