"""Makes a stand-in for AWS's base image of Python functions where no registry can be reached.

    python3.13 lambda_base.py NAME

It is run by the interpreter that goes into the image, and holds what a function meets on Lambda:
that CPython without packages, the runtime client, the folders and variables of AWS's image, a
shell. It is not Amazon Linux: its C library is this machine's.
"""

import argparse
import re
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

# Run as a script, by an interpreter that knows nothing of this repository.
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
# SAM adds its emulator to the image with these; python has no need of them.
TOOLS = ("sh", "mv", "chmod")
# What wheels for Amazon Linux 2023 may link without bringing it along.
LIBRARIES = ("libgcc_s.so.1", "libstdc++.so.6", "libpthread.so.0", "libdl.so.2", "librt.so.1")
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


def _runtime_client() -> str:
    pins = (ROOT / "requirements-lambda.txt").read_text()
    found = re.search(r"^awslambdaric==\S+$", pins, re.MULTILINE)
    if found is None:
        raise BaseImageError("requirements-lambda.txt does not pin awslambdaric")
    return found.group()


def _fill(image: Image) -> None:
    image.folders("dev", "proc", "sys", "etc", "bin", "lib64", "opt", "root", "usr", "usr/bin")
    image.folders("var", "var/task", "var/lang", "var/lang/bin", "var/lang/lib")
    image.folders("tmp", mode=0o1777)
    image.text("etc/passwd", "root:x:0:0:root:/root:/bin/sh\n")
    image.text("etc/group", "root:x:0:\n")
    image.text("etc/nsswitch.conf", "hosts: files dns\n")
    interpreter = Path(sys.executable).resolve()
    standard_library = Path(sysconfig.get_path("stdlib"))
    programs = tools(TOOLS)
    for name, tool in programs.items():
        image.copy(tool, f"bin/{name}")
    image.copy(interpreter, f"var/lang/bin/python{VERSION}")
    for name in ("python3", "python"):
        image.link(f"var/lang/bin/{name}", f"python{VERSION}")
    image.copy(standard_library, f"var/lang/lib/python{VERSION}")
    extensions = [
        each for each in standard_library.glob("lib-dynload/*.so") if not UNWANTED.search(str(each))
    ]
    image.libraries([interpreter, *extensions, *programs.values()], LIBRARIES)
    with tempfile.TemporaryDirectory() as folder:
        install = [sys.executable, "-m", "pip", "install", "--quiet", "--target", folder]
        subprocess.run([*install, _runtime_client()], check=True, stdout=sys.stderr)
        image.copy(Path(folder), "var/runtime")
    image.text("var/runtime/bootstrap", BOOTSTRAP, 0o755)


def main() -> int:
    """Print the image's tag; make the image unless it is there already."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("name", help="name of the image; a digest is added")
    name = parser.parse_args().name
    changes = [f"ENV {key}={value}" for key, value in ENVIRONMENT.items()]
    try:
        facts = [Path(__file__).read_text(), sys.version, sys.base_prefix, _runtime_client()]
        tag = make(name, facts, [*changes, "WORKDIR /var/task"], _fill, VERSION)
    except (BaseImageError, OSError, subprocess.CalledProcessError) as error:
        print(f"containers: no stand-in base image: {error}", file=sys.stderr)  # noqa: T201
        return 1
    print(tag)  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
