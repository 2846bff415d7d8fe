"""Runs the program of ``preparation/`` with the Spark of this machine.

The program's one file is made from the checkout each time: the command line of a wheel has neither
it nor Spark, and a copy in the wheel could be another version than the functions that configure it.
"""

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from thriftline_cli.context import Context
from thriftline_cli.exits import CommandError, Exit

_SETUP = "make setup-preparation"
_PACKAGES = ("pyspark", "numpy", "pandas", "pyarrow")
_LOOK = (
    "import importlib.util as u, sys; "
    "print(','.join(n for n in sys.argv[1:] if u.find_spec(n) is None))"
)
_ERROR = "PREPARATION_ERROR "
_USERS_FAULT = 2
_LAST_LINES = 12
_LOG = "spark.log"


@dataclass(frozen=True)
class Spark:
    """The Python that has pyspark, and how much of the machine it may use."""

    python: Path
    memory: str
    cores: int | None

    def environment(self, environ: Mapping[str, str]) -> dict[str, str]:
        """Returns what the process is told; spark-submit reads both names."""
        cores = "*" if self.cores is None else str(self.cores)
        return {**environ, "SPARK_DRIVER_MEMORY": self.memory, "MASTER": f"local[{cores}]"}


def interpreter(checkout: Path, named: Path | None, environ: Mapping[str, str]) -> Path:
    """Returns the Python that runs Spark.

    Raises:
        CommandError: it, a package of it, or Java is missing.
    """
    python = named or checkout / ".venv-spark/bin/python"
    if not (python.is_file() and os.access(python, os.X_OK)):
        where = f"--python: there is no program {python}" if named else f"there is no {python}"
        raise CommandError(
            f"{where}; `{_SETUP}` in the checkout makes .venv-spark with pyspark, or name a Python "
            "that has it by --python",
            Exit.NOT_FOUND,
        )
    missing = _missing_packages(python)
    if missing:
        raise CommandError(
            f"{python} has no {', '.join(missing)}; `{_SETUP}` in the checkout makes .venv-spark "
            "with all that is needed, or pip install them there",
            Exit.NOT_FOUND,
        )
    if not _java(environ):
        raise CommandError(
            "Spark needs Java 17, and there is no java in JAVA_HOME or PATH; install it (Debian: "
            "apt-get install openjdk-17-jre-headless)",
            Exit.NOT_FOUND,
        )
    return python.absolute()


def require_empty(folder: Path) -> None:
    """Refuses a folder that has something: what is left of two preparations is no data set.

    Raises:
        CommandError: it has.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise CommandError(f"--into: {folder} is there and is no empty folder", Exit.USAGE)


def prepare(
    checkout: Path, config: Mapping[str, Any], spark: Spark, output: Path, context: Context
) -> None:
    """Runs the program to its end; where it has none, nothing is left in the output.

    Raises:
        CommandError: the data or the configuration is at fault, or the program failed.
    """
    try:
        with _ended_by_sigterm():
            _run(checkout, config, spark, output, context)
    except BaseException:
        # The folder was empty before: what is in it is a part of a data set.
        shutil.rmtree(output, ignore_errors=True)
        raise


@contextmanager
def _ended_by_sigterm() -> Iterator[None]:
    """Lets SIGTERM end Spark too, as Ctrl-C does: by itself it would end this process alone."""

    def end(number: int, _: object) -> None:
        raise SystemExit(128 + number)

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _run(
    checkout: Path, config: Mapping[str, Any], spark: Spark, output: Path, context: Context
) -> None:
    with TemporaryDirectory(prefix="thriftline-prepare-") as name:
        scratch = Path(name)
        program = _bundled(checkout, spark.python, scratch)
        document = scratch / "config.json"
        document.write_text(json.dumps(config), encoding="utf-8")
        log = scratch / _LOG
        context.say(f"preparing on this machine, into {output}")
        with log.open("wb") as errors:
            done = subprocess.run(
                [str(spark.python), str(program), "--config", str(document)],
                stdout=errors,
                stderr=errors,
                check=False,
                cwd=scratch,
                env=spark.environment(context.environ),
            )
        if done.returncode:
            raise _failure(done.returncode, log, output)


def _bundled(checkout: Path, python: Path, scratch: Path) -> Path:
    program = scratch / "prepare.py"
    done = subprocess.run(
        [str(python), str(checkout / "preparation/bundle.py"), str(program)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode or not program.is_file():
        raise CommandError(
            f"the program of preparation/ cannot be bundled: {done.stderr.strip()[-300:]}",
            Exit.FAILED,
        )
    return program


def _failure(code: int, log: Path, output: Path) -> CommandError:
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    if code == _USERS_FAULT and (said := _said(lines)):
        return CommandError(said, Exit.USAGE)
    kept = output.with_name(f"{output.name}-{_LOG}")
    kept.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(log, kept)
    last = "\n".join(line for line in lines[-_LAST_LINES:] if line.strip())
    return CommandError(
        f"the program ended with code {code}; what it and Spark said is in {kept}:\n{last}",
        Exit.FAILED,
    )


def _said(lines: list[str]) -> str:
    for line in reversed(lines):
        _, mark, text = line.partition(_ERROR)
        if mark:
            try:
                return str(json.loads(text)["message"])
            except (ValueError, KeyError, TypeError):
                continue
    return ""


def _missing_packages(python: Path) -> list[str]:
    done = subprocess.run(
        [str(python), "-c", _LOOK, *_PACKAGES], capture_output=True, text=True, check=False
    )
    if done.returncode:
        return list(_PACKAGES)
    return [name for name in done.stdout.strip().split(",") if name]


def _java(environ: Mapping[str, str]) -> bool:
    home = environ.get("JAVA_HOME")
    if home and os.access(Path(home) / "bin/java", os.X_OK):
        return True
    return shutil.which("java", path=environ.get("PATH")) is not None
