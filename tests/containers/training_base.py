"""Makes a stand-in for AWS's PyTorch training container where no registry can be reached.

    .venv/bin/python training_base.py NAME WHEELS

Like AWS's it has a CPython with pip and a torch of its own: those of the environment that runs
this. Beside them lie the wheels of the training image's other requirements, so that its build
needs no network; they are downloaded once, into the folder WHEELS. It has no CUDA toolkit, no
network library and no SageMaker toolkit, and its C library is this machine's.
"""

import argparse
import hashlib
import importlib.metadata
import re
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

from packaging.requirements import Requirement

# Run as a script.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.containers.stand_in import (
    ROOT,
    UNWANTED,
    BaseImageError,
    Image,
    make,
    tools,
)

VERSION = f"{sys.version_info[0]}.{sys.version_info[1]}"
REQUIREMENTS = ROOT / "training_image/requirements.txt"
# A shell, what the Dockerfile's commands call, and a little to look around with.
TOOLS = ("sh", "sed", "ln", "mkdir", "chmod", "env", "ls", "cat", "id", "sleep")
LIBRARIES = (
    *("libgcc_s.so.1", "libstdc++.so.6", "libpthread.so.0", "libdl.so.2", "librt.so.1"),
    *("libm.so.6", "libutil.so.1", "libresolv.so.2", "libnss_files.so.2", "libnss_dns.so.2"),
)
LIBRARY_FOLDER = "lib/x86_64-linux-gnu"
LOADER = "ld-linux-x86-64.so.2"
# Compiled modules stay: in a container they would be compiled anew at every start.
UNWANTED_IN_LIBRARY = re.compile(UNWANTED.pattern.replace("|__pycache__", ""))
UNWANTED_IN_PACKAGES = re.compile(r"/torch/(test|include)(/|$)|\.a$")
PIP_CONFIG = "[global]\nno-index = true\nfind-links = /opt/wheels\n"
CHANGES = (
    "ENV PATH=/usr/local/bin:/usr/bin:/bin",
    "ENV LANG=C.UTF-8",
    "CMD python3",
)


def _with_dependencies(names: list[str]) -> dict[str, importlib.metadata.Distribution]:
    """Returns the installed packages of some names, and all that they need."""
    found: dict[str, importlib.metadata.Distribution] = {}
    waiting = list(names)
    while waiting:
        name = waiting.pop().lower().replace("_", "-")
        if name in found:
            continue
        found[name] = importlib.metadata.distribution(name)
        needs = [Requirement(text) for text in found[name].requires or ()]
        waiting += [
            need.name for need in needs if not need.marker or need.marker.evaluate({"extra": ""})
        ]
    return found


def _places(packages: dict[str, importlib.metadata.Distribution]) -> Iterator[tuple[Path, str]]:
    """Yields the top folders and files of packages with their places below site-packages."""
    seen = set()
    for package in packages.values():
        for file in package.files or ():
            top = file.parts[0]
            if top not in ("..", "__pycache__") and top not in seen:
                seen.add(top)
                yield Path(str(package.locate_file(top))), top


def _site_packages() -> str:
    """Returns where the interpreter looks for packages, below its prefix; Debian's differs."""
    program = (
        "import os, sys, sysconfig;"
        "print(os.path.relpath(sysconfig.get_path('purelib'), sys.base_prefix))"
    )
    command = [str(_interpreter()), "-I", "-c", program]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def _interpreter() -> Path:
    """Returns the interpreter that the environment was made of."""
    return Path(sys.executable).resolve()


def _fill(image: Image) -> None:
    image.folders("dev", "proc", "sys", "etc", "bin", "lib64", "opt", "usr", "usr/bin", "lib")
    image.folders(LIBRARY_FOLDER, "usr/local", "usr/local/bin", "usr/local/lib", "opt/ml")
    image.folders("root", mode=0o700)
    image.folders("tmp", mode=0o1777)
    image.text("etc/passwd", "root:x:0:0:root:/root:/bin/sh\n")
    image.text("etc/group", "root:x:0:\n")
    image.text("etc/nsswitch.conf", "hosts: files dns\n")
    image.text("etc/pip.conf", PIP_CONFIG)
    programs = tools(TOOLS)
    for name, tool in programs.items():
        image.copy(tool, f"bin/{name}")
    image.link("usr/bin/env", "../../bin/env")
    interpreter, library = _interpreter(), Path(sysconfig.get_path("stdlib"))
    image.copy(interpreter, f"usr/local/bin/python{VERSION}")
    for name in ("python3", "python"):
        image.link(f"usr/local/bin/{name}", f"python{VERSION}")
    image.copy(library, f"usr/local/lib/python{VERSION}", UNWANTED_IN_LIBRARY)
    extensions = [
        each for each in library.glob("lib-dynload/*.so") if not UNWANTED.search(str(each))
    ]
    image.libraries([interpreter, *extensions, *programs.values()], LIBRARIES, LIBRARY_FOLDER)
    image.link(f"lib64/{LOADER}", f"../{LIBRARY_FOLDER}/{LOADER}")
    site_packages = _site_packages()
    for source, name in _places(_with_dependencies(["torch", "pip"])):
        image.copy(source, f"usr/local/{site_packages}/{name}", UNWANTED_IN_PACKAGES)


def _facts() -> list[str]:
    packages = _with_dependencies(["torch", "pip"])
    versions = [f"{name} {package.version}" for name, package in sorted(packages.items())]
    return [Path(__file__).read_text(), sys.version, sys.base_prefix, *versions]


def _download(wheels: Path) -> None:
    """Fetches the wheels of the pinned requirements, torch left out, unless they are there."""
    pins = [line for line in REQUIREMENTS.read_text().splitlines() if not line.startswith("torch=")]
    stamp = wheels / "of.txt"
    wanted = "\n".join([sys.version, *pins])
    if stamp.exists() and stamp.read_text() == wanted:
        return
    wheels.mkdir(parents=True, exist_ok=True)
    for old in wheels.iterdir():
        old.unlink()
    pinned = wheels / "requirements.txt"
    pinned.write_text("\n".join(pins))
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--only-binary", ":all:"]
    done = subprocess.run(
        [*command, "--dest", wheels, "--requirement", pinned],
        stdout=sys.stderr,
        check=False,
    )
    if done.returncode:
        raise BaseImageError("pip could not download the wheels of the training image")
    stamp.write_text(wanted)


def _add_wheels(base: str, name: str, wheels: Path) -> str:
    """Returns the tag of the base with the wheels in it."""
    digest = hashlib.sha256(base.encode())
    for wheel in sorted(wheels.glob("*.whl")):
        digest.update(f"{wheel.name} {wheel.stat().st_size}".encode())
    tag = f"{name}:{digest.hexdigest()[:12]}"
    dockerfile = wheels / "Dockerfile"
    dockerfile.write_text(f"FROM {base}\nCOPY *.whl /opt/wheels/\n")
    subprocess.run(
        ["docker", "build", "--quiet", "--tag", tag, str(wheels)],
        stdout=subprocess.DEVNULL,
        check=True,
    )
    return tag


def main() -> int:
    """Print the image's tag; make what is not there already."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("name", help="name of the image")
    parser.add_argument("wheels", type=Path, help="folder that keeps the wheels")
    given = parser.parse_args()
    try:
        _download(given.wheels)
        base = make(f"{given.name}-python", _facts(), CHANGES, _fill, VERSION)
        tag = _add_wheels(base, given.name, given.wheels)
    except (BaseImageError, OSError, subprocess.CalledProcessError) as error:
        print(f"containers: no stand-in base image: {error}", file=sys.stderr)  # noqa: T201
        return 1
    print(tag)  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
