"""Makes a stand-in for AWS's base image of Python functions where no registry can be reached.

    python3.13 lambda_base.py NAME

It is run by the interpreter that goes into the image, and holds what a function meets on Lambda:
that CPython without packages, the runtime client, the folders and variables of AWS's image, a
shell. It is not Amazon Linux: its C library is this machine's.
"""

import argparse
import hashlib
import io
import platform
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VERSION = f"{sys.version_info[0]}.{sys.version_info[1]}"
# SAM adds its emulator to the image with these; python has no need of them.
TOOLS = ("sh", "mv", "chmod")
# What wheels for Amazon Linux 2023 may link without bringing it along.
LIBRARIES = ("libgcc_s.so.1", "libstdc++.so.6", "libpthread.so.0", "libdl.so.2", "librt.so.1")
UNWANTED = re.compile(
    r"/(site-packages|dist-packages|test|idlelib|tkinter|turtledemo|ensurepip|__pycache__)(/|$)"
    r"|/config-\d|/_tkinter|\.a$"
)
ENVIRONMENT = {
    "LANG": "en_US.UTF-8",
    "TZ": ":UTC",
    "PATH": "/var/lang/bin:/usr/local/bin:/usr/bin:/bin:/opt/bin",
    "LD_LIBRARY_PATH": (
        "/var/lang/lib:/lib64:/usr/lib64:/var/runtime:/var/runtime/lib:"
        "/var/task:/var/task/lib:/opt/lib"
    ),
    "LAMBDA_TASK_ROOT": "/var/task",
    "LAMBDA_RUNTIME_DIR": "/var/runtime",
}
BOOTSTRAP = f"""\
#!/var/lang/bin/python{VERSION}
# The function's own folder comes first, then layers, then what the runtime brings.
import os
import sys

sys.path[:1] = [
    os.environ["LAMBDA_TASK_ROOT"],
    "/opt/python/lib/python{VERSION}/site-packages",
    "/opt/python",
    "/var/runtime",
]
os.environ["AWS_EXECUTION_ENV"] = "AWS_Lambda_python{VERSION}"

from awslambdaric.__main__ import main

main(["bootstrap", os.environ["_HANDLER"]])
"""


class BaseImageError(Exception):
    """The image cannot be made here; the message says why."""


def _tools() -> Iterator[Path]:
    for name in TOOLS:
        found = shutil.which(name)
        if found is None:
            raise BaseImageError(f"{name} is missing")
        yield Path(found).resolve()


def _linked_by(programs: Iterable[Path]) -> set[Path]:
    """Return the shared libraries that programs need, the loader among them."""
    answer = subprocess.run(
        ["ldd", *map(str, programs)], capture_output=True, text=True, check=False
    ).stdout
    return {Path(path) for path in re.findall(r"(?:=> |^\s+)(/\S+) \(0x", answer, re.MULTILINE)}


def _named_libraries() -> Iterator[Path]:
    known = subprocess.run(
        ["ldconfig", "-p"],
        capture_output=True,
        text=True,
        check=True,
        env={"PATH": "/usr/sbin:/sbin:/usr/bin:/bin"},
    ).stdout
    for name in LIBRARIES:
        found = re.search(rf"^\s+{re.escape(name)} \(libc6,x86-64[^)]*\) => (\S+)$", known, re.M)
        if found is None:
            raise BaseImageError(f"{name} is missing")
        yield Path(found.group(1))


def _runtime_client() -> str:
    pins = (ROOT / "requirements-lambda.txt").read_text()
    found = re.search(r"^awslambdaric==\S+$", pins, re.MULTILINE)
    if found is None:
        raise BaseImageError("requirements-lambda.txt does not pin awslambdaric")
    return found.group()


class _Image:
    """The image's files, as a tar that is written on the fly."""

    def __init__(self, tar: tarfile.TarFile) -> None:
        self._tar = tar

    def folder(self, name: str, mode: int = 0o755) -> None:
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

    def copy(self, source: Path, name: str) -> None:
        self._tar.add(source, name, filter=_owned_by_root)


def _owned_by_root(entry: tarfile.TarInfo) -> tarfile.TarInfo | None:
    if UNWANTED.search(f"/{entry.name}"):
        return None
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    return entry


def _fill(image: _Image, runtime: Path) -> None:
    for name in ("dev", "proc", "sys", "etc", "bin", "lib64", "opt", "root", "usr", "usr/bin"):
        image.folder(name)
    for name in ("var", "var/task", "var/lang", "var/lang/bin", "var/lang/lib"):
        image.folder(name)
    image.folder("tmp", 0o1777)
    image.text("etc/passwd", "root:x:0:0:root:/root:/bin/sh\n")
    image.text("etc/group", "root:x:0:\n")
    image.text("etc/nsswitch.conf", "hosts: files dns\n")
    interpreter = Path(sys.executable).resolve()
    standard_library = Path(sysconfig.get_path("stdlib"))
    tools = list(_tools())
    for name, tool in zip(TOOLS, tools, strict=True):
        image.copy(tool, f"bin/{name}")
    image.copy(interpreter, f"var/lang/bin/python{VERSION}")
    for name in ("python3", "python"):
        image.link(f"var/lang/bin/{name}", f"python{VERSION}")
    image.copy(standard_library, f"var/lang/lib/python{VERSION}")
    extensions = [
        each for each in standard_library.glob("lib-dynload/*.so") if not UNWANTED.search(str(each))
    ]
    libraries = _linked_by([interpreter, *extensions, *tools]) | set(_named_libraries())
    for library in sorted(libraries):
        image.copy(library.resolve(), f"lib64/{library.name}")
    image.copy(runtime, "var/runtime")
    image.text("var/runtime/bootstrap", BOOTSTRAP, 0o755)


def _digest() -> str:
    """Return a short digest of all that decides what is in the image."""
    facts = (Path(__file__).read_text(), sys.version, sys.base_prefix, _runtime_client())
    return hashlib.sha256("\n".join(facts).encode()).hexdigest()[:12]


def _exists(tag: str) -> bool:
    inspect = ["docker", "image", "inspect", tag]
    return subprocess.run(inspect, capture_output=True, check=False).returncode == 0


def _import(tag: str) -> None:
    changes = [f"ENV {name}={value}" for name, value in ENVIRONMENT.items()]
    options = [word for change in (*changes, "WORKDIR /var/task") for word in ("--change", change)]
    with tempfile.TemporaryDirectory() as folder:
        install = [sys.executable, "-m", "pip", "install", "--quiet", "--target", folder]
        subprocess.run([*install, _runtime_client()], check=True, stdout=sys.stderr)
        docker = subprocess.Popen(
            ["docker", "import", *options, "-", tag],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
        )
        with docker, tarfile.open(fileobj=docker.stdin, mode="w|") as tar:
            _fill(_Image(tar), Path(folder))
    if docker.returncode:
        raise BaseImageError(f"docker import ended with {docker.returncode}")


def main() -> int:
    """Print the image's tag; make the image unless it is there already."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("name", help="name of the image; a digest is added")
    name = parser.parse_args().name
    try:
        if (sys.platform, platform.machine()) != ("linux", "x86_64"):
            raise BaseImageError("the stand-in is for x86_64 Linux")
        tag = f"{name}-{_digest()}:{VERSION}"
        if not _exists(tag):
            _import(tag)
    except (BaseImageError, OSError, subprocess.CalledProcessError) as error:
        print(f"containers: no stand-in base image: {error}", file=sys.stderr)  # noqa: T201
        return 1
    print(tag)  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
