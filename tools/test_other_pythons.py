"""Runs the functions' unit tests on other Pythons than this one, where the machine has them.

    python tools/test_other_pythons.py [VERSION ...]

The functions run on Lambda's Python and are developed on this one; nothing that works on one only
may go unnoticed. Without versions it is Lambda's alone, which the gate asks for. Each interpreter
gets a virtual environment with the functions' pins.
"""

import hashlib
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parents[1]
_RUNTIME = re.compile(r"^ +Runtime: python(3\.\d+)$", re.MULTILINE)
TEST_PINS = (
    *("pytest", "pytest-timeout", "pytest-xdist", "hypothesis", "moto", "scikit-learn"),
    *("jsonschema", "markdown-it-py", "rich", "croniter"),
)


def interpreter(version: str) -> str | None:
    """Returns an interpreter of the version that really starts; None when there is none."""
    found = shutil.which(f"python{version}")
    candidates = [found] if found else []
    # A version manager's shim may be on PATH and yet refuse to run.
    candidates += [str(p) for p in Path.home().glob(f".pyenv/versions/{version}.*/bin/python")]
    for candidate in candidates:
        probe = [candidate, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
        answer = subprocess.run(probe, capture_output=True, text=True, check=False)
        if answer.stdout.strip() == version:
            return candidate
    return None


def environment(python: str, version: str) -> Path:
    """Makes the virtual environment of a version, anew when the pins changed."""
    pins = [
        line
        for line in (ROOT / "requirements-dev.txt").read_text().splitlines()
        if line.split("==")[0].split("[")[0] in TEST_PINS
    ]
    functions = (ROOT / "functions/requirements.txt").read_text()
    digest = hashlib.sha256("\n".join([functions, *pins]).encode()).hexdigest()
    folder = ROOT / f".thriftline/python-{version}"
    stamp = folder / "pins"
    if not stamp.exists() or stamp.read_text() != digest:
        subprocess.run([python, "-m", "venv", "--clear", str(folder)], check=True)
        subprocess.run(
            [
                *(str(folder / "bin/python"), "-m", "pip", "install", "--quiet"),
                *("--disable-pip-version-check", "-r", str(ROOT / "functions/requirements.txt")),
                *pins,
            ],
            check=True,
        )
        stamp.write_text(digest)
    return folder / "bin/python"


def of_lambda() -> tuple[str, ...]:
    """Returns the versions that the template's functions run on."""
    return tuple(sorted(set(_RUNTIME.findall((ROOT / "template.yaml").read_text()))))


def main(versions: Sequence[str]) -> int:
    """Returns 0 when the tests pass on every version that is here."""
    here = ".".join(map(str, sys.version_info[:2]))
    for version in versions or of_lambda():
        if version == here:
            continue
        python = interpreter(version)
        if python is None:
            sys.stdout.write(f"==> Python {version} is not on this machine: not tested on it\n")
            continue
        sys.stdout.write(f"==> functions on Python {version}\n")
        sys.stdout.flush()
        tests = [str(environment(python, version)), "-m", "pytest", "-q", "tests/unit"]
        tests += ["-p", "no:cacheprovider", "-n", "2", "--dist", "loadfile"]
        tests += [f"--ignore=tests/unit/{room}" for room in ("laptop", "local_aws")]
        if code := subprocess.run(tests, cwd=ROOT, check=False).returncode:
            return code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
