"""How the embedded AWS runs programs of Spark, and the bad luck that can be put in their way."""

import os
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from fnmatch import fnmatchcase
from pathlib import Path
from threading import Lock

_REPOSITORY = Path(__file__).resolve().parents[2]
SPARK_PYTHON = _REPOSITORY / ".venv-spark/bin/python"
PYTHON_VARIABLE = "THRIFTLINE_SPARK_PYTHON"
STAND_IN = Path(__file__).with_name("stand_in.py")
_MISSING = (
    "{what} is missing, and without it no program of Spark runs here: run make setup-preparation"
)


def _spark_python() -> Path:
    """Return the interpreter with pyspark: named by a variable, or the checkout's own."""
    named = os.environ.get(PYTHON_VARIABLE)
    return Path(named) if named else SPARK_PYTHON


class PreparationFaultKind(StrEnum):
    """What can go wrong with a run on AWS, and cannot by itself here."""

    CAPACITY = "capacity"
    """There are no workers: the run fails before its program starts."""
    HOLD = "hold"
    """The run waits `seconds` for workers; `PreparationFaults.release` ends the wait."""
    NODE_LOST = "node_lost"
    """A node with an executor dies `seconds` into the program, whose tasks are tried again."""
    DRIVER_LOST = "driver_lost"
    """The node with the driver dies `seconds` into the program, and the program with it."""
    INTERNAL_ERROR = "internal_error"
    """The service fails `seconds` into the program."""


@dataclass(frozen=True)
class PreparationFault:
    """One piece of bad luck, for the next `times` runs that it fits.

    `run` is a pattern of names of runs and jobs in which `*` stands for anything. With `file` given
    it waits for a file of this name in the program's folder too, such as one of a stage.
    """

    kind: PreparationFaultKind
    run: str = "*"
    seconds: float = 0.0
    times: int = 1
    file: str = ""


class PreparationFaults:
    """The faults that still wait for a run; safe for threads."""

    def __init__(self, faults: Sequence[PreparationFault] = ()) -> None:
        self._lock = Lock()
        self._waiting = list(faults)
        self._released = 0

    def add(self, *faults: PreparationFault) -> None:
        """Let more bad luck wait."""
        with self._lock:
            self._waiting += faults

    def release(self) -> None:
        """End the wait of all runs that are held."""
        with self._lock:
            self._released += 1

    @property
    def releases(self) -> int:
        """How often runs were released."""
        with self._lock:
            return self._released

    def take(self, run: str, *kinds: PreparationFaultKind) -> PreparationFault | None:
        """Take the first fault of these kinds for a run."""
        with self._lock:
            for index, fault in enumerate(self._waiting):
                if fault.kind not in kinds or not fnmatchcase(run, fault.run):
                    continue
                if fault.times > 1:
                    self._waiting[index] = replace(fault, times=fault.times - 1)
                else:
                    del self._waiting[index]
                return fault
        return None


@dataclass(frozen=True)
class PreparationOptions:
    """The settings of all runs of EMR Serverless and of processing jobs with Spark.

    Args:
        python: the interpreter with pyspark; THRIFTLINE_SPARK_PYTHON names another one.
        program: a program that stands in for the one that a run names, run by the interpreter of
            the embedded AWS itself: quick, and without Spark. `STAND_IN` is one.
        cores: how many cores Spark has.
        driver_memory: how much memory Spark has at the most, whatever a run asks for.
        startup_seconds: from SCHEDULED to RUNNING; a minute or two on AWS.
        check_role: whether the role must exist and trust the service.
        places: how many programs run at once; the others wait for one.
        faults: bad luck that waits from the start.
    """

    python: Path = field(default_factory=_spark_python)
    program: Path | None = None
    cores: int = field(default_factory=lambda: os.cpu_count() or 1)
    driver_memory: str = "1g"
    startup_seconds: float = 0.0
    check_role: bool = True
    places: int = 2
    faults: Sequence[PreparationFault] = ()

    @property
    def interpreter(self) -> Path:
        """What runs the program."""
        return self.python if self.program is None else Path(sys.executable)

    def missing(self) -> str:
        """Say what no program could run without; empty when all of it is there."""
        if self.program is not None:
            return ""
        if not self.python.exists():
            return _MISSING.format(what=_shown(self.python))
        home = os.environ.get("JAVA_HOME", "")
        if not shutil.which("java") and not (Path(home) / "bin/java").is_file():
            return _MISSING.format(what="Java 17")
        return ""


def _shown(path: Path) -> str:
    inside = path.is_relative_to(_REPOSITORY)
    return str(path.relative_to(_REPOSITORY) if inside else path)
