"""One run of a program of Spark on this machine: its folder, its process, its ending."""

import os
import shutil
import signal
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from subprocess import Popen

from local_aws.preparation.mirror import Mirror
from local_aws.preparation.options import (
    PreparationFault,
    PreparationFaultKind,
    PreparationFaults,
    PreparationOptions,
)
from local_aws.preparation.spark_settings import InvalidSparkSettingsError
from local_aws.preparation.storage import DataError, Place, RoleStorage
from local_aws.training.process_sessions import ProcessSessions, session_members
from local_aws.training.storage import split_uri

_LOOK_SECONDS = 0.05
_GRACE_SECONDS = 5.0
_KILLED = 137
# The last lines of stderr that are looked at for what a program says of its fault.
_TAIL_CHARACTERS = 20_000
# A machine of AWS has these of its own, and the laptop's are other ones.
_NOT_HERE = (
    "spark.archives",
    "spark.driver.cores",
    "spark.driver.memory",
    "spark.dynamicAllocation.",
    "spark.emr-serverless.",
    "spark.executor.",
    "spark.executorEnv.",
    "spark.files",
    "spark.hadoop.",
    "spark.jars",
    "spark.master",
    "spark.submit.",
    "spark.yarn.",
)
_LOCAL = {
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
}
_FAULTS = (
    PreparationFaultKind.NODE_LOST,
    PreparationFaultKind.DRIVER_LOST,
    PreparationFaultKind.INTERNAL_ERROR,
)


@dataclass(frozen=True)
class Command:
    """What is run: the program's URI or file, its arguments, settings of Spark, variables."""

    name: str
    entry_point: str
    arguments: Sequence[str]
    settings: Mapping[str, str]
    environment: Mapping[str, str]


@dataclass(frozen=True)
class Outcome:
    """How a program ended. `fault` is what was put in its way, `problem` what S3 did not do."""

    exit_code: int
    stdout: bytes = b""
    stderr: bytes = b""
    fault: PreparationFaultKind | None = None
    problem: str = ""

    @property
    def last_words(self) -> str:
        """The last line that says something of an error, as the logs have it."""
        text = self.problem or self.stderr[-_TAIL_CHARACTERS:].decode(errors="replace")
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        return lines[-1] if lines else ""


class Program:
    """Runs one command in a folder of its own."""

    def __init__(
        self,
        command: Command,
        storage: RoleStorage,
        folder: Path,
        options: PreparationOptions,
        sessions: ProcessSessions,
        faults: PreparationFaults,
    ) -> None:
        self._command = command
        self._storage = storage
        self._folder = folder
        self._options = options
        self._sessions = sessions
        self._faults = faults

    def run(
        self, is_over: Callable[[], bool], grace_seconds: Callable[[], float] = lambda: 0.0
    ) -> Outcome:
        """Run to the end, or until `is_over`, with so much grace; leave nothing of it."""
        self._folder.mkdir(parents=True)
        try:
            return self._run(is_over, grace_seconds)
        finally:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _run(self, is_over: Callable[[], bool], grace_seconds: Callable[[], float]) -> Outcome:
        mirror = Mirror(self._storage, self._folder / "s3")
        try:
            entry_point = self._entry_point()
            mirror.fill(self._command.arguments)
        except DataError as error:
            return Outcome(1, problem=str(error))
        ended, fault = self._watch(self._start(entry_point, mirror), is_over, grace_seconds)
        stdout, stderr = self._output("stdout"), self._output("stderr")
        try:
            mirror.upload()
        except DataError as error:
            return Outcome(ended or 1, stdout, stderr, fault, str(error))
        return Outcome(ended, stdout, stderr, fault)

    def _entry_point(self) -> Path:
        if self._options.program is not None:
            return self._options.program
        entry_point = self._command.entry_point
        if not entry_point.startswith("s3://"):
            return Path(entry_point)
        place = Place(*split_uri(entry_point))
        return self._storage.download(place, self._folder / "program")

    def _output(self, name: str) -> bytes:
        return (self._folder / name).read_bytes()

    def _start(self, entry_point: Path, mirror: Mirror) -> Popen[bytes]:
        for name in ("home", "tmp", "work"):
            (self._folder / name).mkdir()
        command: list[str | Path] = [
            self._options.interpreter,
            entry_point,
            *self._command.arguments,
            "--s3-root",
            str(mirror.folder),
        ]
        with (
            (self._folder / "stdout").open("wb") as stdout,
            (self._folder / "stderr").open("wb") as stderr,
        ):
            return self._sessions.start(
                command,
                cwd=self._folder / "work",
                environment=self._environment(),
                stdout=stdout,
                stderr=stderr,
            )

    def _environment(self) -> dict[str, str]:
        temporary, python = str(self._folder / "tmp"), str(self._options.interpreter)
        host = {name: os.environ[name] for name in ("JAVA_HOME",) if name in os.environ}
        return {
            **self._command.environment,
            **host,
            "PATH": os.environ.get("PATH", os.defpath),
            "LANG": "C.UTF-8",
            "TZ": "UTC",
            "HOME": str(self._folder / "home"),
            "TMPDIR": temporary,
            "SPARK_LOCAL_DIRS": temporary,
            "SPARK_LOCAL_IP": "127.0.0.1",
            "PYTHONUNBUFFERED": "1",
            "PYSPARK_PYTHON": python,
            "PYSPARK_DRIVER_PYTHON": python,
            "PYSPARK_SUBMIT_ARGS": submit_arguments(self._command.settings, self._options),
        }

    # ---- Until it ends

    def _watch(
        self,
        process: Popen[bytes],
        is_over: Callable[[], bool],
        grace_seconds: Callable[[], float],
    ) -> tuple[int, PreparationFaultKind | None]:
        fault = self._faults.take(self._command.name, *_FAULTS)
        waited, happened = threading.Event(), None
        seconds = 0.0
        try:
            while process.poll() is None:
                if is_over():
                    _end(process, grace_seconds())
                    return _KILLED, happened
                if fault is not None and self._is_due(fault, seconds):
                    happened, fault = fault.kind, None
                    if happened is not PreparationFaultKind.NODE_LOST:
                        return _KILLED, happened
                    if not self._lose_node(process):
                        # No executor works yet: the node is lost as soon as one does.
                        fault = PreparationFault(PreparationFaultKind.NODE_LOST)
                waited.wait(_LOOK_SECONDS)
                seconds += _LOOK_SECONDS
            code = process.returncode
            return (code if code >= 0 else 128 - code), happened
        finally:
            self._sessions.kill(process)

    def _is_due(self, fault: PreparationFault, seconds: float) -> bool:
        found = not fault.file or next(self._folder.rglob(fault.file), None) is not None
        return found and seconds >= fault.seconds

    def _lose_node(self, process: Popen[bytes]) -> bool:
        """Kill the workers that the executors have started; Spark tries their tasks again."""
        lost = False
        for member in session_members(process.pid):
            if member != process.pid and _is_worker(member):
                with suppress(ProcessLookupError):
                    os.kill(member, signal.SIGKILL)
                    lost = True
        return lost


def submit_arguments(settings: Mapping[str, str], options: PreparationOptions) -> str:
    """Return what pyspark starts Spark with here: the settings that can be honoured."""
    given = {
        name: value for name, value in settings.items() if not name.startswith(_NOT_HERE)
    } | _LOCAL
    words = [
        "--master",
        # A task is tried again, as on a cluster, and not only once.
        f"local[{options.cores},4]",
        "--driver-memory",
        options.driver_memory,
    ]
    for name, value in given.items():
        if any(letter in f"{name}{value}" for letter in "\"'\\\n"):
            raise InvalidSparkSettingsError(f"{name}: quotes in settings are not done here")
        words += ["--conf", f'"{name}={value}"' if " " in value else f"{name}={value}"]
    return " ".join([*words, "pyspark-shell"])


def _end(process: Popen[bytes], grace_seconds: float) -> None:
    if grace_seconds <= 0:
        return
    with suppress(ProcessLookupError):
        process.send_signal(signal.SIGTERM)
    with suppress(Exception):
        process.wait(min(grace_seconds, _GRACE_SECONDS))


def _is_worker(member: int) -> bool:
    with suppress(OSError):
        return b"pyspark.daemon" in Path(f"/proc/{member}/cmdline").read_bytes()
    return False
