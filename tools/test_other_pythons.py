"""Runs the unit tests: those of the functions on Lambda's Python, where the machine has it.

    python tools/test_other_pythons.py [VERSION ...]

Without versions each test runs once, which the gate asks for: the functions' on the Python that
they run on, those of the embedded AWS and of the laptop on this one, whose integration tests run
the functions as well. With versions the functions' tests run on each of these. Each interpreter
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
HERE = ".".join(map(str, sys.version_info[:2]))
OWN_PYTHON = str(ROOT / ".venv/bin/python")
# What runs on this machine, or on Spark, never on Lambda.
OTHER_ROOMS = tuple(
    f"tests/unit/{name}" for name in ("laptop", "local_aws", "preparation", "virtual_time")
)
_RUNTIME = re.compile(r"^ +Runtime: python(3\.\d+)$", re.MULTILINE)
TEST_PINS = (
    *("pytest", "pytest-timeout", "pytest-xdist", "hypothesis", "moto", "scikit-learn"),
    *("jsonschema", "markdown-it-py", "rich", "croniter", "argcomplete"),
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
    functions = (ROOT / "functions/requirements.in").read_text()
    layers = sorted(ROOT.glob("layers/*/requirements.txt"))
    texts = [functions, *pins, *(layer.read_text() for layer in layers)]
    digest = hashlib.sha256("\n".join(texts).encode()).hexdigest()
    folder = ROOT / f".thriftline/python-{version}"
    stamp = folder / "pins"
    if not stamp.exists() or stamp.read_text() != digest:
        subprocess.run([python, "-m", "venv", "--clear", str(folder)], check=True)
        install = [str(folder / "bin/python"), "-m", "pip", "install", "--quiet"]
        install.append("--disable-pip-version-check")
        subprocess.run([*install, "-r", str(ROOT / "functions/requirements.in"), *pins], check=True)
        for layer in layers:
            # As `sam build` makes it: what a layer's package requires for its commands stays out.
            subprocess.run(
                [*install, "--no-deps", "--require-hashes", "-r", str(layer)], check=True
            )
        stamp.write_text(digest)
    return folder / "bin/python"


def of_lambda() -> tuple[str, ...]:
    """Returns the versions that the template's functions run on."""
    return tuple(sorted(set(_RUNTIME.findall((ROOT / "template.yaml").read_text()))))


def run_tests(python: str, *arguments: str) -> int:
    """Returns the exit code of the unit tests on an interpreter."""
    tests = [python, "-m", "pytest", "-q", "-n", "2", "--dist", "loadfile", *arguments]
    return subprocess.run(tests, cwd=ROOT, check=False).returncode


def of_functions(python: str, version: str) -> int:
    """Returns the exit code of the functions' tests on another interpreter."""
    sys.stdout.write(f"==> functions on Python {version}\n")
    sys.stdout.flush()
    others = [f"--ignore={room}" for room in OTHER_ROOMS]
    return run_tests(
        str(environment(python, version)), "tests/unit", "-p", "no:cacheprovider", *others
    )


def once() -> int:
    """Runs every unit test once; returns 0 when all pass."""
    (version,) = of_lambda()
    python = None if version == HERE else interpreter(version)
    if python is None:
        if version != HERE:
            sys.stdout.write(f"==> no Python {version} on this machine: all on Python {HERE}\n")
            sys.stdout.flush()
        return run_tests(OWN_PYTHON, "tests/unit")
    return of_functions(python, version) or run_tests(OWN_PYTHON, *OTHER_ROOMS)


def main(versions: Sequence[str]) -> int:
    """Returns 0 when the tests pass on every version that is here."""
    if not versions:
        return once()
    for version in versions:
        python = OWN_PYTHON if version == HERE else interpreter(version)
        if python is None:
            sys.stdout.write(f"==> Python {version} is not on this machine: not tested on it\n")
            continue
        if version == HERE:
            code = run_tests(OWN_PYTHON, "tests/unit")
        else:
            code = of_functions(python, version)
        if code:
            return code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
